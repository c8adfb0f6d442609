// What this package keeps beside CPython's own structures: who the allocator is, so that another owner of the memory
// can attach to it; which pools are carved; and what was asked for beyond CPython.

import {
  array,
  formatAddress,
  ilp32,
  lp64,
  MemoryError,
  type Profile,
  profileFor,
  profiles,
  type RawAddress,
  readStruct,
  struct,
  withGeometry,
} from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";
import type { Rules } from "./variations.ts";

/**
 * The head of an allocator's state, at {@link PyMalloc.address}. It is the same for both data models: words of 4 bytes.
 *
 *      0       4       8            12           16              20         24
 *      ┌───────┬───────┬────────────┬────────────┬───────────────┬──────────┬───────────┬ ─ ─ ─ ─ ─ ─ ─ ─
 *      │ magic │ state │ version_... │ pointer_.. │ arena_... pool_... alignment_... threshold │ rules
 *      ├───────┴───────┴────┬───────┴────────────┴─┬─────────────┴──────────┴───────────┴ ─ ─ ─ ─ ─ ─ ─ ─
 *      │ calls (two words)  │ history, its lengths │ pool_map[4 GiB / pool size / 32] returned_map[the same or 0]
 *      └────────────────────┴──────────────────────┴ ─ ─ ─ ─ ─ ─ ─ ─
 *
 * A bit of `pool_map` is set for each pool that is carved, by its address / pool size; this is what `free` looks at,
 * so that it never reads memory in front of an address that is not ours. A bit of `returned_map`, instead of one in
 * `pool_map`, is set for a free pool whose memory went back to the system.
 */
export function controlBlock(poolBytes: number, returnFreePools: boolean) {
  const mapWords = 2 ** 32 / poolBytes / 32;
  return struct(ilp32, {
    magic: "u32",
    state: "u32", // byte address of struct _obmalloc_state
    version_major: "u32",
    version_minor: "u32",
    pointer_bytes: "u32",
    arena_bytes: "u32",
    pool_bytes: "u32",
    alignment_bytes: "u32",
    small_request_threshold: "u32",
    kept_empty_arenas: "u32", // NO_RULE = the version's rule
    fullest_first: "u32", // 0 = usable_arenas are not sorted
    return_free_pools: "u32",
    counts_calls: "u32", // 1 = `calls` counts and `history` is kept
    calls: "u32", // calls of malloc, calloc, realloc and free so far, low word
    calls_high: "u32",
    history: "u32", // byte address of the table of arena events, 0 = none yet
    history_length: "u32",
    history_capacity: "u32",
    history_lost: "u32", // events for which there was no room
    pool_map: array("u32", mapWords),
    returned_map: array("u32", returnFreePools ? mapWords : 0),
  });
}

const MAGIC = 0x6d70796f;
const NO_RULE = 0xffff_ffff;

/** Word offsets of the fields, which do not depend on the sizes; `returned_map` lies behind `pool_map`. */
export const CONTROL = Object.freeze(
  Object.fromEntries(
    Object.entries(controlBlock(2 ** 27, false).offsets).map(([name, offset]) => [name, offset / 4]),
  ) as Record<Exclude<keyof ReturnType<typeof controlBlock>["offsets"], "returned_map">, number>,
);

/** What a control block says. */
export interface ControlFacts {
  readonly stateAddress: RawAddress;
  readonly profile: Profile;
  readonly rules: Rules;
  readonly countsCalls: boolean;
}

/** The fields that stay as they were written first, and their values. */
export function controlValues(facts: Omit<ControlFacts, "countsCalls">) {
  const { profile, rules } = facts;
  const [major = 0, minor = 0] = profile.version.split(".").map(Number);
  return {
    magic: MAGIC,
    state: facts.stateAddress,
    version_major: major,
    version_minor: minor,
    pointer_bytes: profile.model.pointerBytes,
    arena_bytes: profile.pymalloc.arenaBytes,
    pool_bytes: profile.pymalloc.poolBytes,
    alignment_bytes: profile.pymalloc.alignmentBytes,
    small_request_threshold: profile.pymalloc.smallRequestThreshold,
    kept_empty_arenas: rules.keptEmptyArenas ?? NO_RULE,
    fullest_first: rules.fullestFirst ? 1 : 0,
    return_free_pools: rules.returnFreePools ? 1 : 0,
  } satisfies Partial<Record<keyof typeof CONTROL, number>>;
}

/** Writes who the allocator is into a cleared control block. */
export function writeControl(memory: LinearMemory, address: RawAddress, facts: ControlFacts): void {
  const values = { ...controlValues(facts), counts_calls: facts.countsCalls ? 1 : 0 };
  for (const [name, value] of Object.entries(values)) {
    memory.u32[address / 4 + CONTROL[name as keyof typeof CONTROL]] = value;
  }
}

/**
 * Reads who the allocator at `address` is.
 *
 * @throws {MemoryError} when there is none.
 */
export function readControl(memory: LinearMemory, address: RawAddress): ControlFacts {
  const block = readStruct(memory.u32, controlBlock(2 ** 27, false), address);
  const known = profiles.some(
    ({ version, model }) =>
      version === `${block.version_major}.${block.version_minor}` &&
      model.pointerBytes === block.pointer_bytes,
  );
  if (address % 4 !== 0 || block.magic !== MAGIC || !known) {
    throw new MemoryError(`There is no pymalloc at ${formatAddress(address)}.`, address, {
      details: ["Give the address property of the allocator that was made in this memory."],
    });
  }
  const model = block.pointer_bytes === lp64.pointerBytes ? lp64 : ilp32;
  const profile = withGeometry(profileFor(`${block.version_major}.${block.version_minor}`, model), {
    arenaBytes: block.arena_bytes,
    poolBytes: block.pool_bytes,
    alignmentBytes: block.alignment_bytes,
    smallRequestThreshold: block.small_request_threshold,
  });
  const kept = block.kept_empty_arenas;
  return {
    stateAddress: block.state as RawAddress,
    profile,
    rules: {
      keptEmptyArenas: kept === NO_RULE ? undefined : kept,
      fullestFirst: block.fullest_first !== 0,
      returnFreePools: block.return_free_pools !== 0,
    },
    countsCalls: block.counts_calls !== 0,
  };
}
