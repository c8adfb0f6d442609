import { runReadme } from "@obmalloc/test-support";
import { expect, it } from "vitest";
import * as trace from "../src/index.ts";
import { type RECORDINGS, recording } from "./support.ts";

it("the README's example prints what its comments say", () => {
  const { printed, promised } = runReadme(new URL("../README.md", import.meta.url), {
    "node:fs": { readFileSync: (name: (typeof RECORDINGS)[number]) => recording(name) },
    "@obmalloc/trace": trace,
  });
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThanOrEqual(2);
});
