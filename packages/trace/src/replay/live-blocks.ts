// What is known of each live block inside arenas: what was asked for, by whom. Two numbers for each 16 bytes of linear
// memory, so that an event costs two stores and memory follows the heap, not the length of the trace.

import { LinearMemory } from "@obmalloc/raw-heap";
import { Domain } from "../format/constants.ts";

const UNIT_SHIFT = 4;
/** In the size column, above the 10 bits that sizes up to 512 need. */
const MEM_SHIFT = 10;
const MEM_FLAG = 1 << MEM_SHIFT;
const SIZE_MASK = MEM_FLAG - 1;

const UNITS_MAX = 2 ** (32 - UNIT_SHIFT);
const GROWTH = 1.5;

/** Requested size, domain and stack of the blocks that live at linear addresses. */
export class LiveBlocks {
  /** The bit of the size column that is set for blocks of the mem domain. */
  static readonly memShift = MEM_SHIFT;

  /** By address / 16: requested bytes, with a flag for the mem domain; 0 where no block begins. */
  sizes: Uint16Array = new Uint16Array(0);
  /** By address / 16: stack id; empty when stacks are not kept. */
  stacks: Uint32Array = new Uint32Array(0);
  // Memories that grow where they are: a column that had to be copied would cost as much as the events themselves.
  private readonly sizeMemory = new LinearMemory({ maxBytes: 2 ** (32 - UNIT_SHIFT + 1) });
  private readonly stackMemory: LinearMemory | undefined;
  private readonly keepStacks: boolean;

  constructor(keepStacks: boolean) {
    this.keepStacks = keepStacks;
    if (keepStacks) this.stackMemory = new LinearMemory({ maxBytes: 2 ** (32 - UNIT_SHIFT + 2) });
  }

  /** Makes room for addresses below `memoryBytes`; false when there is none. Replaces the columns. */
  ensure(memoryBytes: number): boolean {
    const needed = Math.ceil(memoryBytes / (1 << UNIT_SHIFT));
    // In large steps: each is a new buffer, and V8 counts all of its bytes when it decides to collect garbage.
    const units = needed > this.sizes.length ? Math.min(UNITS_MAX, Math.ceil(needed * GROWTH)) : needed;
    if (units > this.sizes.length) {
      if (!this.sizeMemory.ensure(units * 2)) return false;
      this.sizes = new Uint16Array(this.sizeMemory.buffer);
    }
    if (this.stackMemory !== undefined && units > this.stacks.length) {
      if (!this.stackMemory.ensure(units * 4)) return false;
      this.stacks = this.stackMemory.u32;
    }
    return true;
  }

  /** Requested bytes of the block at `address`; 0 when none begins there. */
  sizeAt(address: number): number {
    return this.sizes[address >>> UNIT_SHIFT]! & SIZE_MASK;
  }

  domainAt(address: number): Domain {
    return (this.sizes[address >>> UNIT_SHIFT]! & MEM_FLAG) !== 0 ? Domain.mem : Domain.obj;
  }

  /** Stack id of the last allocation at `address`; 0 when stacks are not kept. */
  stackAt(address: number): number {
    return this.keepStacks ? this.stacks[address >>> UNIT_SHIFT]! : 0;
  }

  set(address: number, sizeBytes: number, domain: number, stack: number): void {
    this.sizes[address >>> UNIT_SHIFT] = domain === Domain.mem ? sizeBytes | MEM_FLAG : sizeBytes;
    if (this.keepStacks) this.stacks[address >>> UNIT_SHIFT] = stack;
  }

  /** Addresses of the blocks that begin in `[from, to)`, ascending. */
  *within(from: number, to: number): Generator<number> {
    const { sizes } = this;
    const end = Math.min(Math.ceil(to / 16), sizes.length);
    for (let unit = from >>> UNIT_SHIFT; unit < end; unit++) if (sizes[unit] !== 0) yield unit * 16;
  }
}
