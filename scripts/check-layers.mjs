// A package imports only lower levels, nothing imports an app, and the core knows neither Node nor a library.
// Reads the manifests and every import in packages/ and apps/; prints what breaks a rule.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript";
import { root } from "./run.mjs";

const HIGHEST_CORE_LEVEL = 4;
const APP_LEVEL = 6;
const TEST_SUPPORT = "@obmalloc/test-support";

const violations = [];
const members = ["packages", "apps"].flatMap((parent) =>
  readdirSync(join(root, parent))
    .filter((name) => existsSync(join(root, parent, name, "package.json")))
    .map((name) => {
      const manifest = JSON.parse(readFileSync(join(root, parent, name, "package.json"), "utf8"));
      return { folder: join(root, parent, name), isApp: parent === "apps", ...manifest };
    }),
);
const levels = new Map(members.map((member) => [member.name, member.level]));

const shown = (path) => relative(root, path).split(sep).join("/");
const isTest = (file) => /\.test\.ts$/.test(file) || /\/test\//.test(shown(file));

/** `@scope/name/deep/path` and `name/deep/path` without the deep path. */
const packageOf = (specifier) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

function checkManifest(member) {
  const at = `${shown(member.folder)}/package.json`;
  if (!Number.isInteger(member.level)) violations.push(`${at}: no "level"`);
  if (member.isApp !== member.level >= APP_LEVEL)
    violations.push(`${at}: level ${member.level}, but apps and only apps are at ${APP_LEVEL}`);
  for (const kind of ["dependencies", "peerDependencies", "optionalDependencies", "devDependencies"]) {
    for (const name of Object.keys(member[kind] ?? {})) {
      const isForTests = kind === "devDependencies";
      if (levels.has(name)) checkLevel(member, name, at);
      else if (member.level <= HIGHEST_CORE_LEVEL && !isForTests)
        violations.push(`${at}: the core has no run-time dependency, found ${name}`);
    }
  }
}

function checkLevel(member, name, at) {
  if (levels.get(name) < member.level) return;
  violations.push(`${at}: ${member.name} (level ${member.level}) uses ${name} (level ${levels.get(name)})`);
}

function checkImport(member, file, specifier) {
  const at = shown(file);
  const isRelative = specifier.startsWith(".");
  const target = isRelative ? resolve(dirname(file), specifier) : packageOf(specifier);
  const isOutside = isRelative && !target.startsWith(member.folder + sep);
  const isTestSupport = target === TEST_SUPPORT || (isOutside && shown(target).startsWith("test-support"));
  if (isTest(file)) {
    if (isOutside && !isTestSupport)
      violations.push(`${at}: ${specifier} leaves the package; import it by name`);
    if (levels.has(target) && target !== member.name) checkLevel(member, target, at);
    return;
  }
  if (isTestSupport) violations.push(`${at}: only tests import ${specifier}`);
  else if (isOutside) violations.push(`${at}: ${specifier} leaves the package; import it by name`);
  else if (levels.has(target)) checkLevel(member, target, at);
  else if (!isRelative && member.level <= HIGHEST_CORE_LEVEL)
    violations.push(
      `${at}: the core imports ${specifier}; it has no ${isBuiltin(specifier) ? "Node" : "run-time dependency"}`,
    );
}

const isBuiltin = (specifier) => specifier.startsWith("node:") || builtinModules.includes(specifier);

for (const member of members) {
  checkManifest(member);
  for (const folder of ["src", "test"].filter((name) => existsSync(join(member.folder, name)))) {
    for (const name of readdirSync(join(member.folder, folder), { recursive: true })) {
      if (!/\.[cm]?tsx?$/.test(name)) continue;
      const file = join(member.folder, folder, name);
      const { importedFiles } = ts.preProcessFile(readFileSync(file, "utf8"), true, true);
      for (const { fileName } of importedFiles) checkImport(member, file, fileName);
    }
  }
}

for (const violation of violations) console.log(violation);
process.exitCode = violations.length > 0 ? 1 : 0;
