// When the resident set was read, in words.

import type { TraceReader } from "@obmalloc/trace";
import type { Waterfall } from "../answer/waterfall.ts";
import { counted, formatBytes, formatMs } from "./units.ts";

/** A peak that is no higher than this needs no word. */
const PEAK_WORTH_SAYING = 1.02;

/** How long before its moment a waterfall was measured, and how high the resident set had been; empty where there is nothing to say. */
export function measuredText({ measuredBefore, rssBytes, peakRssBytes }: Waterfall): string {
  const { events, elapsedNs } = measuredBefore;
  const when =
    events === 0 ? [] : [`Measured ${formatMs(elapsedNs)}, ${counted(events, "event")} before the moment.`];
  const isPeakHigher =
    peakRssBytes !== undefined && rssBytes !== undefined && peakRssBytes > rssBytes * PEAK_WORTH_SAYING;
  return [
    ...when,
    ...(isPeakHigher ? [`At most ${formatBytes(peakRssBytes)} were resident until then.`] : []),
  ].join(" ");
}

/** How often the recorder read the resident set of a process: `12 times, 10 ms apart in the middle, 512 ms at most`. */
export function samplingText({ tables }: TraceReader): string {
  const times = tables.samples.map(({ elapsedNs }) => elapsedNs).sort((a, b) => a - b);
  if (times.length < 2) return times.length === 0 ? "never read" : "read once";
  const apart = times
    .slice(1)
    .map((time, i) => time - times[i]!)
    .sort((a, b) => a - b);
  const median = apart[apart.length >> 1]!;
  return `read ${counted(times.length, "time")}, ${formatMs(median)} apart in the middle, ${formatMs(apart.at(-1)!)} at most`;
}
