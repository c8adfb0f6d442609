import * as objects from "@obmalloc/objects";
import { runReadme } from "@obmalloc/test-support";
import { expect, it } from "vitest";

const url = new URL("../README.md", import.meta.url);

it("the README's example prints what its comments say", () => {
  const { printed, promised } = runReadme(url, { "@obmalloc/objects": objects });
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThanOrEqual(3);
});
