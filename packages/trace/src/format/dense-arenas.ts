// A place in 32 bits for each arena of a trace, for readers that want recorded addresses and have no engine.

import type { AddressSpace } from "./address-space.ts";
import type { ArenaMapping } from "./tables.ts";

/** Gives each mapped arena a range of linear addresses, and turns those back into recorded ones. */
export class DenseArenas implements AddressSpace {
  private readonly pageBytes: number;
  /** Recorded page bases to linear ones, and back. */
  private readonly linear = new Map<number, number>();
  private readonly recorded = new Map<number, number>();
  private readonly vacant: number[] = [];
  private next = 1;

  constructor(pageShift: number) {
    this.pageBytes = 2 ** pageShift;
  }

  linearPage(pageBase: number): number {
    return this.linear.get(pageBase) ?? 0;
  }

  toRecorded(linear: number): number {
    const offset = linear % this.pageBytes;
    return (this.recorded.get(linear - offset) ?? 0) + offset;
  }

  /**
   * An arena that is mapped already stays as it is.
   *
   * @returns the end of all linear addresses so far.
   */
  map(arena: ArenaMapping): number {
    for (const base of this.pagesOf(arena)) {
      if (this.linear.has(base)) continue;
      const linear = this.vacant.pop() ?? this.next++ * this.pageBytes;
      this.linear.set(base, linear);
      this.recorded.set(linear, base);
    }
    return this.next * this.pageBytes;
  }

  unmap(arena: ArenaMapping): void {
    for (const base of this.pagesOf(arena)) {
      const linear = this.linear.get(base);
      if (linear === undefined) continue;
      this.linear.delete(base);
      this.recorded.delete(linear);
      this.vacant.push(linear);
    }
  }

  private *pagesOf({ base, sizeBytes }: ArenaMapping): Generator<number> {
    const first = Math.ceil(base / this.pageBytes);
    const end = Math.floor((base + sizeBytes) / this.pageBytes);
    for (let page = first; page < end; page++) yield page * this.pageBytes;
  }
}
