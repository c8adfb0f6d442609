// An engine's snapshots as a heap of arenas: one moment for each step.

import { type ArenaHeap, BlockKind, type BlockLife, type Field, PoolKind } from "../tape/arena-heap.ts";
import { ABSENT, firstPool, type HeapGeometry, poolsPerArena } from "../tape/heap-tape.ts";
import type { ArenasFrame, Frame, SnapshotPool } from "./frame.ts";

type HeapStep = Frame & { readonly heap: ArenasFrame };

const KIND_OF: Readonly<Record<SnapshotPool["state"], number>> = {
  used: PoolKind.used,
  full: PoolKind.full,
  free: PoolKind.free,
  uncarved: PoolKind.uncarved,
  returned: PoolKind.free,
};

export class SnapshotHeap implements ArenaHeap {
  readonly geometry: HeapGeometry;
  readonly rows: number;
  readonly poolsPerArena: number;
  readonly kinds: Uint8Array;
  readonly classes: Uint8Array;
  readonly liveBlocks: Uint16Array;
  readonly liveBytes: Uint32Array;
  readonly stamps: Uint32Array;
  readonly lines: readonly string[];
  readonly hasBlocks = true;
  readonly hasUnknownLines = false;
  version = 0;
  event = -1;

  private readonly steps: readonly HeapStep[];
  private readonly bases: readonly number[];
  private readonly poolsAt: (SnapshotPool | undefined)[];
  private readonly freeSets = new WeakMap<SnapshotPool, ReadonlySet<number>>();
  private live = new Uint8Array(0);

  /** @param steps all of one geometry. */
  constructor(steps: readonly HeapStep[]) {
    this.steps = steps;
    this.geometry = steps[0]!.heap.geometry;
    const bases = new Set(steps.flatMap(({ heap }) => heap.arenas.map(({ base }) => base)));
    this.bases = [...bases].sort((a, b) => a - b);
    this.rows = this.bases.length;
    this.poolsPerArena = poolsPerArena(this.geometry);
    const count = this.rows * this.poolsPerArena;
    this.kinds = new Uint8Array(count);
    this.classes = new Uint8Array(count);
    this.liveBlocks = new Uint16Array(count);
    this.liveBytes = new Uint32Array(count);
    this.stamps = new Uint32Array(count);
    this.poolsAt = new Array(count).fill(undefined);
    const owners = steps.flatMap(({ heap }) => [...(heap.owners?.values() ?? []), heap.otherOwner ?? ""]);
    this.lines = [...new Set(owners)].filter((owner) => owner !== "");
  }

  seek(step: number): void {
    if (step === this.event) return;
    this.event = step;
    this.version++;
    this.kinds.fill(PoolKind.absent);
    this.classes.fill(ABSENT);
    this.liveBlocks.fill(0);
    this.liveBytes.fill(0);
    this.stamps.fill(this.version);
    this.poolsAt.fill(undefined);
    for (const { base, pools } of this.frame.arenas) {
      const first = this.bases.indexOf(base) * this.poolsPerArena;
      for (const [index, pool] of pools.entries()) {
        const at = first + index;
        this.poolsAt[at] = pool;
        this.kinds[at] = KIND_OF[pool.state];
        this.classes[at] = pool.count === 0 ? ABSENT : (pool.szidx ?? ABSENT);
        this.liveBlocks[at] = pool.count;
        this.liveBytes[at] = pool.count * pool.blockBytes;
      }
    }
  }

  baseOf(row: number): number {
    return this.bases[row]!;
  }

  poolAddress(pool: number): number {
    const row = Math.floor(pool / this.poolsPerArena);
    return firstPool(this.bases[row]!, this.geometry) + (pool % this.poolsPerArena) * this.geometry.poolBytes;
  }

  /** The pool at an address; undefined where none ever is. */
  poolOf(address: number): number | undefined {
    for (let pool = 0; pool < this.kinds.length; pool++) if (this.poolAddress(pool) === address) return pool;
    return undefined;
  }

  blockKinds(pool: number): Uint8Array {
    const snapshot = this.poolsAt[pool];
    if (snapshot === undefined || this.classes[pool] === ABSENT) return this.live.subarray(0, 0);
    return this.kindsOf(snapshot);
  }

  blockAges(pool: number): Int32Array {
    const kinds = this.blockKinds(pool);
    const addresses = this.poolAddress(pool) + this.geometry.headerBytes;
    const bytes = this.poolsAt[pool]?.blockBytes ?? 0;
    return Int32Array.from(kinds, (kind, block) =>
      kind === BlockKind.live ? this.event - this.bornIn(addresses + block * bytes, pool) : -1,
    );
  }

