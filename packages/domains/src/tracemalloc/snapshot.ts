// `tracemalloc.Snapshot`: the traces of one moment, to group, to compare and to filter.

import type { TraceFilter } from "./filters.ts";
import { reprString } from "./python-text.ts";
import { compareStatisticDiffs, compareStatistics, Statistic, StatisticDiff } from "./statistic.ts";
import { Trace } from "./trace.ts";
import { Frame, Traceback } from "./traceback.ts";

/** How a snapshot is grouped. */
export type KeyType = "traceback" | "filename" | "lineno";

/**
 * The traces of one moment, as `tracemalloc.take_snapshot()` gives them, to be filtered, grouped and compared.
 *
 * @see CPython 3.13 Lib/tracemalloc.py, Snapshot
 */
export class Snapshot {
  readonly traces: readonly Trace[];
  /** The most frames that were kept of a traceback. */
  readonly tracebackLimit: number;

  constructor(traces: readonly Trace[], tracebackLimit: number) {
    this.traces = Object.freeze([...traces]);
    this.tracebackLimit = tracebackLimit;
  }

  /**
   * Sizes and numbers of blocks by place, the largest first.
   *
   * @param cumulative counts a block at every frame of its traceback, not only at the most recent one.
   * @throws {RangeError} for another key, and for "traceback" with `cumulative`, in Python's words.
   */
  statistics(keyType: KeyType, cumulative = false): Statistic[] {
    const groups = [...this.groupBy(keyType, cumulative).values()];
    return groups
      .map(({ traceback, size, count }) => new Statistic(traceback, size, count))
      .sort(compareStatistics);
  }

  /** What changed since `oldSnapshot`, the largest change first. Errors as {@link statistics}. */
  compareTo(oldSnapshot: Snapshot, keyType: KeyType, cumulative = false): StatisticDiff[] {
    const now = this.groupBy(keyType, cumulative);
    const before = oldSnapshot.groupBy(keyType, cumulative);
    const changes: StatisticDiff[] = [];
    for (const [key, { traceback, size, count }] of now) {
      const old = before.get(key);
      changes.push(
        new StatisticDiff(traceback, size, size - (old?.size ?? 0), count, count - (old?.count ?? 0)),
      );
    }
    for (const [key, { traceback, size, count }] of before) {
      if (!now.has(key)) changes.push(new StatisticDiff(traceback, 0, 0 - size, 0, 0 - count));
    }
    return changes.sort(compareStatisticDiffs);
  }

  /**
   * A snapshot of the traces that stay: all that no exclusive filter sends away and, if there are inclusive ones, that at
   * least one of them wants.
   *
   * @throws {TypeError} when `filters` is not iterable, in Python's words.
   */
  filterTraces(filters: Iterable<TraceFilter>): Snapshot {
    if (typeof (filters as { [Symbol.iterator]?: unknown } | null)?.[Symbol.iterator] !== "function") {
      throw new TypeError(`filters must be a list of filters, not ${pythonType(filters)}`);
    }
    const all = [...filters];
    const including = all.filter(({ inclusive }) => inclusive);
    const excluding = all.filter(({ inclusive }) => !inclusive);
    const stays = (trace: Trace) =>
      (including.length === 0 || including.some((filter) => filter.matches(trace))) &&
      excluding.every((filter) => filter.matches(trace));
    return new Snapshot(this.traces.filter(stays), this.tracebackLimit);
  }

  /** The snapshot as text, for {@link Snapshot.load}. JSON, where Python pickles. */
  dump(): string {
    const tracebacks = new Map<Traceback, number>();
    const traces = this.traces.map(({ domain, size, traceback }) => {
      let index = tracebacks.get(traceback);
      if (index === undefined) {
        index = tracebacks.size;
        tracebacks.set(traceback, index);
      }
      return [domain, size, index];
    });
    const frames = [...tracebacks.keys()].map(({ frames: list, totalNframe }) => ({
      frames: list.map(({ filename, lineno }) => [filename, lineno]),
      ...(totalNframe === undefined ? {} : { totalNframe }),
    }));
    return JSON.stringify({ tracebackLimit: this.tracebackLimit, tracebacks: frames, traces });
  }

