// What an owner does in its turn; the same in a Worker and on the main thread.

import type { BlockAddress } from "@obmalloc/abi";
import type { PyMalloc } from "@obmalloc/pymalloc";

export interface TurnRequest {
  readonly seed: number;
  readonly operations: number;
  readonly live: readonly BlockAddress[];
}

/** Allocates, resizes and frees, the other owner's blocks too; returns those that are alive then. */
export function takeTurn(
  pymalloc: PyMalloc,
  { seed, operations, live: before }: TurnRequest,
): BlockAddress[] {
  const live = [...before];
  let random = seed >>> 0;
  const below = (n: number) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return Math.floor((random / 2 ** 32) * n);
  };
  for (let n = 0; n < operations; n++) {
    const choice = below(10);
    if (choice < 6 || live.length === 0) {
      live.push(pymalloc.malloc(1 + below(700)));
    } else if (choice < 8) {
      const index = below(live.length);
      live[index] = pymalloc.realloc(live[index]!, below(700));
    } else {
      pymalloc.free(live.splice(below(live.length), 1)[0]!);
    }
  }
  return live;
}
