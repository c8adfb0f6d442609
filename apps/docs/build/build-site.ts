// Builds the site, without asking anything of the network.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeGeneratedPages } from "./generated/write-pages.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));

/** @throws {Error} when the build fails; its messages went to stderr. */
export async function buildSite(): Promise<void> {
  await writeGeneratedPages();
  const manifest = createRequire(import.meta.url).resolve("astro/package.json");
  const command = join(dirname(manifest), "bin", "astro.mjs");
  const env = { ...process.env, ASTRO_TELEMETRY_DISABLED: "1" };
  const output: Buffer[] = [];
  const child = spawn(process.execPath, [command, "build"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code === 0) return;
  process.stderr.write(Buffer.concat(output));
  throw new Error("The site could not be built; the messages are above.");
}
