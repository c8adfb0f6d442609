// What the blocks of a pool have in common, computed again only when the pool has changed.

import type { ArenaHeap } from "../tape/arena-heap.ts";

/** {@link PoolSummaries.line} of a pool without live blocks, and {@link PoolSummaries.arenaLine} of an arena without any. */
export const NO_BLOCKS = -2;
/** Several lines, where one was asked for. */
export const SEVERAL = -3;

export class PoolSummaries {
  private readonly heap: ArenaHeap;
  private readonly versions: Float64Array;
  /** By pool: the line with most live blocks. */
  private readonly lines: Int32Array;
  /** By pool: 1 if all live blocks are of that line. */
  private readonly alone: Uint8Array;
  /** By pool: the event of the oldest birth. */
  private readonly oldest: Float64Array;
  private readonly ageVersions: Float64Array;
  private readonly counts: Uint32Array;
  /** By row: {@link arenaLine}, and the version of which it is. */
  private readonly rowLines: Int32Array;
  private readonly rowVersions: Float64Array;

  constructor(heap: ArenaHeap) {
    this.heap = heap;
    const pools = heap.rows * heap.poolsPerArena;
    this.versions = new Float64Array(pools).fill(-1);
    this.lines = new Int32Array(pools);
    this.alone = new Uint8Array(pools);
    this.oldest = new Float64Array(pools);
    this.ageVersions = new Float64Array(pools).fill(-1);
    this.rowLines = new Int32Array(heap.rows);
    this.rowVersions = new Float64Array(heap.rows).fill(-1);
    this.counts = new Uint32Array(heap.lines.length + 1);
  }

  line(pool: number): number {
    this.update(pool);
    return this.lines[pool]!;
  }

  /** The line that all live blocks of a pool come from, or {@link SEVERAL}. */
  onlyLine(pool: number): number {
    this.update(pool);
    return this.alone[pool] === 1 ? this.lines[pool]! : SEVERAL;
  }

  /** Events since the oldest birth in a pool; 0 without live blocks. */
  age(pool: number, event: number): number {
    const { heap } = this;
    if (heap.liveBlocks[pool] === 0) return 0;
    if (this.ageVersions[pool]! < heap.stamps[pool]! || this.ageVersions[pool] === -1) {
      this.ageVersions[pool] = heap.version;
      let age = 0;
      const ages = heap.blockAges(pool);
      for (let block = 0; block < ages.length; block++) if (ages[block]! > age) age = ages[block]!;
      this.oldest[pool] = heap.event - age;
    }
    return event - this.oldest[pool]!;
  }

  /** The line that all live blocks of an arena come from; {@link SEVERAL} or {@link NO_BLOCKS} otherwise. */
  arenaLine(row: number): number {
    if (this.rowVersions[row] !== this.heap.version) {
      this.rowVersions[row] = this.heap.version;
      this.rowLines[row] = this.findArenaLine(row);
    }
    return this.rowLines[row]!;
  }

  private findArenaLine(row: number): number {
    const { poolsPerArena } = this.heap;
    let found: number = NO_BLOCKS;
    for (let pool = row * poolsPerArena; pool < (row + 1) * poolsPerArena; pool++) {
      if (this.heap.liveBlocks[pool] === 0) continue;
      const line = this.onlyLine(pool);
      if (line === SEVERAL || (found !== NO_BLOCKS && found !== line)) return SEVERAL;
      found = line;
    }
    return found;
  }

  private update(pool: number): void {
    const { heap } = this;
    if (this.versions[pool]! >= heap.stamps[pool]! && this.versions[pool] !== -1) return;
    this.versions[pool] = heap.version;
    this.lines[pool] = NO_BLOCKS;
    this.alone[pool] = 1;
    if (heap.liveBlocks[pool] === 0) return;
    this.countLines(pool, heap.blockLines(pool));
  }

  private countLines(pool: number, lines: Int32Array): void {
    const { counts } = this;
    const { liveBlocks } = this.heap;
    let best: number = NO_BLOCKS;
    let most = 0;
    const kinds = this.heap.blockKinds(pool, false);
    for (let block = 0; block < lines.length; block++) {
      if (kinds[block] !== 0) continue;
      const line = lines[block]!;
      const count = ++counts[line + 1]!;
      if (count > most) {
        most = count;
        best = line;
      }
    }
    for (let block = 0; block < lines.length; block++) counts[lines[block]! + 1] = 0;
    this.lines[pool] = best;
    this.alone[pool] = most === liveBlocks[pool] ? 1 : 0;
  }
}
