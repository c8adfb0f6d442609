// A tape as a heap of arenas: what the picture asks of one moment, answered from the lives of its blocks.

import { addressText, countText } from "../format.ts";
import { type ArenaHeap, BlockKind, type BlockLife, type Field, PoolKind } from "./arena-heap.ts";
import {
  ABSENT,
  capacityOf,
  classBytes,
  FULL,
  firstPool,
  type HeapGeometry,
  type HeapTape,
  NEVER,
  stackLines,
} from "./heap-tape.ts";
import { type LineRanks, rankingLines } from "./line-ranks.ts";
import { type LivesByPool, sortingByPool } from "./lives-by-pool.ts";
import { finish } from "./slices.ts";
import { lowerBound, mappedRows, TapeState } from "./tape-state.ts";

/** Pools whose header and free list were derived, until the moment changes. */
interface PoolPast {
  /** Index of the first block that was never handed out. */
  readonly fresh: number;
  readonly freeList: readonly number[];
}

/** The pool after the events of the past, as pymalloc would have left it: its free list is a stack, refilled one by one. */
export class TapeHeap implements ArenaHeap {
  readonly tape: HeapTape;
  readonly geometry: HeapGeometry;
  readonly rows: number;
  readonly poolsPerArena: number;
  readonly kinds: Uint8Array;
  readonly hasUnknownLines = true;

  private readonly state: TapeState;
  /** Places before the first block of a pool. */
  private readonly headerUnits: number;
  private ranks: LineRanks | undefined;
  private readonly scratch: { kinds: Uint8Array; numbers: Int32Array };
  private readonly pasts = new Map<number, PoolPast>();
  private byPool: LivesByPool | undefined;
  private readonly filmBytes: Uint32Array;
  private readonly noBlocks: Uint16Array;
  private since: Uint32Array = new Uint32Array(0);
  private filmed: NonNullable<HeapTape["film"]>["moments"][number] | undefined;

  constructor(tape: HeapTape) {
    this.tape = tape;
    this.geometry = tape.geometry;
    this.state = new TapeState(tape);
    this.headerUnits = this.geometry.headerBytes / this.geometry.alignmentBytes;
    this.rows = tape.arenas.bases.length;
    this.poolsPerArena = this.state.pools;
    this.kinds = new Uint8Array(this.rows * this.poolsPerArena);
    const filmPools = tape.film === undefined ? 0 : this.kinds.length;
    this.filmBytes = new Uint32Array(filmPools);
    this.noBlocks = new Uint16Array(filmPools);
    const most = capacityOf(this.geometry.alignmentBytes, this.geometry);
    this.scratch = { kinds: new Uint8Array(most), numbers: new Int32Array(most) };
  }

  get version(): number {
    return this.state.version;
  }

  get stamps(): Uint32Array {
    return this.state.stamps;
  }

  get event(): number {
    return this.state.event;
  }

  get classes(): Uint8Array {
    return this.filmed === undefined || this.hasBlocks ? this.state.classes : this.filmed.classes;
  }

  get liveBlocks(): Uint16Array {
    return this.hasBlocks ? this.state.liveBlocks : this.noBlocks;
  }

  get liveBytes(): Uint32Array {
    return this.hasBlocks ? this.state.liveBytes : this.filmBytes;
  }

  get hasBlocks(): boolean {
    return this.filmed?.hasBlocks ?? true;
  }

  /** Lines of source, those that hold most first. */
  get lines(): readonly string[] {
    return this.ranked().lines;
  }

  /** Goes to the state after the events before `event`; with a film, to its moment nearest to it. */
  seek(event: number): void {
    finish(this.seeking(event));
  }

  /** As {@link seek}, in slices: between two of them the heap is at no moment, and not to be asked. */
  *seeking(event: number): Generator<void, void> {
    const moments = this.tape.film?.moments;
    this.filmed = moments?.reduce((best, one) =>
      Math.abs(one.event - event) < Math.abs(best.event - event) ? one : best,
    );
    yield* this.state.seeking(this.filmed?.event ?? event);
    if (this.filmed !== undefined && !this.filmed.hasBlocks) this.fillFromFilm(this.filmed.fill);
    this.pasts.clear();
    const { pools: mapped, since } = mappedRows(this.tape, this.state.event);
    this.since = since;
    for (let pool = 0; pool < this.kinds.length; pool++) this.kinds[pool] = this.kindOf(pool, mapped);
  }

