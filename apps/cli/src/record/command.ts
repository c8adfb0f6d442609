// `obmalloc record`: runs a program, then ends as the program ended.

import { type RecordResult, record } from "@obmalloc/recorder";
import { ExitCode } from "../shared/exit-codes.ts";
import type { RecordRequest } from "./arguments.ts";

/** By then the program runs, and what is needed after its end can be loaded beside it. */
const PRELOAD_AFTER_MS = 50;

/** Ends this process: with the program's exit status, or by the signal that ended the program. */
export async function recordCommand(request: RecordRequest): Promise<never> {
  const preload = setTimeout(() => void import("./report.ts"), PRELOAD_AFTER_MS);
  let result: RecordResult;
  try {
    result = await record(request);
  } catch (error) {
    const { failureCode, printFailure } = await import("../shared/failures.ts");
    printFailure(error);
    process.exit(failureCode(error));
  } finally {
    clearTimeout(preload);
  }
  await report(result, request.quiet);
  if (result.signal !== null) return dieBy(result.signal);
  const failed = result.outcome.kind !== "recorded" && result.exitCode === 0;
  process.exit(failed ? ExitCode.nothingRecorded : (result.exitCode ?? 0));
}

/** Whatever is the matter with the trace: the program's own end is what this process ends with. */
async function report(result: RecordResult, quiet: boolean): Promise<void> {
  if (result.outcome.kind !== "recorded") {
    console.error(`obmalloc: ${result.outcome.error.message}`);
    return;
  }
  try {
    const { reportRecording } = await import("./report.ts");
    for (const line of reportRecording(result, quiet)) console.error(`obmalloc: ${line}`);
  } catch (error) {
    (await import("../shared/failures.ts")).printFailure(error);
  }
}

/** Ends this process by `signal`, so that a shell sees what it would have seen without the recorder. */
async function dieBy(signal: NodeJS.Signals): Promise<never> {
  // A listener that goes away leaves the default action behind, also where Node had changed it, as for SIGPIPE.
  if (signal !== "SIGKILL") process.once(signal, () => {}).removeAllListeners(signal);
  process.kill(process.pid, signal);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const { constants } = await import("node:os");
  process.exit(128 + constants.signals[signal]); // a signal that this process survives
}
