// A seeded sequence of calls with growth and decay, for tests that want a lived-in allocator and no reference.

import type { BlockAddress } from "@obmalloc/abi";
import type { PyMalloc } from "@obmalloc/pymalloc";
import { expect } from "vitest";

export interface SequenceOptions {
  readonly seed: number;
  readonly operations: number;
  /** How often, evenly spread, all invariants are verified. @defaultValue never */
  readonly checks?: number;
  /** Blocks from a sequence before this one. */
  readonly live?: readonly BlockAddress[];
  /** The largest request, in bytes. @defaultValue 600 */
  readonly largest?: number;
}

/** Runs the calls; returns the blocks that are alive then. Each block is filled with 0xa5. */
export function randomSequence(pymalloc: PyMalloc, options: SequenceOptions): BlockAddress[] {
  const { operations, checks = 0, largest = 600 } = options;
  const live = [...(options.live ?? [])];
  let random = options.seed >>> 0;
  const below = (n: number) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return Math.floor((random / 2 ** 32) * n);
  };
  let favourite = 1;
  let growth = 0;
  const size = () => (below(3) > 0 ? favourite : below(largest + 1));
  const fill = (block: BlockAddress, sizeBytes: number) => {
    if (block !== 0) pymalloc.memory.u8.fill(0xa5, block, block + sizeBytes);
    return block;
  };
  for (let n = 0; n < operations; n++) {
    if (n % Math.ceil(operations / 12) === 0) {
      favourite = 1 + below(Math.min(512, largest));
      growth = 2 + below(7);
    }
    const choice = below(10);
    if (live.length === 0 || choice < growth) {
      const sizeBytes = size();
      const block = fill(pymalloc.malloc(sizeBytes), sizeBytes);
      if (block !== 0) live.push(block);
    } else if (choice === 9) {
      const index = below(live.length);
      live[index] = pymalloc.realloc(live[index]!, size()) || live[index]!;
    } else {
      const index = below(2) === 0 ? live.length - 1 : below(live.length);
      const freed = live[index]!;
      live[index] = live[live.length - 1]!;
      live.pop();
      pymalloc.free(freed);
    }
    if (checks > 0 && n % Math.ceil(operations / checks) === 0) expect(pymalloc.check()).toEqual([]);
  }
  return live;
}
