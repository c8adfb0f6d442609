// Who made the C library take memory that it keeps: lines by the bytes outside of pools that were alive at their peak and are not any
// more.

import type { Examination } from "../history/examine.ts";
import { type LineBytes, tallyGrowth, tallyLines } from "../history/tally.ts";

/** Lines by bytes outside of pools that were freed since the peak; most first. */
export function freedOutside({ atOutsidePeak, now, stacks }: Examination): LineBytes[] {
  return tallyLines(tallyGrowth(atOutsidePeak, now), stacks)
    .filter((line) => line.outside > 0)
    .sort((a, b) => b.outside - a.outside);
}

/** Lines by live bytes outside of pools; most first. */
export function liveOutside({ now, stacks }: Examination): LineBytes[] {
  return tallyLines(now, stacks)
    .filter((line) => line.outside > 0)
    .sort((a, b) => b.outside - a.outside);
}
