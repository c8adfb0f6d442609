// The module `tracemalloc`: which lines allocated the blocks that are alive.

import { ObmallocError, type Profile } from "@obmalloc/abi";
import { asciiText } from "../fatal-text.ts";
import type { FrameProvider } from "../frames.ts";
import { BlockTraces } from "./block-traces.ts";
import { Snapshot } from "./snapshot.ts";
import { TracemallocSize } from "./tables.ts";
import { Trace } from "./trace.ts";
import type { Traceback } from "./traceback.ts";
import { Tracebacks } from "./tracebacks.ts";

/** Something was asked of tracemalloc that it can do only while it traces. */
export class NotTracingError extends ObmallocError {
  override readonly name = "NotTracingError";
}

/** What tracemalloc needs of the domains. */
export interface TracemallocHost {
  readonly profile: Profile;
  readonly gil: { readonly isHeld: boolean; run<T>(action: () => T): T };
  readonly frames: FrameProvider;
  /** Puts the hooks around the three allocators. */
  install(): void;
  /** Puts the allocators back. */
  uninstall(): void;
}

/** Sizes in bytes. */
export interface TracedMemory {
  readonly current: number;
  readonly peak: number;
}

/** The domain of everything that goes through the allocators. */
const DEFAULT_DOMAIN = 0;
const DEFAULT_LIMIT = 1;

/**
 * Traces of memory blocks, with Python's functions under their names in camel case.
 *
 * Blocks are traced from {@link start} on; a block keeps the stack of the call that made it or resized it last. Sizes are
 * those that were asked for.
 * @example memory.tracemalloc.start(); …; memory.tracemalloc.takeSnapshot().statistics("lineno").slice(0, 10).map(String)
 * @see CPython 3.13 Python/tracemalloc.c, Lib/tracemalloc.py
 */
export class Tracemalloc {
  /** Whether a hook is at work, so that what it causes is not traced. For the hooks. */
  isInside = false;
  readonly gil: TracemallocHost["gil"];
  private readonly host: TracemallocHost;
  private readonly frames: FrameProvider;
  private readonly size: TracemallocSize;
  private readonly blocks = new BlockTraces();
  /** Traces of other domains, by domain. */
  private readonly domains = new Map<number, BlockTraces>();
  private tracebacks: Tracebacks;
  private tracing = false;
  private limit = DEFAULT_LIMIT;
  private current = 0;
  private peak = 0;

  constructor(host: TracemallocHost) {
    this.host = host;
    this.gil = host.gil;
    this.frames = host.frames;
    this.size = new TracemallocSize(host.profile);
    this.tracebacks = this.newTracebacks();
  }

  /**
   * Starts to trace. Does nothing when it traces already.
   *
   * @param nframe the most frames to keep of a traceback.
   * @throws {RangeError} in Python's words, when the number is out of the version's range.
   */
  start(nframe: number = DEFAULT_LIMIT): void {
    const { maxFrames } = this.host.profile.domains.tracemalloc;
    if (!Number.isInteger(nframe) || nframe < 1 || nframe > maxFrames) {
      throw new RangeError(`the number of frames must be in range [1; ${maxFrames}]`);
    }
    if (this.tracing) return;
    this.limit = nframe;
    this.tracebacks = this.newTracebacks();
    this.tracing = true;
    this.host.install();
  }

  /** Stops to trace, and forgets all traces. */
  stop(): void {
    if (!this.tracing) return;
    this.tracing = false;
    this.host.uninstall();
    this.forgetAll();
  }

  isTracing(): boolean {
    return this.tracing;
  }

  /** The most frames that are kept of a traceback. */
  getTracebackLimit(): number {
    return this.limit;
  }

  /** Bytes of the traced blocks, now and at most. Zeros while nothing is traced. */
  getTracedMemory(): TracedMemory {
    return { current: this.current, peak: this.peak };
  }

  /** The peak becomes what is traced now. */
  resetPeak(): void {
    this.peak = this.current;
  }

  /** Forgets all traces, and goes on tracing. */
  clearTraces(): void {
    if (this.tracing) this.forgetAll();
  }

  /**
   * Bytes that CPython of this version would use for as many traces: its hash tables, without the tracebacks' own bodies,
   * as its function counts.
   */
  getTracemallocMemory(): number {
    return this.size.bytes();
  }

  /** The traces of this moment. @throws {NotTracingError} in Python's words. */
  takeSnapshot(): Snapshot {
    if (!this.tracing) {
      throw new NotTracingError(
        "the tracemalloc module must be tracing memory allocations to take a snapshot",
      );
    }
    const traces: Trace[] = [];
    for (const [domain, blocks] of [[DEFAULT_DOMAIN, this.blocks] as const, ...this.domains]) {
      for (const { sizeBytes, traceback } of blocks.entries()) {
        traces.push(new Trace(domain, sizeBytes, this.tracebacks.at(traceback)));
      }
    }
    return new Snapshot(traces, this.limit);
  }

