// Whether live bytes keep growing: a leak grows at a steady pace up to the moment that is asked about.

import type { Examination } from "../history/examine.ts";
import { type LineBytes, tallyGrowth, tallyLines } from "../history/tally.ts";

/** Whether live memory grew all the time, which is what tells a leak from a plateau. */
export interface Growth {
  /** Bytes that live blocks grew by, after the first fifth of the run, in what is never given back before the moment. */
  readonly bytes: number;
  /** Windows, of all, in which a due share of that growth happened. */
  readonly steadyWindows: number;
  readonly windows: number;
  readonly isSteady: boolean;
  /** Lines by what they grew since halfway. */
  readonly lines: readonly LineBytes[];
}

const WINDOWS = 8;
const FROM = 0.2;
/** A window takes part when it has this share of what an even pace would give it. */
const DUE_SHARE = 0.3;
const STEADY_WINDOWS = 7;

export function growth(examination: Examination): Growth {
  const { timeline, moment } = examination;
  const envelope = lowerEnvelope(timeline.map((point) => point.liveBytes + point.outsideBytes));
  const at = (share: number) => {
    const event = moment.event * share;
    const index = timeline.findIndex((point) => point.event >= event);
    return envelope[index < 0 ? envelope.length - 1 : index]!;
  };
  const levels = Array.from({ length: WINDOWS + 1 }, (_, i) => at(FROM + ((1 - FROM) * i) / WINDOWS));
  const bytes = levels.at(-1)! - levels[0]!;
  const due = (bytes / WINDOWS) * DUE_SHARE;
  const steps = levels.slice(1).map((level, i) => level - levels[i]!);
  const steadyWindows = steps.filter((step) => step >= due).length;
  return {
    bytes,
    steadyWindows,
    windows: WINDOWS,
    isSteady: bytes > 0 && steadyWindows >= STEADY_WINDOWS && steps.at(-1)! >= due,
    lines: tallyLines(tallyGrowth(examination.now, examination.halfway), examination.stacks).filter(
      (line) => line.inPools + line.outside > 0,
    ),
  };
}

/** At each point the least that follows: what is given back later has not leaked. */
function lowerEnvelope(values: readonly number[]): number[] {
  const envelope = [...values];
  for (let i = envelope.length - 2; i >= 0; i--) envelope[i] = Math.min(envelope[i]!, envelope[i + 1]!);
  return envelope;
}
