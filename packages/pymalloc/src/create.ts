// Making an allocator in a memory, and attaching to one that is there.

import { OutOfMemoryError, type Profile, profileFor, type RawAddress, sizeClassCount } from "@obmalloc/abi";
import { LinearMemory, PageMapper, type RawAllocator, RawHeap } from "@obmalloc/raw-heap";
import { type ArenaAllocator, mappedArenas } from "./arena-allocator.ts";
import { ArenaHistory } from "./arena-history.ts";
import { makeMembership } from "./arena-lookup.ts";
import { ArenaSlots } from "./arena-slots.ts";
import { type ControlFacts, controlBlock, readControl, writeControl } from "./control-block.ts";
import { arenasClass, pymallocClass } from "./hot/index.ts";
import { PoolMap } from "./pool-map.ts";
import type { PyMalloc } from "./pymalloc.ts";
import { obmallocState } from "./state-layout.ts";
import { rulesOf, type Variations } from "./variations.ts";
import { wordOffsets } from "./word-offsets.ts";

/** What belongs to the owner, not to the memory: each owner says it for itself. */
export interface OwnerOptions {
  /**
   * Whether each `free` and `realloc` verifies that it was given the first byte of a live block. Costs a walk of the
   * pool's free list.
   * @defaultValue false
   */
  readonly checked?: boolean;
  /**
   * Whether each call looks first if somebody else has made the memory grow. False is for callers that look themselves
   * whenever it is their turn.
   * @defaultValue whether the memory is shared, or an array buffer from outside
   */
  readonly watching?: boolean;
}

/** Where the allocator works; `raw` and `arenas` must give addresses in `memory`. */
export interface Surroundings {
  readonly memory: LinearMemory;
  /** Serves requests of 0 and above the threshold, and gives the allocator's own state its memory. */
  readonly raw: RawAllocator;
  readonly arenas: ArenaAllocator;
}

interface NewPyMallocOptions extends OwnerOptions {
  /** @defaultValue CPython 3.13, lp64 */
  readonly profile?: Profile;
  /** What it shall do that CPython does not. @defaultValue nothing */
  readonly variations?: Variations;
  /** Whether calls are counted, and arenas remembered that come and go. @defaultValue false */
  readonly history?: boolean;
}

/** What {@link createPyMalloc} takes; every part can be left out. */
export interface CreatePyMallocOptions extends NewPyMallocOptions, Partial<Surroundings> {
  /** The most that all of it may occupy, in bytes, where no memory is given. @defaultValue 4 GiB */
  readonly maxBytes?: number;
}

export interface AttachPyMallocOptions extends OwnerOptions, Surroundings {
  /** {@link PyMalloc.address} of the allocator. */
  readonly address: RawAddress;
}

/**
 * A new allocator. What is not given is made: a memory, a system to map pages from, a raw allocator, arenas.
 *
 * Arenas made here are mapped at multiples of the pool size, so that none loses a pool.
 * @throws {RangeError} when `maxBytes` is above 4 GiB or too small for the page mapper.
 * @throws {VariationError} for variations that do not exist.
 * @throws {OutOfMemoryError} when there is no room for the allocator's own state.
 */
export function createPyMalloc(options: CreatePyMallocOptions = {}): PyMalloc {
  const profile = options.profile ?? profileFor("3.13");
  const rules = rulesOf(options.variations);
  const surroundings = completeSurroundings(options, profile);
  const { memory, raw } = surroundings;
  const { poolBytes } = profile.pymalloc;
  const address = obtain(raw, controlBlock(poolBytes, rules.returnFreePools).sizeBytes, "pymalloc's maps");
  const stateAddress = obtain(raw, obmallocState(profile).sizeBytes, "pymalloc state");
  const facts = { profile, rules, stateAddress, countsCalls: options.history === true };
  writeControl(memory, address, facts);
  emptyRings(memory, profile, stateAddress);
  return assemble(surroundings, address, facts, options);
}

/**
 * Another owner of an allocator that lives in `memory`, or in a copy of its bytes. Owners have to take turns: pymalloc
 * has no lock, CPython holds the GIL around each call.
 *
 * @throws {MemoryError} when there is no allocator at `address`.
 */
export function attachPyMalloc(options: AttachPyMallocOptions): PyMalloc {
  options.memory.refresh();
  return assemble(options, options.address, readControl(options.memory, options.address), options);
}

function completeSurroundings(options: CreatePyMallocOptions, profile: Profile): Surroundings {
  const { maxBytes, raw, arenas } = options;
  const memory = options.memory ?? new LinearMemory(maxBytes === undefined ? {} : { maxBytes });
  if (raw !== undefined && arenas !== undefined) return { memory, raw, arenas };
  const mapper = PageMapper.create(memory);
  return {
    memory,
    raw: raw ?? RawHeap.create(mapper, { model: profile.model }),
    arenas: arenas ?? mappedArenas(mapper, profile.pymalloc.poolBytes),
  };
}

function assemble(
  { memory, raw, arenas }: Surroundings,
  address: RawAddress,
  { profile, rules, stateAddress, countsCalls }: ControlFacts,
  owner: OwnerOptions,
): PyMalloc {
  const history = countsCalls ? new ArenaHistory(memory, raw, address) : undefined;
  const membership = makeMembership({ memory, profile, raw, stateAddress });
  const slots = new ArenaSlots({
    memory,
    profile,
    raw,
    allocator: arenas,
    membership,
    history,
    stateAddress,
  });
  const poolMap = new PoolMap(memory, address, profile.pymalloc.poolBytes);
  const state = obmallocState(profile).offsets;
  const ArenasOfProfile = arenasClass(profile, rules);
  const PyMallocOfProfile = pymallocClass(profile, {
    checked: owner.checked === true,
    counting: countsCalls,
    watching: owner.watching ?? (memory.shared || (memory.foreign && memory.source instanceof ArrayBuffer)),
  });
  return new PyMallocOfProfile({
    memory,
    profile,
    rules,
    raw,
    arenas: new ArenasOfProfile({ memory, profile, rules, slots, poolMap, stateAddress }),
    membership,
    history,
    address,
    stateAddress,
    usedpools: (stateAddress + state.used) >>> 2,
    rawBlocks: (stateAddress + state.raw_allocated_blocks) >>> 2,
    carvedMap: poolMap.words.carved,
  });
}

function obtain(raw: RawAllocator, sizeBytes: number, purpose: string): RawAddress {
  const address = raw.calloc(1, sizeBytes);
  if (address === 0) throw new OutOfMemoryError(purpose, sizeBytes);
  return address;
}

/** Makes every ring point to its own anchor. */
function emptyRings(memory: LinearMemory, profile: Profile, stateAddress: RawAddress): void {
  const { pointer, pool } = wordOffsets(profile.model);
  const used = (stateAddress + obmallocState(profile).offsets.used) >>> 2;
  for (let szidx = 0; szidx < sizeClassCount(profile); szidx++) {
    const ring = used + 2 * szidx * pointer;
    const anchor = (ring - pool.nextpool) * 4;
    memory.u32[ring] = anchor;
    memory.u32[ring + pool.prevpool - pool.nextpool] = anchor;
  }
}
