// A remedy that only a real malloc can judge: PYTHONMALLOC=malloc, and malloc_trim(0) when the work is done.

import { ObmallocError } from "@obmalloc/abi";
import { HELD_PARTS, type PartKey, type Remedy, smallestSaving } from "@obmalloc/insight";
import type { Explained } from "../shared/explain-file.ts";
import { hasPools } from "../shared/recording.ts";
import { formatBytes, formatPercent } from "../shared/units.ts";
import { realMalloc } from "./real-malloc.ts";

/** Where less than this is free and held, no allocator helps. */
const HELD_MIN_BYTES = 2 ** 20;
/** What Python's blocks, and the room that is free between them, are resident as. */
const PYTHON_PARTS: ReadonlySet<PartKey> = new Set<PartKey>([
  ...HELD_PARTS,
  "live",
  "rounding",
  "pool-overhead",
  "outside-live",
]);

/**
 * The same explanation, with the remedy where it helps: the recorded operations are done by this machine's malloc, in a process of its
 * own. Tried where the other remedies were that cost a replay; what stands in its way is said among the shortcomings.
 */
export async function withMallocRemedy<Answer extends Explained>(answer: Answer): Promise<Answer> {
  const { explanation, trace } = answer;
  const { parts, hasAccount, rssBytes, measuredAt = explanation.moment.event } = explanation.waterfall;
  const least = smallestSaving(rssBytes);
  const sum = (keys: ReadonlySet<PartKey>) =>
    parts.reduce((total, { key, bytes }) => total + (keys.has(key) ? bytes : 0), 0);
  const isWhole = explanation.certificate.eventsReplayed === explanation.moment.event;
  const isAsked = explanation.replayedRemedies && isWhole && hasPools(trace) && hasAccount;
  if (!isAsked || trace.info.derivedFrom !== undefined || sum(HELD_PARTS) < HELD_MIN_BYTES) return answer;
  try {
    const { residentBytes, trimmedBytes, canTrim } = await realMalloc(trace, measuredAt, {});
    const remedy = canTrim ? remedyOf(sum(PYTHON_PARTS), residentBytes, trimmedBytes, least) : undefined;
    if (remedy === undefined) return answer;
    const remedies = [...explanation.remedies, remedy].sort((a, b) => b.savingBytes - a.savingBytes);
    return { ...answer, explanation: { ...explanation, remedies } };
  } catch (error) {
    if (!(error instanceof ObmallocError)) throw error;
    const shortcomings = [
      ...explanation.shortcomings,
      `What PYTHONMALLOC=malloc would save was not tried: ${error.shortMessage}`,
    ];
    return { ...answer, explanation: { ...explanation, shortcomings } };
  }
}

function remedyOf(
  nowBytes: number,
  residentBytes: number,
  trimmedBytes: number,
  least: number,
): Remedy | undefined {
  const savingBytes = nowBytes - trimmedBytes;
  if (savingBytes < least) return undefined;
  const change = residentBytes / nowBytes - 1;
  const untrimmed = `${formatPercent(Math.abs(change))} ${change < 0 ? "less" : "more"}`;
  return {
    kind: "python-malloc",
    title: "Run with PYTHONMALLOC=malloc, and call malloc_trim(0) once the work is done, through ctypes",
    frame: undefined,
    savingBytes,
    arenasAfter: 0,
    cost: `every small block goes through malloc, which is slower; without the trim ${formatBytes(residentBytes)} stay (${untrimmed} than now)`,
    grade: "modelled",
    parameter: undefined,
    basis: `this machine's malloc did the recorded operations: ${residentBytes} bytes resident, ${trimmedBytes} after malloc_trim(0); real runs came within a tenth of what remains resident`,
  };
}
