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
  type RawAddress,
  readStruct,
  roundUp,
  sizeClassCount,
} from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";
import { obmallocState } from "./state-layout.ts";

/** What to look at. */
export interface Machine {
  readonly memory: LinearMemory;
  readonly profile: Profile;
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

/** Blocks of a free list up to the first link that cannot be followed. */
export interface FreeList {
  readonly blocks: readonly BlockAddress[];
  /** The link that leads out of the pool or off its grid of blocks, or back to a block; 0 when the list ends well. */
  readonly badLink: number;
}

export class StateView {
  readonly profile: Profile;
  readonly memory: LinearMemory;
  readonly stateAddress: RawAddress;
  readonly layout: ReturnType<typeof obmallocState>;
  /** The scalar fields of the state. */
  readonly state: ReturnType<typeof readStruct<keyof ReturnType<typeof obmallocState>["offsets"]>>;
  /** All slots of `arenas[]`; none when the table does not lie in the memory. */
  readonly slots: readonly ArenaSlot[];
  private readonly pointerBytes: number;
  private readonly arenaLayout: ReturnType<typeof arenaObject>;
  private readonly poolLayout: ReturnType<typeof poolHeader>;

  constructor({ memory, profile, stateAddress }: Machine) {
    this.profile = profile;
    this.memory = memory;
    this.stateAddress = stateAddress;
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
    return this.pointer(this.stateAddress + this.layout.offsets.nfp2lasta + count * this.pointerBytes);
  }

  /** Pool headers that the ring of a class is anchored in: the address that its two ends hold when it is empty. */
  ringAnchor(szidx: number): number {
    const ring = this.stateAddress + this.layout.offsets.used + 2 * szidx * this.pointerBytes;
    return ring - this.poolLayout.offsets.nextpool;
  }

  /** The pools of a class's ring from the front, up to a link that leads to no pool, or back. */
  ring(szidx: number): { readonly pools: readonly PoolAddress[]; readonly badLink: number } {
    const anchor = this.ringAnchor(szidx);
    const seen = new Set<PoolAddress>();
    let link = this.nextPool(anchor);
    while (link !== anchor) {
      const pool = poolAddress(link);
      if (seen.has(pool) || !this.isCarvedPool(pool)) return { pools: [...seen], badLink: link };
      seen.add(pool);
      link = this.nextPool(link);
    }
    return { pools: [...seen], badLink: 0 };
  }

  /** Follows arena objects from `head`, up to a link that leads to no slot, or back. */
  arenaList(head: number): { readonly slots: readonly ArenaSlot[]; readonly badLink: number } {
    const seen = new Set<ArenaSlot>();
    let link = head;
    while (link !== 0) {
      const slot = this.slotAt(link);
      if (slot === undefined || seen.has(slot)) return { slots: [...seen], badLink: link };
      seen.add(slot);
      link = slot.nextarena;
    }
    return { slots: [...seen], badLink: 0 };
  }

  /** The free pools of an arena from the front, up to a link that leads to no pool of it, or back. */
  freePools(arena: ArenaSlot): { readonly pools: readonly PoolAddress[]; readonly badLink: number } {
    const carved = new Set<number>(this.carvedPools(arena));
    const seen = new Set<PoolAddress>();
    let link = arena.freepools;
    while (link !== 0) {
      const pool = poolAddress(link);
      if (seen.has(pool) || !carved.has(pool)) return { pools: [...seen], badLink: link };
      seen.add(pool);
      link = this.nextPool(link);
    }
    return { pools: [...seen], badLink: 0 };
  }

  /** Address of the first pool of an arena. */
  firstPool(arena: ArenaSlot): number {
    return roundUp(arena.address, this.profile.pymalloc.poolBytes);
  }

  /** The pools that have been carved, by address. */
  carvedPools(arena: ArenaSlot): PoolAddress[] {
    const { poolBytes } = this.profile.pymalloc;
    const first = this.firstPool(arena);
    const carved = Math.min((arena.pool_address - first) / poolBytes, maxPoolsInArena(this.profile));
    const pools: PoolAddress[] = [];
    for (let index = 0; index < carved; index++) pools.push(poolAddress(first + index * poolBytes));
    return pools;
  }

  /** The header of a pool. */
  pool(pool: PoolAddress): PoolView {
    return { pool, ...readStruct(this.memory.u32, this.poolLayout, pool) };
  }

  /** The free list of a pool of a valid size class. */
  freeList(view: PoolView): FreeList {
    const sizeBytes = classBytes(this.profile, view.szidx);
    const firstBlock = view.pool + this.profile.pymalloc.poolBytes - this.usableBytes();
    const capacity = poolCapacity(this.profile, view.szidx);
    const seen = new Set<BlockAddress>();
    let link = view.freeblock;
    while (link !== 0) {
      const index = (link - firstBlock) / sizeBytes;
      const onGrid = Number.isInteger(index) && index >= 0 && index < capacity;
      if (!onGrid || seen.has(blockAddress(link))) return { blocks: [...seen], badLink: link };
      seen.add(blockAddress(link));
      link = this.pointer(link);
    }
    return { blocks: [...seen], badLink: 0 };
  }

  /** The low word of the pointer at `address`. */
  pointer(address: number): number {
    return this.memory.u32[address / 4] ?? 0;
  }

  /** Whether `szidx` is a size class of the profile. */
  isSizeClass(szidx: number): boolean {
    return szidx < sizeClassCount(this.profile);
  }

  private usableBytes(): number {
    const { poolBytes, alignmentBytes } = this.profile.pymalloc;
    return poolBytes - roundUp(this.poolLayout.sizeBytes, alignmentBytes);
  }

  private nextPool(pool: number): number {
    return this.pointer(pool + this.poolLayout.offsets.nextpool);
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
