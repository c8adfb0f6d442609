// Writes the pages that are made of what the project says elsewhere. They are made anew by each build, and kept out of
// the repository.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { apiPages } from "./api.ts";
import { commandLinePage } from "./command-line.ts";
import { invariantsPage } from "./invariants.ts";
import { pageOf } from "./page.ts";
import { commandLineSlug, generatedSlugs, invariantsSlug, readText, sources } from "./repository.ts";

const folder = fileURLToPath(new URL("../../src/content/docs/generated/", import.meta.url));

/** @throws {Error} when a page cannot be made, as without a built command. */
export async function writeGeneratedPages(): Promise<void> {
  const [commandLine, api] = await Promise.all([commandLinePage(), apiPages()]);
  const pages = new Map<string, string>([
    ...api,
    [commandLineSlug, commandLine],
    [invariantsSlug, invariantsPage()],
    ...sources.map((source) => [source.slug, pageOf(source, readText(source.path))] as const),
  ]);
  rmSync(folder, { recursive: true, force: true });
  for (const slug of generatedSlugs) {
    const file = join(folder, `${slug}.md`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, pages.get(slug)!);
  }
}
