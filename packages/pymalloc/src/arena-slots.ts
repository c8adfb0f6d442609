// arenas[]: a slot for each arena, those without one in a list. Here arenas come from the system and go back to it.

import { formatAddress, MemoryError, type Profile, type RawAddress, rawAddress } from "@obmalloc/abi";
import type { LinearMemory, RawAllocator } from "@obmalloc/raw-heap";
import type { ArenaAllocator } from "./arena-allocator.ts";
import type { ArenaHistory } from "./arena-history.ts";
import type { ArenaMembership } from "./arena-membership.ts";
import { obmallocState } from "./state-layout.ts";
import { type WordOffsets, wordOffsets } from "./word-offsets.ts";

/** An arena allocator gave something that cannot be an arena. */
export class ArenaAddressError extends MemoryError {
  override readonly name = "ArenaAddressError";

  constructor(address: number, sizeBytes: number) {
    super(`The arena allocator gave ${formatAddress(address)} for an arena of ${sizeBytes} bytes.`, address, {
      details: ["An arena has to lie in the allocator's memory, at a multiple of the pointer size."],
    });
  }
}

export interface ArenaSlotsOptions {
  readonly memory: LinearMemory;
  readonly profile: Profile;
  /** Gives `arenas[]` its memory. */
  readonly raw: RawAllocator;
  readonly allocator: ArenaAllocator;
  readonly membership: ArenaMembership;
  readonly history: ArenaHistory | undefined;
  readonly stateAddress: RawAddress;
}

/**
 * `arenas[]` and `unused_arena_objects`, the list of its slots without an arena, last freed first.
 *
 * Arena objects are named by their word, 0 = none.
 * @see CPython 3.13 Objects/obmalloc.c, new_arena, insert_to_freepool
 */
export class ArenaSlots {
  /** May be exchanged at any time, as in C. */
  allocator: ArenaAllocator;
  declare private words: Uint32Array;
  declare private readonly memory: LinearMemory;
  declare private readonly raw: RawAllocator;
  declare private readonly membership: ArenaMembership;
  declare private readonly history: ArenaHistory | undefined;
  declare private readonly arenaBytes: number;
  declare private readonly poolBytes: number;
  declare private readonly pointerBytes: number;
  declare private readonly initialArenaObjects: number;
  // Words of the state.
  declare private readonly arenas: number;
  declare private readonly maxarenas: number;
  declare private readonly unusedArenaObjects: number;
  declare private readonly current: number;
  declare private readonly total: number;
  declare private readonly highwater: number;
  // Offsets in an arena object, and its words.
  declare private readonly offsets: WordOffsets["arena"];
  declare private readonly arenaWords: number;

  constructor(options: ArenaSlotsOptions) {
    const { memory, profile, stateAddress } = options;
    this.allocator = options.allocator;
    this.words = memory.u32;
    this.memory = memory;
    this.raw = options.raw;
    this.membership = options.membership;
    this.history = options.history;
    this.arenaBytes = profile.pymalloc.arenaBytes;
    this.poolBytes = profile.pymalloc.poolBytes;
    this.pointerBytes = profile.model.pointerBytes;
    this.initialArenaObjects = profile.pymalloc.initialArenaObjects;
    const state = obmallocState(profile).offsets;
    this.arenas = (stateAddress + state.arenas) >>> 2;
    this.maxarenas = (stateAddress + state.maxarenas) >>> 2;
    this.unusedArenaObjects = (stateAddress + state.unused_arena_objects) >>> 2;
    this.current = (stateAddress + state.narenas_currently_allocated) >>> 2;
    this.total = (stateAddress + state.ntimes_arena_allocated) >>> 2;
    this.highwater = (stateAddress + state.narenas_highwater) >>> 2;
    const { arena, arenaWords } = wordOffsets(profile.model);
    this.offsets = arena;
    this.arenaWords = arenaWords;
    memory.onGrow(() => {
      this.words = memory.u32;
    });
  }

  /** Arenas allocated at present. */
  get currentCount(): number {
    return this.words[this.current]!;
  }

