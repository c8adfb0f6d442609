import { readFileSync } from "node:fs";
import * as zlib from "node:zlib";
import { runReadme } from "@obmalloc/test-support";
import * as trace from "@obmalloc/trace";
import { expect, it } from "vitest";
import * as insight from "../src/index.ts";

it("the README's example prints what its comments say", { timeout: 60_000 }, () => {
  const recording = new URL("../../../apps/cli/cases/pinned.obm", import.meta.url);
  const { printed, promised } = runReadme(new URL("../README.md", import.meta.url), {
    "node:fs": { readFileSync: () => readFileSync(recording) },
    "node:zlib": zlib,
    "@obmalloc/trace": trace,
    "@obmalloc/insight": insight,
  });
  expect(printed).toEqual(promised);
  expect(printed).toHaveLength(3);
});
