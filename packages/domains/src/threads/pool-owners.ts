// Whose each pool is: a byte for each pool-sized page, with the number of a thread's heap, 0 for none.

import { type RawAddress, roundUp } from "@obmalloc/abi";
import type { ArenaAllocator } from "@obmalloc/pymalloc";
import type { LinearMemory } from "@obmalloc/raw-heap";

/** Bytes of the map over a memory that ends at `maxBytes`. */
export function ownersBytes(maxBytes: number, poolBytes: number): number {
  return Math.ceil(maxBytes / poolBytes);
}

export class PoolOwners {
  /** The byte of a pool is at `base` + address / pool size. */
  private readonly base: number;
  private readonly linear: LinearMemory;
  private readonly poolBytes: number;
  private readonly poolShift: number;

  constructor(linear: LinearMemory, address: RawAddress, poolBytes: number) {
    this.linear = linear;
    this.base = address;
    this.poolBytes = poolBytes;
    this.poolShift = Math.log2(poolBytes);
  }

  /** The number of the heap whose arenas `p` lies in; 0 for an address in none. */
  of(p: number): number {
    const { u8 } = this.linear;
    return p > 0 && p < u8.length ? u8[this.base + (p >>> this.poolShift)]! : 0;
  }

  /** Notes the arenas that come and go of the heap `number`. */
  noting(arenas: ArenaAllocator, number: number): ArenaAllocator {
    return {
      ctx: this,
      alloc: (_, sizeBytes) => {
        const base = arenas.alloc(arenas.ctx, sizeBytes);
        if (base !== 0) this.mark(base, sizeBytes, number);
        return base;
      },
      free: (_, address, sizeBytes) => {
        this.mark(address, sizeBytes, 0);
        arenas.free(arenas.ctx, address, sizeBytes);
      },
    };
  }

  private mark(address: number, sizeBytes: number, number: number): void {
    const first = roundUp(address, this.poolBytes) / this.poolBytes;
    const end = Math.floor((address + sizeBytes) / this.poolBytes);
    this.linear.u8.fill(number, this.base + first, this.base + end);
  }
}