  /** Where the block at `address` was made; undefined when it is not traced. */
  getObjectTraceback(address: number): Traceback | undefined {
    return this.getTraceback(DEFAULT_DOMAIN, address);
  }

  /** Where the block at `address` of a domain was made (`_PyTraceMalloc_GetTraceback`). */
  getTraceback(domain: number, address: number): Traceback | undefined {
    const trace = this.tracing ? this.blocksOf(domain)?.at(address) : undefined;
    return trace === undefined ? undefined : this.tracebacks.at(trace.traceback);
  }

  /**
   * Traces a block that did not come from the domains (`PyTraceMalloc_Track`); one that is traced gets the present stack.
   *
   * @returns false when nothing is traced at present.
   */
  track(domain: number, address: number, sizeBytes: number): boolean {
    if (!this.tracing) return false;
    this.gil.run(() => {
      const wasInside = this.isInside;
      this.isInside = true;
      try {
        this.add(domain, address, sizeBytes, this.capture());
      } finally {
        this.isInside = wasInside;
      }
    });
    return true;
  }

  /** Ends what {@link track} began (`PyTraceMalloc_Untrack`). @returns false when nothing is traced at present. */
  untrack(domain: number, address: number): boolean {
    if (!this.tracing) return false;
    this.remove(domain, address);
    return true;
  }

  /**
   * An object was made in a block that is in use already, such as one from a free list: the block's trace gets the present
   * stack. A block that is not traced stays so (`_PyTraceMalloc_NewReference`).
   */
  newReference(address: number): void {
    if (!this.tracing || this.isInside) return;
    const trace = this.blocks.at(address);
    if (trace !== undefined) this.track(DEFAULT_DOMAIN, address, trace.sizeBytes);
  }

  /** The number of the present stack. For the hooks. */
  capture(): number {
    return this.tracebacks.capture(this.frames);
  }

  /** A block that was just allocated, or resized. For the hooks. */
  record(address: number, sizeBytes: number, traceback: number): void {
    if (this.tracing) this.add(DEFAULT_DOMAIN, address, sizeBytes, traceback);
  }

  /** A block that was just freed. For the hooks. */
  forget(address: number): void {
    if (this.tracing) this.remove(DEFAULT_DOMAIN, address);
  }

  /** What the debug hooks print of a block, an empty line at the end (`_PyMem_DumpTraceback`). */
  dumpText(address: number): string {
    if (!this.tracing) return "Enable tracemalloc to get the memory block allocation traceback\n\n";
    const traceback = this.getObjectTraceback(address);
    if (traceback === undefined) return "";
    const lines = traceback.frames
      .toReversed()
      .map(({ filename, lineno }) => `  File "${asciiText(filename)}", line ${lineno}\n`);
    return `Memory block allocated at (most recent call first):\n${lines.join("")}\n`;
  }

  private add(domain: number, address: number, sizeBytes: number, traceback: number): void {
    const blocks = domain === DEFAULT_DOMAIN ? this.blocks : this.makeDomain(domain);
    const before = blocks.totalBytes;
    if (blocks.set(address, sizeBytes, traceback)) this.size.tableOf(domain).added();
    this.current += blocks.totalBytes - before;
    if (this.current > this.peak) this.peak = this.current;
  }

  private remove(domain: number, address: number): void {
    const blocks = this.blocksOf(domain);
    if (blocks === undefined) return;
    const before = blocks.totalBytes;
    if (blocks.delete(address)) this.size.tableOf(domain).removed();
    this.current -= before - blocks.totalBytes;
  }

  private blocksOf(domain: number): BlockTraces | undefined {
    return domain === DEFAULT_DOMAIN ? this.blocks : this.domains.get(domain);
  }

  private makeDomain(domain: number): BlockTraces {
    let blocks = this.domains.get(domain);
    if (blocks === undefined) {
      blocks = new BlockTraces();
      this.domains.set(domain, blocks);
    }
    return blocks;
  }

  private newTracebacks(): Tracebacks {
    const { totalFrames } = this.host.profile.domains.tracemalloc;
    return new Tracebacks(this.limit, totalFrames, this.size);
  }

  private forgetAll(): void {
    this.blocks.clear();
    this.domains.clear();
    this.size.clear();
    this.tracebacks = this.newTracebacks();
    this.current = 0;
    this.peak = 0;
  }
}
