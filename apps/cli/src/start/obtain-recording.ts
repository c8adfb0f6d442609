// The recording that the story is about: made here and now where that is possible, else the one that comes along.

import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ObmallocError } from "@obmalloc/abi";
import { record } from "@obmalloc/recorder";
import { type Verified, verifyFile } from "../shared/verify-file.ts";

export interface Folders {
  /** Where pinned.py and pinned.obm are. */
  readonly cases: string;
  /** Where a new recording may be put. */
  readonly output: string;
}

export interface Obtained {
  /** Path of the program whose recording this is. */
  readonly program: string;
  readonly orders: number;
  /** The trace; verified. */
  readonly verified: Verified;
  /** Set when it was recorded just now. */
  readonly live: { readonly seconds: number; readonly residentWithCopies: string | undefined } | undefined;
  /** Why it was not, in one sentence. */
  readonly whyNotLive: string | undefined;
}

const PYTHON = "python3";
const ORDERS = 200_000;
/** Orders of the recording that comes along. */
const ORDERS_OF_OURS = 10_000;

/** @throws {TraceError} when not even the recording that comes along can be read. */
export async function obtainRecording({ cases, output }: Folders): Promise<Obtained> {
  const program = join(cases, "pinned.py");
  try {
    return await recordNow(program, output);
  } catch (error) {
    if (!(error instanceof ObmallocError)) throw error;
    return {
      program,
      orders: ORDERS_OF_OURS,
      verified: verifyFile(join(cases, "pinned.obm")),
      live: undefined,
      whyNotLive: error.shortMessage,
    };
  }
}

async function recordNow(program: string, output: string): Promise<Obtained> {
  mkdirSync(output, { recursive: true });
  const tracePath = join(output, "pinned.obm");
  const startedAt = performance.now();
  const { exitCode, outcome } = await record({
    command: PYTHON,
    args: [program, String(ORDERS)],
    output: tracePath,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const seconds = (performance.now() - startedAt) / 1000;
  if (outcome.kind !== "recorded") throw outcome.error;
  if (exitCode !== 0) throw new ObmallocError(`${PYTHON} ${program} ended with exit code ${exitCode}.`);
  const verified = verifyFile(tracePath);
  const { version, stacks, stacksNote } = verified.trace.info;
  if (stacks === "none")
    throw new ObmallocError(`CPython ${version} is recorded without lines: ${stacksNote}.`);
  const live = { seconds, residentWithCopies: await residentWithCopies(program) };
  return { program, orders: ORDERS, verified, live, whyNotLive: undefined };
}

/** What the program says of its memory when it copies what it keeps; undefined when it does not say it. */
async function residentWithCopies(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(PYTHON, [program, String(ORDERS), "copy"]);
    return /([\d.]+ MiB) resident/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
