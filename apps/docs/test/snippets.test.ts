import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as domains from "@obmalloc/domains";
import { runSnippets } from "@obmalloc/test-support";
import { expect, it } from "vitest";
import { pageTexts } from "./pages.ts";

const docs = fileURLToPath(new URL("..", import.meta.url));
const files = readdirSync(new URL("../snippets", import.meta.url)).filter((name) => name.endsWith(".ts"));

/** Those that only a page or another snippet can run. */
const HELPERS = new Set(["heap-map-steps.ts", "workers-worker.ts"]);

const promisedIn = (code: string): string[] =>
  [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text!);

it.each(files)("%s stands on a page", (name) => {
  expect(pageTexts().some(({ text }) => text.includes(`<Snippet file="${name}"`))).toBe(true);
});

it.each(files.filter((name) => !HELPERS.has(name)))(
  "%s prints what its comments say",
  { timeout: 120_000 },
  (name) => {
    const code = readFileSync(new URL(`../snippets/${name}`, import.meta.url), "utf8");
    const args = [
      "--conditions=@obmalloc/source",
      "--disable-warning=ExperimentalWarning",
      `snippets/${name}`,
    ];
    const printed = execFileSync(process.execPath, args, { cwd: docs, encoding: "utf8" });
    expect(printed.trimEnd().split("\n")).toEqual(promisedIn(code));
  },
);

const pages = pageTexts().filter(({ text }) => text.includes("```ts"));

it.each(pages)("the snippets of $name print what their comments say", ({ name }) => {
  const file = new URL(`../src/content/docs/${name}`, import.meta.url);
  const runs = runSnippets(file, { "@obmalloc/domains": domains });
  expect(runs.length).toBeGreaterThan(0);
  for (const { printed, promised } of runs) {
    expect(printed).toEqual(promised);
    expect(printed.length).toBeGreaterThan(0);
  }
});
