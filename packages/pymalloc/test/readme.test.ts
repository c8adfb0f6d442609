import { readFileSync } from "node:fs";
import * as abi from "@obmalloc/abi";
import * as pymalloc from "@obmalloc/pymalloc";
import { expect, it } from "vitest";

it("the README's example prints what its comments say", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const code = /## In ten lines\n\n```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const body = code.replace(/^import (\{[^}]*\}) from "(.*)";$/gm, 'const $1 = modules["$2"];');
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(values.join(" "));
  new Function("modules", "console", body)({ "@obmalloc/abi": abi, "@obmalloc/pymalloc": pymalloc }, { log });
  expect(printed).toEqual([...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map((line) => line[1]));
  expect(printed.length).toBe(5);
});
