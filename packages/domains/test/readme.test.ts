import { readFileSync } from "node:fs";
import * as domains from "@obmalloc/domains";
import { runReadme } from "@obmalloc/test-support";
import { expect, it } from "vitest";

const url = new URL("../README.md", import.meta.url);

it.each([
  ["In ten lines", 5],
  ["Workers", 2],
])("the README's example under %j prints what its comments say", (section, lines) => {
  const { printed, promised } = runReadme(url, { "@obmalloc/domains": domains }, section);
  expect(printed).toEqual(promised);
  expect(printed).toHaveLength(lines);
});

/** `name` in the rows of the table that maps CPython's tests; the rows of a class begin with its name. */
const rows = [...readFileSync(url, "utf8").matchAll(/^\| (?:\w+ )?`(test_\w+)` \| (.*) \|$/gm)];

it("the README maps each method of CPython's test_mem and test_tracemalloc once", () => {
  const methods = rows.map(([, method]) => method);
  expect(methods).toHaveLength(57);
  expect(rows.every(([, , where]) => where!.length > 10)).toBe(true);
});

it("and each test that the table names is there", () => {
  const files = new Map<string, string>();
  const named = rows.flatMap(([, , where]) => [
    ...where!.matchAll(/`(test\/[\w./-]+|src\/[\w./-]+)`(?:: "([^"]+)")?/g),
  ]);
  expect(named.length).toBeGreaterThan(45);
  for (const [, file, title] of named) {
    if (!files.has(file!)) files.set(file!, readFileSync(new URL(`../${file}`, import.meta.url), "utf8"));
    if (title !== undefined) expect(files.get(file!)).toContain(title);
  }
});
