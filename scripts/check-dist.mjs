// What was built loads, on the Node that runs this: tests run from source, on the newer Node of the workspace, so
// neither they nor the compiler would notice code that the oldest Node we promise cannot run.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./run.mjs";

const problems = [];
for (const folder of readdirSync(join(root, "packages"))) {
  const member = join(root, "packages", folder);
  if (!existsSync(join(member, "package.json"))) continue;
  const { exports } = JSON.parse(readFileSync(join(member, "package.json"), "utf8"));
  for (const [subpath, target] of Object.entries(exports)) {
    if (typeof target === "string") continue; // a plain file, such as ./package.json
    try {
      await import(pathToFileURL(join(member, target.default)).href);
    } catch (error) {
      problems.push(`packages/${folder} ${subpath}: ${error.message}`);
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

for (const problem of problems) console.log(`on Node ${process.version}: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
