// The page of invariants: what ARCHITECTURE.md and the README of each package say about what always holds.

import { pageText } from "./page.ts";
import { invariantsSlug, readmes, readText } from "./repository.ts";

/** What stands below a heading of the second level, up to the next one. */
const sectionOf = (markdown: string, heading: string): string | undefined =>
  markdown.split(`\n## ${heading}\n`)[1]?.split(/^## /m)[0]?.trim();

export function invariantsPage(): string {
  const whole = sectionOf(readText("ARCHITECTURE.md"), "Invariants") ?? "";
  const sections = readmes.flatMap(({ path, slug, label }) => {
    const text = sectionOf(readText(path), "Invariants");
    return text === undefined ? [] : [`## ${label}\n\n${text}\n\n[More about ${label}](/${slug}/)`];
  });
  const introduction =
    "What always holds, as the repository says it. Each layer has a `check()` that recomputes its invariants from the bytes and returns what is broken; tests call it after every step.";
  return pageText(
    {
      title: "Invariants",
      description: "What always holds: in the repository as a whole, and in each package.",
      slug: invariantsSlug,
    },
    `${introduction}\n\n## The whole\n\n${whole}\n\n${sections.join("\n\n")}`,
  );
}
