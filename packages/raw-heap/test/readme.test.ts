import * as rawHeap from "@obmalloc/raw-heap";
import { runReadme } from "@obmalloc/test-support";
import { expect, it } from "vitest";

it("the README's example prints what its comments say", () => {
  const { printed, promised } = runReadme(new URL("../README.md", import.meta.url), {
    "@obmalloc/raw-heap": rawHeap,
  });
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThanOrEqual(3);
});
