// The pages that a chunk's events name by short numbers: a ref is a slot and an offset in its page. FORMAT.md, "Events".

import { MAX_SLOTS, REF_BITS, REF_UNIT_SHIFT } from "./constants.ts";
import type { ArenaMapping } from "./tables.ts";

/** What each slot stands for at present. */
export class PageSlots {
  /** Bits of a ref that are an offset, in units of 16 bytes; the others are a slot. */
  readonly offsetBits: number;
  /** How many slots a ref can name. */
  readonly count: number;
  /** Where the page of a slot is in linear memory; 0 when it is none of an arena. */
  readonly linear = new Uint32Array(MAX_SLOTS);
  private readonly pageBytes: number;
  /** As recorded; -1 where the slot has no page. */
  private readonly base = new Float64Array(MAX_SLOTS);

  constructor(pageShift: number) {
    this.pageBytes = 2 ** pageShift;
    this.offsetBits = pageShift - REF_UNIT_SHIFT;
    this.count = 1 << (REF_BITS - this.offsetBits);
  }

  forget(): void {
    this.base.fill(-1);
    this.linear.fill(0);
  }

  define(slot: number, base: number, linear: number): void {
    this.base[slot] = base;
    this.linear[slot] = linear;
  }

  /** A ref's address as recorded and in linear memory (0: in no arena); undefined when its slot has no page. */
  addressOf(ref: number): { readonly address: number; readonly linear: number } | undefined {
    const slot = ref >>> this.offsetBits;
    const base = this.base[slot]!;
    if (base < 0) return undefined;
    const offset = (ref & ((1 << this.offsetBits) - 1)) << REF_UNIT_SHIFT;
    const linear = this.linear[slot]!;
    return { address: base + offset, linear: linear === 0 ? 0 : linear + offset };
  }

  /** The pages of an arena that comes or goes are named anew before they are used again. */
  empty({ base, sizeBytes }: ArenaMapping): void {
    for (let slot = 0; slot < this.count; slot++) {
      const page = this.base[slot]!;
      if (page >= 0 && page + this.pageBytes > base && page < base + sizeBytes) this.define(slot, -1, 0);
    }
  }
}