  /** Makes ready, in slices, what would be made at once when it is asked for: the order of lines, and of lives by pool. */
  *preparing(): Generator<void, void> {
    this.ranks ??= yield* rankingLines(this.tape);
    if (this.tape.film === undefined) this.byPool ??= yield* this.sorting();
  }

  baseOf(row: number): number {
    return this.tape.arenas.bases[row]!;
  }

  poolAddress(pool: number): number {
    const row = Math.floor(pool / this.poolsPerArena);
    return firstPool(this.baseOf(row), this.geometry) + (pool % this.poolsPerArena) * this.geometry.poolBytes;
  }

  /** The address of a life's block. */
  addressOf(life: number): number {
    const place = this.tape.lives.place[life]!;
    const pool = place >>> this.state.poolShift;
    const unit = place & ((1 << this.state.poolShift) - 1);
    return this.poolAddress(pool) + unit * this.geometry.alignmentBytes;
  }

  blockKinds(pool: number, tellsFresh: boolean): Uint8Array {
    const { kinds } = this.scratch;
    const count = this.capacity(pool);
    const fresh = tellsFresh && this.tape.film === undefined ? this.past(pool).fresh : count;
    const lives = this.state.livesOf(pool);
    const stride = this.classes[pool]! + 1;
    for (let block = 0, unit = this.headerUnits; block < count; block++, unit += stride) {
      const isLive = lives !== undefined && lives[unit] !== 0;
      kinds[block] = isLive ? BlockKind.live : block < fresh ? BlockKind.free : BlockKind.fresh;
    }
    return kinds.subarray(0, count);
  }

  blockAges(pool: number): Int32Array {
    const { born } = this.tape.lives;
    const ages = this.blockLives(pool);
    const now = this.state.event;
    for (let block = 0; block < ages.length; block++)
      if (ages[block] !== -1) ages[block] = now - born[ages[block]!]!;
    return ages;
  }

  blockLines(pool: number): Int32Array {
    const { stack } = this.tape.lives;
    const { rankOfStack } = this.ranked();
    const lines = this.blockLives(pool);
    for (let block = 0; block < lines.length; block++)
      if (lines[block] !== -1) lines[block] = rankOfStack[stack[lines[block]!]!]!;
    return lines;
  }

  life(pool: number, block: number): BlockLife | undefined {
    const life = this.lifeIn(pool, block);
    if (life < 0) return undefined;
    const { sizeBytes, born, died, stack } = this.tape.lives;
    const end = died[life]!;
    return {
      address: this.blockAddress(pool, block),
      sizeBytes: sizeBytes[life]!,
      born: `event ${countText(born[life]!)}`,
      died: end === NEVER ? undefined : `event ${countText(end)}`,
      stack: stackLines(this.tape.stacks, stack[life]!),
    };
  }

  freeList(pool: number): readonly number[] | undefined {
    if (this.tape.film !== undefined || this.classes[pool] === ABSENT) return undefined;
    return this.past(pool).freeList;
  }

  header(pool: number): readonly Field[] {
    if (this.tape.film !== undefined || this.classes[pool] === ABSENT) return [];
    const values = this.headerValues(pool);
    return this.geometry.header.map((field) => ({ ...field, value: values[field.name] ?? "not recorded" }));
  }

  /** Recordings hold no contents. */
  bytes(): undefined {
    return undefined;
  }

  private headerValues(pool: number): Readonly<Record<string, string>> {
    const { freeList, fresh } = this.past(pool);
    const szidx = this.classes[pool]!;
    const blockBytes = classBytes(szidx, this.geometry);
    const head = freeList[0];
    return {
      ref: String(this.liveBlocks[pool]!),
      freeblock: head === undefined ? "NULL" : addressText(this.blockAddress(pool, head)),
      szidx: String(szidx),
      nextoffset: String(this.geometry.headerBytes + fresh * blockBytes),
      maxnextoffset: String(this.geometry.poolBytes - blockBytes),
    };
  }