  /** Times an arena was allocated. */
  get totalCount(): number {
    return this.words[this.total]!;
  }

  /** The largest number of arenas at one time. */
  get highwaterCount(): number {
    return this.words[this.highwater]!;
  }

  /** The slot of an arena object. */
  indexOf(arena: number): number {
    return (arena - (this.words[this.arenas]! >>> 2)) / this.arenaWords;
  }

  /** Address of the first pool of an arena. */
  firstPool(arena: number): number {
    const base = this.words[arena + this.offsets.address]!;
    return base + ((this.poolBytes - (base % this.poolBytes)) % this.poolBytes);
  }

  /** Maps an arena and gives it a slot (`new_arena`); 0 when there is no memory for either. */
  occupy(): number {
    if (this.words[this.unusedArenaObjects] === 0 && !this.grow()) return 0;
    const { allocator } = this;
    const base = allocator.alloc(allocator.ctx, this.arenaBytes);
    if (base === 0) return 0;
    this.checkBase(base);
    if (!this.membership.mark(base)) {
      allocator.free(allocator.ctx, base, this.arenaBytes);
      return 0;
    }
    const words = this.words; // these calls may have grown the memory
    const arena = words[this.unusedArenaObjects]! >>> 2;
    const { address, pool_address, nfreepools, ntotalpools, freepools, nextarena } = this.offsets;
    words[this.unusedArenaObjects] = words[arena + nextarena]!;
    words[arena + address] = base;
    const firstPool = this.firstPool(arena);
    const pools = Math.floor((base + this.arenaBytes - firstPool) / this.poolBytes);
    words[arena + pool_address] = firstPool;
    words[arena + nfreepools] = pools;
    words[arena + ntotalpools] = pools;
    words[arena + freepools] = 0;
    words[this.total]!++;
    const current = ++words[this.current]!;
    if (current > words[this.highwater]!) words[this.highwater] = current;
    this.history?.note("mapped", base, current);
    return arena;
  }

  /** Gives an arena back to the system; its slot is the next one to be used. */
  release(arena: number): void {
    const words = this.words;
    const { address, nextarena } = this.offsets;
    words[arena + nextarena] = words[this.unusedArenaObjects]!;
    words[this.unusedArenaObjects] = arena << 2;
    const base = words[arena + address]!;
    this.membership.unmark(base);
    words[arena + address] = 0;
    const current = --words[this.current]!;
    this.history?.note("released", base, current);
    this.allocator.free(this.allocator.ctx, base, this.arenaBytes);
  }

  /** Gives the memory of one pool back, which reads as 0 from then on; its addresses stay the arena's. */
  discard(pool: number, sizeBytes: number): void {
    if (!this.memory.discard(pool, sizeBytes)) this.memory.u8.fill(0, pool, pool + sizeBytes);
  }

  private checkBase(base: number): void {
    const inside = base > 0 && base + this.arenaBytes <= this.memory.byteLength;
    if (inside && base % this.pointerBytes === 0) return;
    throw new ArenaAddressError(base, this.arenaBytes);
  }

  /** Doubles `arenas[]`. Nothing points into it then: every arena is full, and no slot is unused. */
  private grow(): boolean {
    const count = this.words[this.maxarenas]!;
    const newCount = count === 0 ? this.initialArenaObjects : count * 2;
    const slotBytes = this.arenaWords * 4;
    const table = this.raw.realloc(rawAddress(this.words[this.arenas]!), newCount * slotBytes);
    if (table === 0) return false;
    const words = this.words; // realloc may have grown the memory
    this.memory.u8.fill(0, table + count * slotBytes, table + newCount * slotBytes);
    for (let index = count; index < newCount; index++) {
      const slot = table + index * slotBytes;
      words[(slot >>> 2) + this.offsets.nextarena] = index + 1 < newCount ? slot + slotBytes : 0;
    }
    words[this.arenas] = table;
    words[this.maxarenas] = newCount;
    words[this.unusedArenaObjects] = table + count * slotBytes;
    return true;
  }
}
