// `tracemalloc.Filter` and `tracemalloc.DomainFilter`.

import { matchesFilename } from "./fnmatch.ts";
import type { Trace } from "./trace.ts";
import type { Frame } from "./traceback.ts";

/** Decides which traces of a snapshot stay. */
export interface TraceFilter {
  /** Whether it says what stays, or what goes. */
  readonly inclusive: boolean;
  /** Whether it lets a trace stay. */
  matches(trace: Trace): boolean;
}

/** Which frames a filter looks at. */
export interface FilterOptions {
  /** Only this line. */
  readonly lineno?: number | undefined;
  /** Look at all frames of a traceback, not only at the most recent one. @defaultValue false */
  readonly allFrames?: boolean;
  /** Only blocks of this domain. */
  readonly domain?: number | undefined;
}

/** By file, and maybe line and domain. */
export class Filter implements TraceFilter {
  readonly inclusive: boolean;
  /** As `fnmatch` takes it; a `.pyc` file stands for its `.py` file. */
  readonly filenamePattern: string;
  readonly lineno: number | undefined;
  readonly allFrames: boolean;
  readonly domain: number | undefined;

  constructor(inclusive: boolean, filenamePattern: string, options: FilterOptions = {}) {
    this.inclusive = inclusive;
    this.filenamePattern = sourceFile(filenamePattern);
    this.lineno = options.lineno;
    this.allFrames = options.allFrames ?? false;
    this.domain = options.domain;
  }

  matches({ domain, traceback }: Trace): boolean {
    const stays = this.matchesFrames(this.allFrames ? traceback.frames : [traceback.mostRecent]);
    if (this.domain === undefined) return stays;
    return this.inclusive ? stays && domain === this.domain : stays || domain !== this.domain;
  }

  private matchesFrames(frames: readonly Frame[]): boolean {
    return frames.some((frame) => this.isAt(frame)) === this.inclusive;
  }

  private isAt({ filename, lineno }: Frame): boolean {
    if (!matchesFilename(sourceFile(filename), this.filenamePattern)) return false;
    return this.lineno === undefined || this.lineno === lineno;
  }
}

/** By domain: 0 is everything that Python's allocators gave, others belong to whoever calls `track`. */
export class DomainFilter implements TraceFilter {
  readonly inclusive: boolean;
  readonly domain: number;

  constructor(inclusive: boolean, domain: number) {
    this.inclusive = inclusive;
    this.domain = domain;
  }

  matches({ domain }: Trace): boolean {
    return (domain === this.domain) === this.inclusive;
  }
}

function sourceFile(filename: string): string {
  return filename.endsWith(".pyc") ? filename.slice(0, -1) : filename;
}
