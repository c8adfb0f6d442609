// Remedies whose saving follows from the state at the moment: no second replay of the recording is needed.

import type { Pin } from "@obmalloc/trace";
import { replayedGrade, type Waterfall } from "../answer/waterfall.ts";
import type { Examination } from "../history/examine.ts";
import { shortFrameText } from "../text/frame-text.ts";
import { collectNow } from "./garbage.ts";
import { arenaCount, type ReHomed, reHome } from "./re-home.ts";
import { type Remedy, smallestSaving } from "./remedy.ts";

/** Lines to re-home, one after the other: some in any case, more where they hold or share so much of the arenas. */
const LINES_MIN = 3;
const LINES_MAX = 8;
const LINE_SHARE = 0.03;
/** Further lines have to save so much more, of what those before them do. */
const FURTHER_SHARE = 0.1;

/** Changes the examination's machine: to be called when everything else has been asked of it. */
export function remediesFromState(
  examination: Examination,
  { parts, rssBytes }: Waterfall,
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
    ...reHoming(examination, pins, arenas, smallestSaving(rssBytes)),
  ];
}

/** Lines by what they hold alone and share, as far as that is worth a copy. */
function heaviestLines(pins: readonly Pin[], arenaBytes: number): Pin[] {
  const weight = (pin: Pin) => pin.heldBytes + pin.sharedBytes;
  return pins
    .filter((pin) => pin.frame !== undefined)
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, LINES_MAX)
    .filter((pin, index) => index < LINES_MIN || weight(pin) >= arenaBytes * LINE_SHARE);
}

/** Copying what the heaviest line keeps, and what more lines do: all that together save more than those before them. */
function reHoming(examination: Examination, pins: readonly Pin[], arenas: number, least: number): Remedy[] {
  const { profile, hasPools } = examination.replay;
  const { info } = examination.trace;
  if (!hasPools || info.stacks === "none" || info.derivedFrom !== undefined) return [];
  const { arenaBytes } = profile.pymalloc;
  const found: Remedy[] = [];
  const steps: ReHomed[] = [];
  let saved = 0;
  for (const step of reHome(examination, heaviestLines(pins, arenas * arenaBytes))) {
    steps.push(step);
    const savingBytes = (arenas - step.arenasAfter) * arenaBytes;
    if (savingBytes - saved < Math.max(least, saved * FURTHER_SHARE)) continue;
    saved = savingBytes;
    found.push({ ...reHomingOf(steps), savingBytes, arenasAfter: step.arenasAfter });
  }
  return found;
}

function reHomingOf(steps: readonly ReHomed[]): Omit<Remedy, "savingBytes" | "arenasAfter"> {
  const [first, ...others] = steps;
  const blocks = steps.reduce((sum, step) => sum + step.blocks, 0);
  const bytes = steps.reduce((sum, step) => sum + step.bytes, 0);
  const lines = others.map(({ frame }) => shortFrameText(frame!)).join(", ");
  const [subject, which] =
    others.length === 0
      ? ["this line keeps", ""]
      : [
          `this line and ${others.length === 1 ? "another" : `${others.length} others`} keep`,
          `; of ${lines} too`,
        ];
  return {
    kind: "re-home",
    title: `Copy what ${subject} once the work is done, and drop the originals`,
    frame: first!.frame,
    cost: `${blocks} copies, ${bytes} bytes, at one moment${which}; whoever else holds an original has to let go of it`,
    grade: "derived",
    parameter: undefined,
    basis:
      "done in the replayed heap: all copies made, then the originals freed, in the order of their births",
  };
}