  /** What {@link dump} made. @throws {TypeError} when it is something else. */
  static load(text: string): Snapshot {
    const dumped = JSON.parse(text) as DumpedSnapshot | null;
    if (!Array.isArray(dumped?.traces) || !Array.isArray(dumped.tracebacks)) {
      throw new TypeError("This is no snapshot: it has no traces.");
    }
    const { tracebackLimit, traces: dumpedTraces, tracebacks: dumpedTracebacks } = dumped as DumpedSnapshot;
    const tracebacks = dumpedTracebacks.map(
      ({ frames, totalNframe }) =>
        new Traceback(
          frames.map(([filename, lineno]) => new Frame(filename, lineno)),
          totalNframe,
        ),
    );
    const traces = dumpedTraces.map(([domain, size, index]) => {
      const traceback = tracebacks[index];
      if (traceback === undefined) throw new TypeError(`This is no snapshot: it has no traceback ${index}.`);
      return new Trace(domain, size, traceback);
    });
    return new Snapshot(traces, tracebackLimit);
  }

  private groupBy(keyType: KeyType, cumulative: boolean): Map<string, Group> {
    if (keyType !== "traceback" && keyType !== "filename" && keyType !== "lineno") {
      throw new RangeError(`unknown key_type: ${reprString(String(keyType))}`);
    }
    if (cumulative && keyType === "traceback") {
      throw new RangeError(`cumulative mode cannot by used with key type ${reprString(keyType)}`);
    }
    const places = new Places(keyType);
    const groups = new Map<string, Group>();
    for (const { size, traceback } of this.traces) {
      const found = cumulative ? places.ofEachFrame(traceback) : places.of(traceback);
      for (const place of found) {
        let group = groups.get(place.key);
        if (group === undefined) {
          group = { traceback: place, size: 0, count: 0 };
          groups.set(place.key, group);
        }
        group.size += size;
        group.count++;
      }
    }
    return groups;
  }
}

interface DumpedSnapshot {
  readonly tracebackLimit: number;
  readonly tracebacks: readonly { frames: readonly (readonly [string, number])[]; totalNframe?: number }[];
  readonly traces: readonly (readonly [number, number, number])[];
}

/** A statistic that is still being added up. */
interface Group {
  readonly traceback: Traceback;
  size: number;
  count: number;
}

/** The places that tracebacks are counted at, each worked out once. */
class Places {
  private readonly keyType: KeyType;
  private readonly one = new Map<Traceback, readonly Traceback[]>();
  private readonly all = new Map<Traceback, readonly Traceback[]>();
  private readonly byFrame = new Map<string, Traceback>();

  constructor(keyType: KeyType) {
    this.keyType = keyType;
  }

  of(traceback: Traceback): readonly Traceback[] {
    let place = this.one.get(traceback);
    if (place === undefined) {
      const whole = this.keyType === "traceback";
      place = [whole ? new Traceback(traceback.frames) : this.ofFrame(traceback.mostRecent)];
      this.one.set(traceback, place);
    }
    return place;
  }

  ofEachFrame(traceback: Traceback): readonly Traceback[] {
    let places = this.all.get(traceback);
    if (places === undefined) {
      places = traceback.frames.map((frame) => this.ofFrame(frame));
      this.all.set(traceback, places);
    }
    return places;
  }

  private ofFrame({ filename, lineno }: Frame): Traceback {
    const place = new Frame(filename, this.keyType === "lineno" ? lineno : 0);
    const key = String(place);
    let traceback = this.byFrame.get(key);
    if (traceback === undefined) {
      traceback = new Traceback([place]);
      this.byFrame.set(key, traceback);
    }
    return traceback;
  }
}

/** The Python type that would stand for a value. */
function pythonType(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (typeof value === "boolean") return "bool";
  return typeof value === "object" ? value.constructor.name : typeof value;
}
