// The README's example does what its comments say.
import * as fs from "node:fs";
import { join } from "node:path";
import * as trace from "@obmalloc/trace";
import { expect, it } from "vitest";
import * as recorder from "../src/index.ts";
import { newFolder, recordable } from "./harness.ts";

it.skipIf(recordable.length === 0)("the README's example prints what its comments say", async () => {
  const readme = fs.readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const code = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const promised = [...code.matchAll(/; \/\/ (.*)$/gm)].map((line) => line[1]);
  const modules: Record<string, unknown> = {
    "node:fs": fs,
    "@obmalloc/trace": trace,
    "@obmalloc/recorder": {
      record: (options: recorder.RecordOptions) =>
        recorder.record({
          ...options,
          command: recordable.at(-1)!.path,
          output: join(newFolder(), options.output),
        }),
    },
  };
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(values.join(" "));
  const AsyncFunction = (async () => {}).constructor as new (
    ...source: string[]
  ) => (modules: unknown, console: unknown) => Promise<void>;
  const body = code.replace(/^import (\{[^}]*\}) from "(.*)";$/gm, 'const $1 = modules["$2"];');
  await new AsyncFunction("modules", "console", body)(modules, { log });
  expect(printed).toEqual(promised);
  expect(printed).toHaveLength(2);
});
