// The allocator's memory as plain values, for everything that looks and does not allocate. All walks are bounded, so
// that they end on damaged memory too.

import {
  arenaObject,
  type BlockAddress,
  blockAddress,
  classBytes,
  maxPoolsInArena,
  type PoolAddress,
  type Profile,
  poolAddress,
  poolCapacity,
  poolHeader,
  poolOverheadBytes,
  type RawAddress,
  readStruct,
  roundUp,
  sizeClassCount,
} from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";
import { type PoolMapWords, poolMapWords, readPoolBit } from "./pool-map.ts";
import { obmallocState } from "./state-layout.ts";
import type { Rules } from "./variations.ts";

/** What to look at. */
export interface Machine {
  readonly memory: LinearMemory;
  readonly profile: Profile;
  readonly rules: Rules;
  /** Where the control block lies. */
  readonly address: RawAddress;
  /** Where `struct _obmalloc_state` lies. */
  readonly stateAddress: RawAddress;
}

/** A slot of `arenas[]`, and the address of its struct. */
export type ArenaSlot = Readonly<
  Record<keyof ReturnType<typeof arenaObject>["offsets"] | "index" | "object", number>
>;

/** A pool header, and the address of the pool. */
export type PoolView = { readonly pool: PoolAddress } & Readonly<
  Record<keyof ReturnType<typeof poolHeader>["offsets"], number>
>;

/** A linked list up to its end, or to the first link that cannot be followed. */
export interface Walk<Item> {
  readonly items: readonly Item[];
  /** The link that leads to nothing of its kind, or back to an item; undefined when the list ends well. */
  readonly badLink: { readonly at: number; readonly to: number } | undefined;
}

export class StateView {
  readonly profile: Profile;
  readonly memory: LinearMemory;
  readonly rules: Rules;
  readonly address: RawAddress;
  readonly stateAddress: RawAddress;
  readonly poolMap: PoolMapWords;
  readonly layout: ReturnType<typeof obmallocState>;
  /** The scalar fields of the state. */
  readonly state: ReturnType<typeof readStruct<keyof ReturnType<typeof obmallocState>["offsets"]>>;
  /** All slots of `arenas[]`; none when the table does not lie in the memory. */
  readonly slots: readonly ArenaSlot[];
  private readonly pointerBytes: number;
  readonly arenaLayout: ReturnType<typeof arenaObject>;
  private readonly poolLayout: ReturnType<typeof poolHeader>;

  constructor({ memory, profile, rules, address, stateAddress }: Machine) {
    memory.refresh();
    this.profile = profile;
    this.memory = memory;
    this.rules = rules;
    this.address = address;
    this.stateAddress = stateAddress;
    this.poolMap = poolMapWords(address, profile.pymalloc.poolBytes);
    this.layout = obmallocState(profile);
    this.state = readStruct(memory.u32, this.layout, stateAddress);
    this.pointerBytes = profile.model.pointerBytes;
    this.arenaLayout = arenaObject(profile.model);
    this.poolLayout = poolHeader(profile.model);
    this.slots = this.tableFits() ? this.readSlots() : [];
  }

  /** Whether `arenas[]` can be what the state says: inside the memory, with at most twice the slots it has room for. */
  tableFits(): boolean {
    const { arenas, maxarenas } = this.state;
    const { arenaBytes, initialArenaObjects } = this.profile.pymalloc;
    const mostSlots = Math.max(initialArenaObjects, 2 * Math.ceil(this.memory.byteLength / arenaBytes));
    const end = arenas + maxarenas * this.arenaLayout.sizeBytes;
    const found = arenas % 4 === 0 && (arenas !== 0 || maxarenas === 0);
    return found && maxarenas <= mostSlots && end <= this.memory.byteLength;
  }

  /** The slots that have an arena. */
  arenas(): readonly ArenaSlot[] {
    return this.slots.filter((slot) => slot.address !== 0);
  }

  /** The slot whose struct is at `object`; undefined for NULL and for what is no slot. */
  slotAt(object: number): ArenaSlot | undefined {
    return this.slots[(object - this.state.arenas) / this.arenaLayout.sizeBytes];
  }

  /** The struct's address of the last arena with `count` free pools, as `nfp2lasta` has it. */
  finger(count: number): number {
    return this.pointer(this.fingerAddress(count));
  }

  /** Where nfp2lasta[count] lies. */
  fingerAddress(count: number): number {
    return this.stateAddress + this.layout.offsets.nfp2lasta + count * this.pointerBytes;
  }

  /** Pool headers that the ring of a class is anchored in: the address that its two ends hold when it is empty. */
  ringAnchor(szidx: number): number {
    const ring = this.stateAddress + this.layout.offsets.used + 2 * szidx * this.pointerBytes;
    return ring - this.poolLayout.offsets.nextpool;
  }

  /** The pools of a class's ring from the front, up to a link that leads to no pool, or back. */
  ring(szidx: number): Walk<PoolAddress> {
    const anchor = this.ringAnchor(szidx);
    const next = this.poolLayout.offsets.nextpool;
    return this.walk(anchor + next, anchor, (link) => {
      const pool = poolAddress(link);
      return this.isCarvedPool(pool) ? { item: pool, linkAt: pool + next } : undefined;
    });
  }

