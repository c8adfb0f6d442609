// `obmalloc verify`: replays a whole recording and says whether every address came out.

import { ExitCode } from "../shared/exit-codes.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { lookOf } from "../shared/terminal.ts";
import { type Verified, verifyFile } from "../shared/verify-file.ts";
import { certificateJson } from "./verify-json.ts";
import { certificateText } from "./verify-text.ts";

/** @returns 0 when exact, 1 when not, 2 when there is nothing to compare: no pools, or a capture. */
function exitCodeOf({ exact, certificate, trace }: Verified): ExitCode {
  if (exact) return ExitCode.ok;
  const nothingToSay =
    (!certificate.hasPools || trace.info.derivedFrom !== undefined) &&
    certificate.damage === undefined &&
    certificate.mismatch === undefined;
  return nothingToSay ? ExitCode.usage : ExitCode.notExact;
}

export async function verifyCommand(file: string, options: { json?: boolean }): Promise<ExitCode> {
  const verified = verifyFile(file);
  if (options.json) await writeJson(certificateJson(verified));
  else await writeLines(certificateText(verified, lookOf(process.stdout)));
  return exitCodeOf(verified);
}
