import * as abi from "@obmalloc/abi";
import * as pymalloc from "@obmalloc/pymalloc";
import { runReadme } from "@obmalloc/test-support";
import { expect, it } from "vitest";

it("the README's example prints what its comments say", () => {
  const { printed, promised } = runReadme(new URL("../README.md", import.meta.url), {
    "@obmalloc/abi": abi,
    "@obmalloc/pymalloc": pymalloc,
  });
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThanOrEqual(5);
});