  /** Follows arena objects from the pointer at `headAt`, up to a link that leads to no slot, or back. */
  arenaList(headAt: number): Walk<ArenaSlot> {
    return this.walk(headAt, 0, (link) => {
      const item = this.slotAt(link);
      return item && { item, linkAt: item.object + this.arenaLayout.offsets.nextarena };
    });
  }

  /** The arenas that have free pools, in their order. */
  usableArenas(): Walk<ArenaSlot> {
    return this.arenaList(this.stateAddress + this.layout.offsets.usable_arenas);
  }

  /** The slots without an arena, in the order of their next use. */
  unusedSlots(): Walk<ArenaSlot> {
    return this.arenaList(this.stateAddress + this.layout.offsets.unused_arena_objects);
  }

  /** The free pools of an arena from the front, up to a link that leads to no pool of it, or back. */
  freePools(arena: ArenaSlot): Walk<PoolAddress> {
    const carved = new Set<number>(this.carvedPools(arena));
    const next = this.poolLayout.offsets.nextpool;
    return this.walk(arena.object + this.arenaLayout.offsets.freepools, 0, (link) =>
      carved.has(link) ? { item: poolAddress(link), linkAt: link + next } : undefined,
    );
  }

  /** Address of the first pool of an arena. */
  firstPool(arena: ArenaSlot): number {
    return roundUp(arena.address, this.profile.pymalloc.poolBytes);
  }

  /** The pools that have been carved, by address; without those whose memory went back. */
  carvedPools(arena: ArenaSlot): PoolAddress[] {
    const pools = this.poolsBelowCarving(arena);
    return this.rules.returnFreePools ? pools.filter((pool) => !this.isReturned(pool)) : pools;
  }

  /** The pools whose memory went back, by address. */
  returnedPools(arena: ArenaSlot): PoolAddress[] {
    if (!this.rules.returnFreePools) return [];
    return this.poolsBelowCarving(arena).filter((pool) => this.isReturned(pool));
  }

  /** How many pools fit in an arena. */
  poolCount(arena: ArenaSlot): number {
    const { arenaBytes, poolBytes } = this.profile.pymalloc;
    return Math.floor((arena.address + arenaBytes - this.firstPool(arena)) / poolBytes);
  }

  /** The header of a pool. */
  pool(pool: PoolAddress): PoolView {
    return { pool, ...readStruct(this.memory.u32, this.poolLayout, pool) };
  }

  /** The free list of a pool of a valid size class. */
  freeList(view: PoolView): Walk<BlockAddress> {
    const sizeBytes = classBytes(this.profile, view.szidx);
    const firstBlock = view.pool + poolOverheadBytes(this.profile);
    const capacity = poolCapacity(this.profile, view.szidx);
    return this.walk(view.pool + this.poolLayout.offsets.freeblock, 0, (link) => {
      const index = (link - firstBlock) / sizeBytes;
      const onGrid = Number.isInteger(index) && index >= 0 && index < capacity;
      return onGrid ? { item: blockAddress(link), linkAt: link } : undefined;
    });
  }

  /** The low word of the pointer at `address`. */
  pointer(address: number): number {
    return this.memory.u32[address / 4] ?? 0;
  }

  /** Whether `szidx` is a size class of the profile. */
  isSizeClass(szidx: number): boolean {
    return szidx < sizeClassCount(this.profile);
  }

  private poolsBelowCarving(arena: ArenaSlot): PoolAddress[] {
    const { poolBytes } = this.profile.pymalloc;
    const first = this.firstPool(arena);
    const carved = Math.min((arena.pool_address - first) / poolBytes, maxPoolsInArena(this.profile));
    const pools: PoolAddress[] = [];
    for (let index = 0; index < carved; index++) pools.push(poolAddress(first + index * poolBytes));
    return pools;
  }

  private isReturned(pool: PoolAddress): boolean {
    const { poolBytes } = this.profile.pymalloc;
    return readPoolBit(this.memory.u32, this.poolMap.returned, pool, poolBytes);
  }

  /**
   * Follows links from the one at `at` until one is `end`. `resolve` gives what a link leads to and where the next link
   * lies; undefined ends the walk, and so does an item that was there before, so that it is never endless.
   */
  private walk<Item>(
    at: number,
    end: number,
    resolve: (link: number) => { readonly item: Item; readonly linkAt: number } | undefined,
  ): Walk<Item> {
    const seen = new Set<Item>();
    let linkAt = at;
    for (;;) {
      const link = this.pointer(linkAt);
      if (link === end) return { items: [...seen], badLink: undefined };
      const found = resolve(link);
      if (found === undefined || seen.has(found.item)) {
        return { items: [...seen], badLink: { at: linkAt, to: link } };
      }
      seen.add(found.item);
      linkAt = found.linkAt;
    }
  }

  private isCarvedPool(pool: PoolAddress): boolean {
    const { arenaindex } = readStruct(this.memory.u32, this.poolLayout, pool);
    const arena = this.slots[arenaindex];
    if (arena === undefined || arena.address === 0) return false;
    const first = this.firstPool(arena);
    return (
      pool >= first && pool < arena.pool_address && (pool - first) % this.profile.pymalloc.poolBytes === 0
    );
  }

  private readSlots(): ArenaSlot[] {
    return Array.from({ length: this.state.maxarenas }, (_, index) => {
      const object = this.state.arenas + index * this.arenaLayout.sizeBytes;
      return { index, object, ...readStruct(this.memory.u32, this.arenaLayout, object) };
    });
  }
}
