// Recording programs and explaining the recordings.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Explanation, explain } from "@obmalloc/insight";
import { record } from "@obmalloc/recorder";
import { type Python, recordablePythons } from "@obmalloc/test-support";
import { temporaryFolders } from "@obmalloc/test-support/folders";
import { bytesSource, momentOf, TraceReader } from "@obmalloc/trace";
import { expect, vi } from "vitest";

const newFolder = temporaryFolders("obmalloc-insight-test-");

// Other work on the machine makes programs slow, not wrong.
vi.setConfig({ testTimeout: 120_000, maxConcurrency: 2 });

/** The interpreters of pyenv that can be recorded here. */
export const recordable = recordablePythons().filter(({ origin }) => origin === "pyenv");

/** The trace of a program that ended well. Two recordings of it differ in nothing but what they are told to: hashes, too, are the same. */
export async function recorded(
  python: Python,
  args: readonly string[],
  stacks: "full" | "none" = "full",
  environment: NodeJS.ProcessEnv = {},
): Promise<TraceReader> {
  const output = join(newFolder(), "run.obm");
  const { exitCode, outcome, tracePath } = await record({
    command: python.path,
    args,
    output,
    stacks,
    env: { ...process.env, PYTHONHASHSEED: "0", ...environment },
    stdio: ["ignore", "ignore", "inherit"],
  });
  expect({ exitCode, outcome }).toEqual({ exitCode: 0, outcome: { kind: "recorded" } });
  const bytes = readFileSync(tracePath);
  rmSync(tracePath);
  return TraceReader.open(bytesSource(bytes));
}

export async function explained(
  python: Python,
  args: readonly string[],
  at?: string,
): Promise<{ readonly trace: TraceReader; readonly explanation: Explanation }> {
  const trace = await recorded(python, args);
  return { trace, explanation: explain(trace, momentOf(trace, at), { remedies: "none" }) };
}
