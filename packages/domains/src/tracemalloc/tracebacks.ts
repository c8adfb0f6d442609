// Stacks by number: each different one is kept once, as `_tracemalloc` interns its tracebacks.

import type { CapturedStack, FrameProvider, StackFrame } from "../frames.ts";
import type { TracemallocSize } from "./tables.ts";
import { Frame, Traceback } from "./traceback.ts";

/** What stands where nothing is known. */
const UNKNOWN: readonly StackFrame[] = [{ filename: "<unknown>", lineno: 0 }];

export class Tracebacks {
  private readonly size: TracemallocSize;
  private readonly keepsTotal: boolean;
  /** By number, from 1. */
  private readonly stacks: CapturedStack[] = [];
  private readonly made: (Traceback | undefined)[] = [];
  private readonly byKey = new Map<string, number>();
  /** Stacks that came as the same object before. */
  private readonly bySource = new WeakMap<CapturedStack, number>();
  private readonly filenames = new Set<string>();
  private lastSource: CapturedStack | undefined = undefined;
  private lastNumber = 0;
  private readonly limit: number;

  /** @param limit the most frames to keep. */
  constructor(limit: number, keepsTotal: boolean, size: TracemallocSize) {
    this.limit = limit;
    this.keepsTotal = keepsTotal;
    this.size = size;
  }

  /** The number of the present stack, from 1. */
  capture(provider: FrameProvider): number {
    const source = provider.capture(this.limit);
    return source === this.lastSource ? this.lastNumber : this.numberOf(source);
  }

  /** The traceback with a number. */
  at(number: number): Traceback {
    let traceback = this.made[number];
    if (traceback === undefined) {
      const { frames, totalFrames } = this.stacks[number - 1]!;
      const oldestFirst = frames.map(({ filename, lineno }) => new Frame(filename, lineno)).reverse();
      traceback = new Traceback(oldestFirst, this.keepsTotal ? totalFrames : undefined);
      this.made[number] = traceback;
    }
    return traceback;
  }

  private numberOf(source: CapturedStack): number {
    let number = this.bySource.get(source);
    if (number === undefined) {
      number = this.intern(source);
      this.bySource.set(source, number);
    }
    this.lastSource = source;
    this.lastNumber = number;
    return number;
  }

  private intern(source: CapturedStack): number {
    const isUnknown = source.frames.length === 0;
    const frames = isUnknown ? UNKNOWN : source.frames.slice(0, this.limit);
    const totalFrames = isUnknown ? 1 : Math.max(source.totalFrames, frames.length);
    const key = `${this.keepsTotal ? totalFrames : ""}\n${frames.map(({ filename, lineno }) => `${lineno} ${filename}`).join("\n")}`;
    let number = this.byKey.get(key);
    if (number !== undefined) return number;
    number = this.stacks.push({ frames, totalFrames });
    this.byKey.set(key, number);
    if (isUnknown) return number; // CPython has this one beside its tables
    this.size.tracebacks.added();
    for (const { filename } of frames) {
      if (this.filenames.has(filename)) continue;
      this.filenames.add(filename);
      this.size.filenames.added();
    }
    return number;
  }
}
