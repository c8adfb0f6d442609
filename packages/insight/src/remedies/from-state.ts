// Remedies whose saving follows from the state at the moment: no second replay of the recording is needed.

import type { Pin } from "@obmalloc/trace";
import { replayedGrade, type Waterfall } from "../answer/waterfall.ts";
import type { Examination } from "../history/examine.ts";
import { collectNow } from "./garbage.ts";
import { arenaCount, reHome } from "./re-home.ts";
import type { Remedy } from "./remedy.ts";

/** Lines to re-home, one after the other. */
const LINES = 3;
/** Savings below this are not worth a line. */
export const SMALLEST_SAVING_BYTES = 256 * 1024;

/** Changes the examination's machine: to be called when everything else has been asked of it. */
export function remediesFromState(
  examination: Examination,
  { parts }: Waterfall,
  pins: readonly Pin[],
): Remedy[] {
  const bytesOf = (key: string) => parts.find((part) => part.key === key)?.bytes ?? 0;
  const arenas = arenaCount(examination.replay.machine);
  return [
    {
      kind: "return-free-pools",
      title: "Have pymalloc give the pages of free pools back (a patched allocator, or another one)",
      frame: undefined,
      savingBytes: bytesOf("free-pools"),
      arenasAfter: arenas,
      cost: "no released CPython does this; pages are faulted in again when pools are used again",
      grade: replayedGrade(examination.trace),
      parameter: undefined,
      basis: "the free pools of the heap as it stood when the resident set was read",
    },
    {
      kind: "malloc-trim",
      title: "Call malloc_trim(0) once the work is done, through ctypes",
      frame: undefined,
      savingBytes: bytesOf("c-library-free"),
      arenasAfter: undefined,
      cost: "a walk over the C library's heap; pages are faulted in again when they are needed",
      grade: "derived",
      parameter: undefined,
      basis: "what mallinfo2 and the kernel said when the resident set was read; only whole pages go back",
    },
    ...collectNow(examination, arenas),
    ...reHoming(examination, pins),
  ];
}

/** Lines by what they hold alone and share. */
function heaviestLines(pins: readonly Pin[], count: number): Pin[] {
  return pins
    .filter((pin) => pin.frame !== undefined)
    .sort((a, b) => b.heldBytes + b.sharedBytes - (a.heldBytes + a.sharedBytes))
    .slice(0, count);
}

function reHoming(examination: Examination, pins: readonly Pin[]): Remedy[] {
  const { profile, hasPools } = examination.replay;
  const { info } = examination.trace;
  if (!hasPools || info.stacks === "none" || info.derivedFrom !== undefined) return [];
  let savedBefore = 0;
  return reHome(examination, heaviestLines(pins, LINES)).map((step, index): Remedy => {
    const { frame, blocks, bytes, arenasBefore, arenasAfter } = step;
    const own = (arenasBefore - arenasAfter) * profile.pymalloc.arenaBytes;
    const worthIt = own >= SMALLEST_SAVING_BYTES;
    savedBefore += own;
    return {
      kind: "re-home",
      title: `Copy what this line keeps once the work is done, and drop the originals${index === 0 ? "" : " (with the lines above)"}`,
      frame,
      savingBytes: worthIt ? savedBefore : 0,
      arenasAfter,
      cost: `${blocks} copies, ${bytes} bytes, at one moment; whoever else holds an original has to let go of it`,
      grade: "derived",
      parameter: undefined,
      basis:
        "done in the replayed heap: all copies made, then the originals freed, in the order of their births",
    };
  });
}
