// Which CPython a capture is of: memray does not write it down, but the files of the standard library lie in folders that say it.

import { lp64, type Profile, profileFor } from "@obmalloc/abi";
import { type Capture, CaptureError } from "./memray-capture.ts";

/** @throws {CaptureError} for versions that are not known. */
export function captureProfile(capture: Capture, asked: string | undefined): Profile {
  const version = asked ?? versionOfFiles(capture) ?? capture.facts.python;
  try {
    return profileFor(version, lp64);
  } catch (cause) {
    throw new CaptureError(`There is no profile of CPython ${version}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The version that most files below `lib/python3.X/` name. */
function versionOfFiles({ calls }: Capture): string | undefined {
  const votes = new Map<string, number>();
  for (const { file } of calls) {
    const version = /[\\/]python(3\.\d+)[\\/]/.exec(file)?.[1];
    if (version !== undefined) votes.set(version, (votes.get(version) ?? 0) + 1);
  }
  return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0];
}
