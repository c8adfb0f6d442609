// `tracemalloc.Trace`.

import { formatSize } from "./python-text.ts";
import type { Traceback } from "./traceback.ts";

/** A block that is alive, and where it was made. */
export class Trace {
  /** 0: allocated through the domains; others belong to whoever calls `track`. */
  readonly domain: number;
  /** Bytes that were asked for. */
  readonly size: number;
  readonly traceback: Traceback;

  constructor(domain: number, size: number, traceback: Traceback) {
    this.domain = domain;
    this.size = size;
    this.traceback = traceback;
  }

  /** `str(trace)`. */
  toString(): string {
    return `${this.traceback}: ${formatSize(this.size, false)}`;
  }

  /** `repr(trace)`. */
  repr(): string {
    const size = formatSize(this.size, false);
    return `<Trace domain=${this.domain} size=${size}, traceback=${this.traceback.repr()}>`;
  }
}
