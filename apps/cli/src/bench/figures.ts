// The figures of a row: times per call, ratios paired within a round, footprint over live bytes.

import type { Row, StreamResult } from "./result.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** CPU time, ns. */
export const nsPerOperation = ({ timings, facts }: Row): Spread =>
  spreadOf(timings.map(({ cpuNs }) => cpuNs / facts.operations));

/** CPU time, ns. */
export const nsPerCall = ({ timings, facts }: Row): Spread =>
  spreadOf(timings.map(({ cpuNs }) => cpuNs / facts.calls));

/** Wall time, ns. */
export const wallNsPerCall = ({ timings, facts }: Row): Spread =>
  spreadOf(timings.map(({ wallNs }) => wallNs / facts.calls));

/** CPU time per call over that of `base` in the same round. */
export function ratio(row: Row, base: Row): Spread {
  const perCall = ({ timings, facts }: Row, round: number) => timings[round]!.cpuNs / facts.calls;
  return spreadOf(row.timings.map((_, round) => perCall(row, round) / perCall(base, round)));
}

/** Bytes held over bytes asked for; undefined where nothing is live. */
export const footprintAtEnd = ({ footprint, facts }: Row): number | undefined =>
  facts.liveBytesAtEnd === 0 ? undefined : footprint.endBytes / facts.liveBytesAtEnd;

/** The most bytes held over the most bytes asked for. */
export const footprintAtPeak = ({ footprint, facts }: Row): number | undefined =>
  facts.liveBytesAtPeak === 0 ? undefined : footprint.peakBytes / facts.liveBytesAtPeak;

/** The row of an allocator, not its control. */
export const rowOf = ({ rows }: StreamResult, name: string): Row | undefined =>
  rows.find((row) => row.name === name && !row.isControl);

export interface Control {
  readonly name: string;
  /** The second run of an allocator over its first. */
  readonly ratio: Spread;
}

export const controlsOf = (result: StreamResult): Control[] =>
  result.rows.flatMap((row) => {
    const first = row.isControl ? rowOf(result, row.name) : undefined;
    return first === undefined ? [] : [{ name: row.name, ratio: ratio(row, first) }];
  });
