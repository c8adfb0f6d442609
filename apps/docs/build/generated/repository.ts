// What the repository has that becomes pages: its packages, decisions and measurements.

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));

export const readText = (path: string): string => readFileSync(join(root, path), "utf8");

const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `${folder}/${name}`);

/** A Markdown file of the repository, and the page that it becomes. */
export interface Source {
  /** Path of the file in the repository. */
  readonly path: string;
  /** Path of the page in the site. */
  readonly slug: string;
  readonly label: string;
  readonly description: string;
}

const titleOf = (path: string): string => /^# (.*)$/m.exec(readText(path))?.[1]?.replaceAll("`", "") ?? "";

/** Names of the packages, lowest level first. */
export const packageNames: readonly string[] = readdirSync(join(root, "packages"))
  .map((name) => ({ name, level: JSON.parse(readText(`packages/${name}/package.json`)).level as number }))
  .sort((a, b) => a.level - b.level || a.name.localeCompare(b.name))
  .map(({ name }) => name);

export const readmes: readonly Source[] = packageNames.map((name) => ({
  path: `packages/${name}/README.md`,
  slug: `reference/packages/${name}`,
  label: name,
  description: `The package @obmalloc/${name}: what it is, what holds, what differs from C.`,
}));

export const decisions: readonly Source[] = markdownIn("decisions").map((path) => ({
  path,
  slug: `design/decisions/${basename(path, ".md").replace(/^\d{4}-\d\d-\d\d-/, "")}`,
  label: titleOf(path).replace(/ \(\d{4}-\d\d-\d\d\)$/, ""),
  description: `A decision of ${/\d{4}-\d\d-\d\d/.exec(path)?.[0]}: what was chosen, why, and what would change our mind.`,
}));

export const measurements: readonly Source[] = [...markdownIn("bench/results"), "bench/long/results.md"].map(
  (path) => ({
    path,
    slug: `design/measurements/${path === "bench/long/results.md" ? "long-run" : basename(path, ".md")}`,
    label: titleOf(path),
    description: `Measured by a command of the repository, and written by it into ${path}.`,
  }),
);

export const traceFormat: Source = {
  path: "packages/trace/FORMAT.md",
  slug: "reference/trace-format",
  label: "Trace format",
  description: "Every byte of a recording.",
};

export const apiSlug = (name: string): string => `reference/api/${name}`;
export const commandLineSlug = "reference/command-line";
export const invariantsSlug = "design/invariants";

/** Every Markdown file that becomes a page. */
export const sources: readonly Source[] = [traceFormat, ...readmes, ...decisions, ...measurements];

/** Every page that is written before a build. */
export const generatedSlugs: readonly string[] = [
  commandLineSlug,
  invariantsSlug,
  ...sources.map(({ slug }) => slug),
  ...packageNames.map(apiSlug),
];
