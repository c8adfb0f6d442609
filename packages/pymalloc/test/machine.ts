// What several tests build: an allocator whose arenas lie where a test wants them.

import { type BlockAddress, type Profile, pageAddress, poolHeader, readStruct } from "@obmalloc/abi";
import { type ArenaAllocator, createPyMalloc, type PyMalloc, type Variations } from "@obmalloc/pymalloc";
import { LinearMemory, PageMapper, type RawAllocator, RawHeap } from "@obmalloc/raw-heap";

export const MIB = 1024 * 1024;

export interface Machine {
  readonly pymalloc: PyMalloc;
  readonly mapper: PageMapper;
  /** Bases of the live arenas in the order in which they were mapped. */
  readonly arenas: number[];
  /** How many more arenas may be mapped. */
  arenasLeft: number;
}

export interface MachineOptions {
  readonly maxBytes?: number;
  /** What the base of the n-th arena shall be modulo the arena size. @defaultValue 0 */
  readonly offset?: (n: number) => number;
  /** Wraps the raw allocator. */
  readonly wrapRaw?: (raw: RawAllocator) => RawAllocator;
  readonly variations?: Variations;
  readonly checked?: boolean;
  readonly history?: boolean;
}

export function makeMachine(profile: Profile, options: MachineOptions = {}): Machine {
  const { arenaBytes } = profile.pymalloc;
  const { variations = {}, checked = false, history = false } = options;
  const memory = new LinearMemory({ maxBytes: options.maxBytes ?? 64 * MIB });
  const mapper = PageMapper.create(memory);
  const inner = RawHeap.create(mapper, { model: profile.model });
  let count = 0;
  const machine = { mapper, arenas: [] as number[], arenasLeft: Number.POSITIVE_INFINITY };
  const arenas: ArenaAllocator<typeof machine> = {
    ctx: machine,
    alloc: (ctx, sizeBytes) => {
      if (ctx.arenasLeft === 0) return 0;
      const base = ctx.mapper.mmap(sizeBytes, arenaBytes, options.offset?.(count) ?? 0);
      if (base === 0) return 0;
      count++;
      ctx.arenasLeft--;
      ctx.arenas.push(base);
      return base;
    },
    free: (ctx, base, sizeBytes) => {
      ctx.mapper.munmap(pageAddress(base), sizeBytes);
      ctx.arenas.splice(ctx.arenas.indexOf(base), 1);
    },
  };
  const raw = options.wrapRaw?.(inner) ?? inner;
  return Object.assign(machine, {
    pymalloc: createPyMalloc({ memory, profile, raw, arenas, variations, checked, history }),
  });
}

/** The header of the pool that a block lies in. */
export function headerOf({ memory, profile }: PyMalloc, block: number) {
  const pool = block - (block % profile.pymalloc.poolBytes);
  return { pool, ...readStruct(memory.u32, poolHeader(profile.model), pool) };
}

/** Allocates `count` blocks of `sizeBytes`. */
export function allocateMany(pymalloc: PyMalloc, count: number, sizeBytes: number): BlockAddress[] {
  return Array.from({ length: count }, () => pymalloc.malloc(sizeBytes));
}
