// A test over the source tree itself: what no reviewer should have to look for.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

const LINES_MAX = 400;
const NOT_OURS = new Set(["node_modules", "dist", "coverage", ".git", ".turbo", ".cache", ".astro"]);
const CODE = /\.(?:[cm]?[jt]sx?|c|h)$/;
const TEXT = /(?:\.(?:[cm]?[jt]sx?|c|h|json|md|ya?ml|py|sh|html|css)|\/run|\/LICENSE|\/\.\w+)$/;

/** Each rule: the files it reads, what must not stand there, and why. */
const rules = [
  { files: TEXT, pattern: /(?<![\w.])\/(?:root|work)\//, why: "a path of one machine" },
  {
    files: TEXT,
    pattern: /\bregistry\.[a-z]+\.|\btarbal[l]: |"resolve[d]": /,
    why: "the address of a package registry",
  },
  { files: /\.test\.ts$/, pattern: /\.only\(/, why: "a test that silences the others" },
  { files: CODE, pattern: /\b(?:[T]ODO|[F]IXME)\b/, why: "work left open: finish it, or leave it out" },
  {
    files: CODE,
    pattern: /@ts-(?:ignore|nocheck)/,
    why: "a hidden type error: use a typed cast, or @ts-expect-error",
  },
];

function* filesBelow(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (NOT_OURS.has(entry.name)) continue;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

const problems = [];
for (const path of filesBelow("")) {
  const named = `/${path}`;
  if (path.endsWith("package-lock.json")) problems.push(`${path}: pnpm-lock.yaml is the only lock file`);
  if (!TEXT.test(named)) continue;
  const lines = readFileSync(join(root, path), "utf8").split("\n");
  if (CODE.test(path) && lines.length - 1 > LINES_MAX)
    problems.push(`${path}: ${lines.length - 1} lines, more than ${LINES_MAX}: split it into two ideas`);
  for (const { files, pattern, why } of rules) {
    if (!files.test(named)) continue;
    const index = lines.findIndex((line) => pattern.test(line));
    if (index >= 0) problems.push(`${path}:${index + 1}: ${why}: ${lines[index].trim().slice(0, 80)}`);
  }
}

const license = readFileSync(join(root, "LICENSE"), "utf8");
for (const parent of ["packages", "apps"]) {
  for (const name of readdirSync(join(root, parent))) {
    const folder = `${parent}/${name}`;
    if (!existsSync(join(root, folder, "package.json"))) continue;
    for (const file of ["README.md", "LICENSE", "tsconfig.json", "tsconfig.test.json"])
      if (!existsSync(join(root, folder, file))) problems.push(`${folder}: no ${file}`);
    const copy = join(root, folder, "LICENSE");
    if (existsSync(copy) && readFileSync(copy, "utf8") !== license)
      problems.push(`${folder}/LICENSE differs from /LICENSE`);
  }
}

for (const problem of problems) console.log(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
