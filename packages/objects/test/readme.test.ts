import { readFileSync } from "node:fs";
import * as objects from "@obmalloc/objects";
import { runReadme } from "@obmalloc/test-support";
import { expect, it } from "vitest";

const url = new URL("../README.md", import.meta.url);

it.each([
  ["In ten lines", 3],
  ["Who keeps it alive", 2],
])("the README's example under %j prints what its comments say", (section, lines) => {
  const { printed, promised } = runReadme(url, { "@obmalloc/objects": objects }, section);
  expect(printed).toEqual(promised);
  expect(printed).toHaveLength(lines);
});

/** Class, method and place in the rows of the table that maps CPython's tests. */
const rows = [...readFileSync(url, "utf8").matchAll(/^\| (\w+) `(test\w*)` \| (.*) \|$/gm)];

it("the README maps each method of CPython's test_gc, test_finalization and test_weakref once", () => {
  const methods = rows.map(([, of, method]) => `${of} ${method}`);
  expect(methods).toHaveLength(49 + 19 + 108);
  expect(new Set(methods).size).toBe(methods.length);
  expect(rows.every(([, , , where]) => where!.length >= 8)).toBe(true);
});

it("and each test that the table names is there", () => {
  const files = new Map<string, string>();
  const named = rows.flatMap(([, , method, where]) =>
    [...where!.matchAll(/`(test\/cpython\/[\w.-]+)`(?:: "([^"]+)")?/g)].map(([, file, title]) => ({
      file: file!,
      words: title ?? method!,
    })),
  );
  expect(named.length).toBeGreaterThan(80);
  for (const { file, words } of named) {
    if (!files.has(file)) files.set(file, readFileSync(new URL(`../${file}`, import.meta.url), "utf8"));
    expect(files.get(file)).toContain(words);
  }
});
