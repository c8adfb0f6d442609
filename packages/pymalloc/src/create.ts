import { type Profile, profileFor } from "@obmalloc/abi";
import { LinearMemory, PageMapper, RawHeap } from "@obmalloc/raw-heap";
import { mappedArenas } from "./arena-allocator.ts";
import { PyMalloc } from "./pymalloc.ts";

export interface CreatePyMallocOptions {
  /** @defaultValue CPython 3.13, lp64 */
  readonly profile?: Profile;
  /** The most that all of it may occupy, in bytes. @defaultValue 4 GiB */
  readonly maxBytes?: number;
}

/**
 * An allocator with everything that it needs: a memory, a system to map pages from, a raw allocator.
 *
 * Arenas are mapped at multiples of the pool size, so that none loses a pool.
 * @throws {RangeError} when `maxBytes` is above 4 GiB or too small for the page mapper.
 * @throws {OutOfMemoryError} when it is too small for the allocator's own state.
 */
export function createPyMalloc(options: CreatePyMallocOptions = {}): PyMalloc {
  const profile = options.profile ?? profileFor("3.13");
  const memory = new LinearMemory(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes });
  const mapper = PageMapper.create(memory);
  const raw = RawHeap.create(mapper, { model: profile.model });
  return new PyMalloc({ memory, profile, raw, arenas: mappedArenas(mapper, profile.pymalloc.poolBytes) });
}