  private capacity(pool: number): number {
    const szidx = this.classes[pool]!;
    return szidx === ABSENT ? 0 : capacityOf(classBytes(szidx, this.geometry), this.geometry);
  }

  private blockAddress(pool: number, block: number): number {
    return (
      this.poolAddress(pool) +
      this.geometry.headerBytes +
      block * classBytes(this.classes[pool]!, this.geometry)
    );
  }

  private lifeIn(pool: number, block: number): number {
    const unit = this.headerUnits + block * (this.classes[pool]! + 1);
    return (this.state.livesOf(pool)?.[unit] ?? 0) - 1;
  }

  /** By block: its life, or -1; the array is the next call's, too. */
  private blockLives(pool: number): Int32Array {
    const count = this.capacity(pool);
    const numbers = this.scratch.numbers.subarray(0, count);
    const lives = this.state.livesOf(pool);
    if (lives === undefined) return numbers.fill(-1);
    const stride = this.classes[pool]! + 1;
    for (let block = 0, unit = this.headerUnits; block < count; block++, unit += stride)
      numbers[block] = lives[unit]! - 1;
    return numbers;
  }

  private kindOf(pool: number, mapped: Uint8Array): number {
    const row = Math.floor(pool / this.poolsPerArena);
    if (pool - row * this.poolsPerArena >= mapped[row]!) return PoolKind.absent;
    if (this.liveBytes[pool] === 0) return PoolKind.free;
    return this.hasBlocks && this.liveBlocks[pool] === this.capacity(pool) ? PoolKind.full : PoolKind.used;
  }

  private fillFromFilm(fill: Uint8Array): void {
    const { poolBytes } = this.geometry;
    for (let pool = 0; pool < fill.length; pool++)
      this.filmBytes[pool] = fill[pool] === ABSENT ? 0 : Math.round((fill[pool]! / FULL) * poolBytes);
  }

  /** What became of the pool since it took its present size class. */
  private past(pool: number): PoolPast {
    let past = this.pasts.get(pool);
    if (past === undefined) {
      past = this.derivePast(pool);
      this.pasts.set(pool, past);
    }
    return past;
  }

  private derivePast(pool: number): PoolPast {
    const { lives: byPool, starts } = this.sorted();
    const { place, classes, born, died } = this.tape.lives;
    const since = this.since[Math.floor(pool / this.poolsPerArena)]!;
    const szidx = this.classes[pool]!;
    const capacity = this.capacity(pool);
    const mask = (1 << this.state.poolShift) - 1;
    const start = starts[pool]!;
    const end = lowerBound(starts[pool + 1]! - start, this.event, (i) => born[byPool[start + i]!]!);
    const freedAt = new Map<number, number>();
    const seen = new Set<number>();
    let fresh = 0;
    for (let index = start + end - 1; index >= start && seen.size < capacity; index--) {
      const life = byPool[index]!;
      if (classes[life] !== szidx || born[life]! < since) break;
      const block = ((place[life]! & mask) - this.headerUnits) / (szidx + 1);
      if (seen.has(block)) continue;
      seen.add(block);
      fresh = Math.max(fresh, block + 1);
      if (died[life]! < this.event) freedAt.set(block, died[life]!);
    }
    const freeList = [...freedAt].sort((a, b) => b[1] - a[1]).map(([block]) => block);
    // Whenever the list would become empty, one more block is carved: it stays the list's end until it is handed out.
    if (fresh < capacity) freeList.push(fresh++);
    return { fresh, freeList };
  }

  private ranked(): LineRanks {
    this.ranks ??= finish(rankingLines(this.tape));
    return this.ranks;
  }

  private sorted(): LivesByPool {
    this.byPool ??= finish(this.sorting());
    return this.byPool;
  }

  private sorting(): Generator<void, LivesByPool> {
    return sortingByPool(this.tape, this.state.poolShift, this.kinds.length);
  }
}
