// Damage at random, by a seed: blocks of all domains and sizes, written over in and around them, then freed or resized.

import type { DamageStep } from "./damage-program.ts";

const PREFIXES = ["PyMem_Raw", "PyMem_", "PyObject_"] as const;

export interface RandomDamage {
  readonly steps: readonly DamageStep[];
  readonly PYTHONMALLOC: string;
  readonly PYTHONTRACEMALLOC?: string;
}

/** The n-th damage of a seed. It may be harmless. */
export function randomDamage(seed: number): RandomDamage {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  const below = (limit: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;

  const owner = pick(PREFIXES);
  let sizeBytes = below(pick([20, 200, 700, 5000]));
  const steps: DamageStep[] = [
    below(3) > 0 ? [`${owner}Malloc`, sizeBytes] : [`${owner}Calloc`, 1, sizeBytes],
  ];
  if (below(2) === 0) steps.push(["fill", 0, below(sizeBytes + 1), below(256)]);
  if (below(3) === 0) {
    sizeBytes = below(pick([20, 200, 700]));
    steps.push([`${owner}Realloc`, sizeBytes]);
  }
  for (let count = 1 + below(3); count > 0; count--) {
    const inside = sizeBytes === 0 ? 0 : below(sizeBytes);
    steps.push(["poke", pick([sizeBytes + below(8), -1 - below(8), inside]), below(256)]);
  }
  const user = below(4) === 0 ? pick(PREFIXES) : owner;
  steps.push(below(2) === 0 ? [`${user}Free`] : [`${user}Realloc`, below(600)]);
  const PYTHONMALLOC = pick(["debug", "malloc_debug"]);
  return below(4) === 0 ? { steps, PYTHONMALLOC, PYTHONTRACEMALLOC: "3" } : { steps, PYTHONMALLOC };
}
