// `tracemalloc.Frame` and `tracemalloc.Traceback`.

import { compareStrings, reprString } from "./python-text.ts";

/** Gives the text of a line, from 1; "" or undefined where there is none (`linecache.getline`). */
export type GetLine = (filename: string, lineno: number) => string | undefined;

/** A line of a file. */
export class Frame {
  readonly filename: string;
  readonly lineno: number;

  constructor(filename: string, lineno: number) {
    this.filename = filename;
    this.lineno = lineno;
  }

  equals(other: Frame): boolean {
    return this.filename === other.filename && this.lineno === other.lineno;
  }

  /** Negative, 0 or positive: by file name, then by line. */
  compare(other: Frame): number {
    return compareStrings(this.filename, other.filename) || this.lineno - other.lineno;
  }

  /** `str(frame)`: `a.py:2`. */
  toString(): string {
    return `${this.filename}:${this.lineno}`;
  }

  /** `repr(frame)`. */
  repr(): string {
    return `<Frame filename=${reprString(this.filename)} lineno=${this.lineno}>`;
  }
}

/** Which lines of a traceback are printed, and in which order. */
export interface FormatOptions {
  /** The most recent frames, so many; of a negative number, so many of the oldest are left out. @defaultValue all */
  readonly limit?: number;
  /** @defaultValue false */
  readonly mostRecentFirst?: boolean;
  /** Adds the text of each line below it. @defaultValue no text */
  readonly getLine?: GetLine;
}

/** Frames from the oldest to the most recent. Immutable, an iterable. */
export class Traceback {
  /** The oldest first. */
  readonly frames: readonly Frame[];
  /** Frames that there were before the limit cut some off; undefined where it is not known (up to 3.8). */
  readonly totalNframe: number | undefined;
  /** The same for equal frames, for use in a Map. */
  readonly key: string;

  constructor(frames: readonly Frame[], totalNframe?: number) {
    this.frames = Object.freeze([...frames]);
    this.totalNframe = totalNframe;
    this.key = frames.map((frame) => `${frame.lineno} ${frame.filename}`).join("\n");
  }

  get length(): number {
    return this.frames.length;
  }

  /** The most recent frame: the line that allocated. */
  get mostRecent(): Frame {
    return this.frames.at(-1)!;
  }

  at(index: number): Frame | undefined {
    return this.frames.at(index);
  }

  slice(start?: number, end?: number): readonly Frame[] {
    return this.frames.slice(start, end);
  }

  includes(frame: Frame): boolean {
    return this.frames.some((own) => own.equals(frame));
  }

  [Symbol.iterator](): Iterator<Frame> {
    return this.frames[Symbol.iterator]();
  }

  /** Whether the frames are equal; how many there were does not matter. */
  equals(other: Traceback): boolean {
    return this === other || this.key === other.key;
  }

  /** Negative, 0 or positive: by the frames, the oldest first. */
  compare(other: Traceback): number {
    const length = Math.min(this.length, other.length);
    for (let i = 0; i < length; i++) {
      const order = this.frames[i]!.compare(other.frames[i]!);
      if (order !== 0) return order;
    }
    return this.length - other.length;
  }

  /** `traceback.format(limit, most_recent_first)`: lines as Python's tracebacks have them. */
  format({ limit, mostRecentFirst = false, getLine }: FormatOptions = {}): string[] {
    let frames = this.frames;
    if (limit !== undefined) frames = limit > 0 ? frames.slice(-limit) : frames.slice(0, limit);
    const ordered = mostRecentFirst ? frames.toReversed() : frames;
    return ordered.flatMap(({ filename, lineno }) => {
      const line = getLine?.(filename, lineno)?.trim() ?? "";
      return [`  File "${filename}", line ${lineno}`, ...(line === "" ? [] : [`    ${line}`])];
    });
  }

  /** `str(traceback)`: its first frame, which is the only one of a statistic by line. */
  toString(): string {
    return String(this.frames[0]);
  }

  /** `repr(traceback)`. */
  repr(): string {
    const frames = this.frames.map((frame) => frame.repr()).join(", ");
    const total = this.totalNframe === undefined ? "" : ` total_nframe=${this.totalNframe}`;
    return `<Traceback (${frames}${this.length === 1 ? "," : ""})${total}>`;
  }
}
