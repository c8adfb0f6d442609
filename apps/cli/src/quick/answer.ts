// `verify` and `explain`, in one file with all that they need of ours: loading a hundred small ones takes a tenth of the time
// that a program of half a second needs to be explained.

import { explainPrinted } from "../commands/explain-printed.ts";
import { verifyCommand } from "../commands/verify.ts";
import { expectDecoding } from "../decode/decode-aside.ts";
import type { Decoding } from "../decode/decode-thread.ts";
import { failureCode, printFailure } from "../shared/failures.ts";
import { endQuietlyOnClosedPipe } from "../shared/output.ts";
import type { Question } from "./arguments.ts";

/** Answers, and sets the exit code. @param decoding of the question's file, if it has begun. */
export async function answer(question: Question, decoding: Decoding | undefined): Promise<void> {
  endQuietlyOnClosedPipe();
  expectDecoding(decoding);
  const { command, file, flags } = question;
  try {
    process.exitCode = await (command === "verify"
      ? verifyCommand(file, flags)
      : explainPrinted(file, flags));
  } catch (error) {
    printFailure(error);
    process.exitCode = failureCode(error);
  }
}
