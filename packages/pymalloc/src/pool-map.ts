// One bit for each pool-sized page of 4 GiB: the pools that are carved, and those whose memory went back.

import type { RawAddress } from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";
import { CONTROL, controlBlock } from "./control-block.ts";

/** The words of a control block's two bitmaps. */
export interface PoolMapWords {
  readonly carved: number;
  /** Behind the first one; there only with the rule that returns free pools. */
  readonly returned: number;
  /** Words of each. */
  readonly length: number;
}

export function poolMapWords(controlAddress: RawAddress, poolBytes: number): PoolMapWords {
  const carved = controlAddress / 4 + CONTROL.pool_map;
  const returned = (controlAddress + controlBlock(poolBytes, true).offsets.returned_map) / 4;
  return { carved, returned, length: returned - carved };
}

/** Whether the bit of the page that `p` lies in is set in the bitmap at the word `map`. */
export function readPoolBit(words: Uint32Array, map: number, p: number, poolBytes: number): boolean {
  const page = Math.floor(p / poolBytes);
  return ((words[map + (page >>> 5)]! >>> page) & 1) === 1;
}

/** Writes both bitmaps. Pools are named by any address inside them. */
export class PoolMap {
  readonly words: PoolMapWords;
  private readonly memory: LinearMemory;
  private readonly poolBytes: number;

  constructor(memory: LinearMemory, controlAddress: RawAddress, poolBytes: number) {
    this.words = poolMapWords(controlAddress, poolBytes);
    this.memory = memory;
    this.poolBytes = poolBytes;
  }

  setCarved(p: number, carved: boolean): void {
    this.write(this.words.carved, p, carved);
  }

  /** Whether `p` lies in a pool whose memory went back. */
  isReturned(p: number): boolean {
    return readPoolBit(this.memory.u32, this.words.returned, p, this.poolBytes);
  }

  setReturned(p: number, returned: boolean): void {
    this.write(this.words.returned, p, returned);
  }

  private write(map: number, p: number, value: boolean): void {
    const page = Math.floor(p / this.poolBytes);
    const bit = 1 << page;
    const words = this.memory.u32;
    if (value) words[map + (page >>> 5)]! |= bit;
    else words[map + (page >>> 5)]! &= ~bit;
  }
}
