// Proof that what would be published installs and runs: packs every public package, installs the tarballs with plain
// npm in an empty folder, imports each one, and asks the command line for its version. Needs the network.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { giveUp, root, run } from "./run.mjs";

const folder = mkdtempSync(join(tmpdir(), "obmalloc-packages-"));
const members = ["packages", "apps"]
  .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)))
  .filter((member) => existsSync(join(member, "package.json")))
  .map((member) => ({ member, manifest: JSON.parse(readFileSync(join(member, "package.json"), "utf8")) }))
  .filter(({ manifest }) => !manifest.private);

async function must(what, command, args, cwd) {
  const { code, output } = await run(command, args, { capture: true, cwd });
  if (code === 0) return output.trim();
  process.stderr.write(output);
  return giveUp(`${what} failed; its messages are above, its folder is ${folder}.`);
}

for (const { member } of members)
  await must("packing", "pnpm", ["pack", "--pack-destination", folder], member);
writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
await must(
  "installing",
  "npm",
  ["install", "--no-package-lock", ...tarballs.map((name) => `./${name}`)],
  folder,
);

for (const { manifest } of members) {
  if (manifest.exports["."])
    await must(`importing ${manifest.name}`, "node", ["-e", `await import("${manifest.name}")`], folder);
}
const version = await must(
  "running obmalloc",
  join(folder, "node_modules", ".bin", "obmalloc"),
  ["--version"],
  folder,
);
console.log(`${members.length} packages install and run; obmalloc --version says ${version}`);
rmSync(folder, { recursive: true });
