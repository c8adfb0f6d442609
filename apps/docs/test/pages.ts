// The texts of the pages.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../src/content/docs/", import.meta.url));

export interface PageText {
  /** Path of the file below the pages. */
  readonly name: string;
  readonly text: string;
}

export const pageTexts = (): PageText[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.mdx?$/.test(name) && !name.startsWith("generated"))
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
