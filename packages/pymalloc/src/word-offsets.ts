// The layouts of abi in words of 4 bytes, which is how the engine indexes memory.

import { arenaObject, type DataModel, poolHeader } from "@obmalloc/abi";

/** Offsets in a pool header and in an arena object, in words. */
export interface WordOffsets {
  /** From a pointer's low half to its high half; 0 where a pointer is one word. */
  readonly high: number;
  /** Words of a pointer. */
  readonly pointer: number;
  readonly pool: Readonly<Record<keyof ReturnType<typeof poolHeader>["offsets"], number>>;
  readonly arena: Readonly<Record<keyof ReturnType<typeof arenaObject>["offsets"], number>>;
  /** Words of an arena object. */
  readonly arenaWords: number;
}

export function wordOffsets(model: DataModel): WordOffsets {
  return {
    high: model.pointerBytes === 8 ? 1 : 0,
    pointer: model.pointerBytes >>> 2,
    pool: inWords(poolHeader(model).offsets),
    arena: inWords(arenaObject(model).offsets),
    arenaWords: arenaObject(model).sizeBytes >>> 2,
  };
}

function inWords<Name extends string>(offsets: Readonly<Record<Name, number>>): Record<Name, number> {
  const words = Object.entries<number>(offsets).map(([name, offset]) => [name, offset >>> 2]);
  return Object.fromEntries(words) as Record<Name, number>;
}
