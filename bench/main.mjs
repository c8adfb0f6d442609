// npm run bench -- NAME [options]: runs one bench of this folder.

import { existsSync, readdirSync } from "node:fs";

const here = new URL(".", import.meta.url);
const benches = readdirSync(here)
  .filter((file) => file.endsWith(".mjs") && file !== "main.mjs" && file !== "shared.mjs")
  .map((file) => file.slice(0, -".mjs".length));
const name = process.argv[2];
if (name === undefined || !existsSync(new URL(`${name}.mjs`, here))) {
  process.stderr.write(
    `Usage: npm run bench -- NAME [options], where NAME is one of: ${benches.join(", ")}\n`,
  );
  process.exit(2);
}
process.argv.splice(2, 1);
await import(new URL(`${name}.mjs`, here).href);
