// What is printed, and with which code a command ends, when something was thrown.

import { ObmallocError } from "@obmalloc/abi";
import { TraceCutError, TraceDamagedError } from "@obmalloc/trace";
import { ExitCode } from "./exit-codes.ts";

export function failureCode(error: unknown): ExitCode {
  if (error instanceof TraceDamagedError || error instanceof TraceCutError) return ExitCode.notExact;
  return error instanceof ObmallocError ? ExitCode.usage : ExitCode.bug;
}

/** On stderr: a sentence and what to do for what can happen, a stack trace for what should not. */
export function printFailure(error: unknown): void {
  if (error instanceof ObmallocError) console.error(`obmalloc: ${error.message}`);
  else console.error("obmalloc: this is a mistake in obmalloc itself, please report it:\n", error);
}
