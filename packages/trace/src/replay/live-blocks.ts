// What is known of each live block inside arenas: what was asked for, by whom. Two numbers for each 16 bytes of linear
// memory, so that an event costs two stores and memory follows the heap, not the length of the trace.

import { LinearMemory } from "@obmalloc/raw-heap";
import { Domain } from "../format/constants.ts";

const UNIT_SHIFT = 4;
/** In the size column, above the 10 bits that sizes up to 512 need. */
const MEM_SHIFT = 10;
const MEM_FLAG = 1 << MEM_SHIFT;
const SIZE_MASK = MEM_FLAG - 1;

/**
 * One entry for each 16 bytes of linear addresses below `end`. The host gives pages only when they are written.
 *
 * @throws {RangeError} when it has no room.
 */
export function columnOver(end: number, entryBytes: number): Uint32Array {
  const sizeBytes = Math.ceil(end / (1 << UNIT_SHIFT)) * entryBytes;
  return new LinearMemory({ initialBytes: sizeBytes, maxBytes: sizeBytes }).u32;
}

/** Requested size, domain and stack of the blocks that live at linear addresses. */
export class LiveBlocks {
  /** The bit of the size column that is set for blocks of the mem domain. */
  static readonly memShift = MEM_SHIFT;

  /** By address / 16: requested bytes, with a flag for the mem domain; 0 where no block begins. */
  readonly sizes: Uint16Array;
  /** By address / 16: stack id; empty when stacks are not kept. */
  readonly stacks: Uint32Array;
  private readonly keepStacks: boolean;

  /** @param end of the addresses that blocks may have. @throws {RangeError} when the host has no room for the columns. */
  constructor(end: number, keepStacks: boolean) {
    this.keepStacks = keepStacks;
    this.sizes = new Uint16Array(columnOver(end, 2).buffer);
    this.stacks = keepStacks ? columnOver(end, 4) : new Uint32Array(0);
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
