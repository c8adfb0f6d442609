import * as zlib from "node:zlib";
import { runReadme } from "@obmalloc/test-support";
import { expect, it } from "vitest";
import * as tape from "../src/tape/index.ts";

it("the README's example prints what its comments say", () => {
  const modules = { "node:zlib": zlib, "@obmalloc/heap-map/tape": tape };
  const { printed, promised } = runReadme(new URL("../README.md", import.meta.url), modules);
  expect(printed).toEqual(promised);
  expect(printed).toHaveLength(2);
});
