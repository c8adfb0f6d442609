// What was built loads, on the Node that runs this: tests run from source, on the newer Node of the workspace, so
// neither they nor the compiler would notice code that the oldest Node we promise cannot run. And its constants are constants
// to V8 (tsup.keep-const.ts), which nothing but the time of a replay would tell.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./run.mjs";

const problems = [];
const membersOf = (folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name));
for (const member of membersOf("packages")) {
  if (!existsSync(join(member, "package.json"))) continue;
  const { exports } = JSON.parse(readFileSync(join(member, "package.json"), "utf8"));
  for (const [subpath, target] of Object.entries(exports)) {
    if (typeof target === "string") continue; // a plain file, such as ./package.json
    try {
      await import(pathToFileURL(join(member, target.default)).href);
    } catch (error) {
      problems.push(`${relative(root, member)} ${subpath}: ${error.message}`);
    }
  }
}
try {
  const command = join(root, "apps", "cli", "bin", "obmalloc.js");
  execFileSync(process.execPath, [command, "--version"], {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    timeout: 30_000,
  });
} catch (error) {
  problems.push(`obmalloc --version: ${error.message}`);
}

for (const member of ["packages", "apps"].flatMap((folder) => membersOf(folder))) {
  for (const file of existsSync(join(member, "dist"))
    ? readdirSync(join(member, "dist"), { recursive: true })
    : []) {
    if (!file.endsWith(".js")) continue;
    const [variable] =
      /^var [A-Z][A-Z_0-9]+ = /m.exec(readFileSync(join(member, "dist", file), "utf8")) ?? [];
    if (variable !== undefined)
      problems.push(`${relative(root, member)}/dist/${file}: not const: ${variable}...`);
  }
}

for (const problem of problems) console.log(`on Node ${process.version}: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