  blockLines(pool: number): Int32Array {
    const { owners, otherOwner = "" } = this.frame;
    const other = this.lines.indexOf(otherOwner);
    const start = this.poolAddress(pool) + this.geometry.headerBytes;
    const bytes = this.poolsAt[pool]?.blockBytes ?? 0;
    return Int32Array.from(this.blockKinds(pool), (kind, block) => {
      const owner = kind === BlockKind.live ? owners?.get(start + block * bytes) : undefined;
      return kind !== BlockKind.live ? -1 : owner === undefined ? other : this.lines.indexOf(owner);
    });
  }

  life(pool: number, block: number): BlockLife | undefined {
    const snapshot = this.poolsAt[pool];
    if (snapshot === undefined || this.blockKinds(pool)[block] !== BlockKind.live) return undefined;
    const address = this.poolAddress(pool) + this.geometry.headerBytes + block * snapshot.blockBytes;
    const name = this.frame.names?.get(address);
    const owner = this.frame.owners?.get(address) ?? this.frame.otherOwner;
    const end = this.diesIn(address, pool);
    return {
      address,
      sizeBytes: 0,
      born: this.stepText(this.bornIn(address, pool)),
      died: end === undefined ? undefined : this.stepText(end),
      stack: owner === undefined ? [] : [owner],
      ...(name === undefined ? {} : { name }),
    };
  }

  freeList(pool: number): readonly number[] | undefined {
    const snapshot = this.poolsAt[pool];
    if (snapshot === undefined || this.classes[pool] === ABSENT) return undefined;
    const start = snapshot.address + this.geometry.headerBytes;
    return snapshot.freeBlocks.map((address) => (address - start) / snapshot.blockBytes);
  }

  header(pool: number): readonly Field[] {
    return this.frame.headers?.get(this.poolAddress(pool)) ?? [];
  }

  bytes(address: number, length: number): Uint8Array | undefined {
    for (const { address: start, data } of this.frame.contents ?? []) {
      if (address < start || address + length > start + data.length) continue;
      return data.subarray(address - start, address - start + length);
    }
    return undefined;
  }

  private get frame(): ArenasFrame {
    return this.steps[Math.max(0, Math.min(this.steps.length - 1, this.event))]!.heap;
  }

  private stepText(step: number): string {
    return `step ${step}, ${this.steps[step]!.call}`;
  }

  private kindsOf(snapshot: SnapshotPool): Uint8Array {
    const { capacity, blockBytes, nextoffset, address, freeBlocks } = snapshot;
    if (this.live.length < capacity) this.live = new Uint8Array(capacity);
    const kinds = this.live.subarray(0, capacity);
    const { headerBytes } = this.geometry;
    const carved = Math.min(capacity, (nextoffset - headerBytes) / blockBytes);
    kinds.fill(BlockKind.live, 0, carved);
    kinds.fill(BlockKind.fresh, carved);
    for (const block of freeBlocks) kinds[(block - address - headerBytes) / blockBytes] = BlockKind.free;
    return kinds;
  }

  /** The step from which on the block has been in use. */
  private bornIn(address: number, pool: number): number {
    let step = this.event;
    while (step > 0 && this.isLive(step - 1, address, pool)) step--;
    return step;
  }

  private diesIn(address: number, pool: number): number | undefined {
    for (let step = this.event + 1; step < this.steps.length; step++)
      if (!this.isLive(step, address, pool)) return step;
    return undefined;
  }

  private freeSetOf(snapshot: SnapshotPool): ReadonlySet<number> {
    let set = this.freeSets.get(snapshot);
    if (set === undefined) {
      set = new Set(snapshot.freeBlocks);
      this.freeSets.set(snapshot, set);
    }
    return set;
  }

  private isLive(step: number, address: number, pool: number): boolean {
    const base = this.bases[Math.floor(pool / this.poolsPerArena)];
    const arena = this.steps[step]!.heap.arenas.find((one) => one.base === base);
    const snapshot = arena?.pools[pool % this.poolsPerArena];
    if (snapshot === undefined || snapshot.count === 0) return false;
    const offset = address - snapshot.address - this.geometry.headerBytes;
    const isOfThisClass = offset % snapshot.blockBytes === 0;
    const isCarved = address < snapshot.address + snapshot.nextoffset;
    return isOfThisClass && isCarved && !this.freeSetOf(snapshot).has(address);
  }
}
