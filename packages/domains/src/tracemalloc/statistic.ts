// `tracemalloc.Statistic` and `tracemalloc.StatisticDiff`.

import { formatSize, signedInteger } from "./python-text.ts";
import type { Traceback } from "./traceback.ts";

/** Blocks of one place: of one line, one file or one traceback. */
export class Statistic {
  readonly traceback: Traceback;
  /** Bytes. */
  readonly size: number;
  /** Blocks. */
  readonly count: number;

  constructor(traceback: Traceback, size: number, count: number) {
    this.traceback = traceback;
    this.size = size;
    this.count = count;
  }

  /** `str(statistic)`: `a.py:2: size=30 B, count=3, average=10 B`. */
  toString(): string {
    return `${this.traceback}: size=${formatSize(this.size, false)}, count=${this.count}${average(this)}`;
  }

  /** `repr(statistic)`. */
  repr(): string {
    return `<Statistic traceback=${this.traceback.repr()} size=${this.size} count=${this.count}>`;
  }
}

/** What changed in one place between two snapshots. */
export class StatisticDiff {
  readonly traceback: Traceback;
  /** Bytes in the new snapshot. */
  readonly size: number;
  readonly sizeDiff: number;
  /** Blocks in the new snapshot. */
  readonly count: number;
  readonly countDiff: number;

  constructor(traceback: Traceback, size: number, sizeDiff: number, count: number, countDiff: number) {
    this.traceback = traceback;
    this.size = size;
    this.sizeDiff = sizeDiff;
    this.count = count;
    this.countDiff = countDiff;
  }

  /** `str(statistic_diff)`: `a.py:5: size=5002 B (+5000 B), count=2 (+1), average=2501 B`. */
  toString(): string {
    const size = `size=${formatSize(this.size, false)} (${formatSize(this.sizeDiff, true)})`;
    return `${this.traceback}: ${size}, count=${this.count} (${signedInteger(this.countDiff)})${average(this)}`;
  }

  /** `repr(statistic_diff)`. */
  repr(): string {
    const size = `size=${this.size} (${signedInteger(this.sizeDiff)})`;
    const count = `count=${this.count} (${signedInteger(this.countDiff)})`;
    return `<StatisticDiff traceback=${this.traceback.repr()} ${size} ${count}>`;
  }
}

/** The largest first: by size, blocks, place. */
export function compareStatistics(a: Statistic, b: Statistic): number {
  return b.size - a.size || b.count - a.count || b.traceback.compare(a.traceback);
}

/** The largest change first: by change of size, size, change of blocks, blocks, place. */
export function compareStatisticDiffs(a: StatisticDiff, b: StatisticDiff): number {
  return (
    Math.abs(b.sizeDiff) - Math.abs(a.sizeDiff) ||
    b.size - a.size ||
    Math.abs(b.countDiff) - Math.abs(a.countDiff) ||
    b.count - a.count ||
    b.traceback.compare(a.traceback)
  );
}

function average({ size, count }: { readonly size: number; readonly count: number }): string {
  return count === 0 ? "" : `, average=${formatSize(size / count, false)}`;
}
