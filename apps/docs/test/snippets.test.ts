import * as abi from "@obmalloc/abi";
import * as domains from "@obmalloc/domains";
import * as objects from "@obmalloc/objects";
import * as pymalloc from "@obmalloc/pymalloc";
import * as rawHeap from "@obmalloc/raw-heap";
import { runSnippets } from "@obmalloc/test-support";
import { expect, it } from "vitest";
import { pageTexts } from "./pages.ts";

const modules = {
  "@obmalloc/abi": abi,
  "@obmalloc/domains": domains,
  "@obmalloc/objects": objects,
  "@obmalloc/pymalloc": pymalloc,
  "@obmalloc/raw-heap": rawHeap,
};
const pages = pageTexts().filter(({ text }) => text.includes("```ts"));

it.each(pages)("the snippets of $name print what their comments say", ({ name }) => {
  const file = new URL(`../src/content/docs/${name}`, import.meta.url);
  const runs = runSnippets(file, modules);
  expect(runs.length).toBeGreaterThan(0);
  for (const { printed, promised } of runs) {
    expect(printed).toEqual(promised);
    expect(printed.length).toBeGreaterThan(0);
  }
});
