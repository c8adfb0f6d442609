// Where the arenas of a capture were, from the addresses of its blocks alone: a tool that hooks malloc and pymalloc sees no arena.
//
// A page of the pool's size is a pool when each small block in it begins where pymalloc puts blocks of its size, and nothing else lies in
// it. Pools that lie close together belong to arenas which follow each other without a gap, as the kernel maps them; where among the
// 64 possible places they begin is taken so that there are fewest, with no page of something else inside, and so that arenas begin where
// pools were first used in the order of their addresses: so pymalloc takes the pools of a new arena.

import { classBytes, maxPoolsInArena, type Profile, poolOverheadBytes, sizeClassOf } from "@obmalloc/abi";

/** Pages of the system: an arena begins at one. */
const SYSTEM_PAGE_BYTES = 4096;
/** Pools that are first used one after the other, and lie one after the other, from which on they are no chance. */
const RUN_LENGTH = 6;
/** So many addresses tell whether the version is the right one. */
const LOOKED_MAX = 50_000;
/** Mappings lie no further apart than this. */
const MAPPINGS_SPAN_BYTES = 2 ** 40;
/** Arenas in a row from which on a first page without a block is no chance. */
const ARENAS_FOR_SURE = 3;

export interface FoundArena {
  readonly base: number;
  /** Whether it began within the capture: an older one holds older blocks. */
  readonly isNew: boolean;
}

/** Collects what lies in each page. */
export class PageSurvey {
  private readonly profile: Profile;
  private readonly poolBytes: number;
  private readonly pools = new Set<number>();
  private readonly others = new Set<number>();
  private readonly runStarts = new Set<number>();
  private runStart = -1;
  private runLength = 0;
  /** Addresses of small blocks, the first ones, and how many of them fit a pool's grid. */
  private readonly looked = new Set<number>();
  private fitting = 0;

  constructor(profile: Profile) {
    this.profile = profile;
    this.poolBytes = profile.pymalloc.poolBytes;
  }

  /** A block of the object or memory domain, or of the raw one: memray does not tell them apart. */
  smallBlock(address: number, sizeBytes: number): void {
    const page = Math.floor(address / this.poolBytes);
    const fits = fitsGrid(this.profile, address, sizeBytes);
    this.look(address, sizeBytes, fits);
    if (!fits) this.others.add(page);
    else if (!this.pools.has(page)) this.newPool(page);
  }

  /** Blocks of powers of two lie alike in pools of any size: they tell nothing of the version. */
  private look(address: number, sizeBytes: number, fits: boolean): void {
    const blockBytes = classBytes(this.profile, sizeClassOf(this.profile, sizeBytes));
    if (this.poolBytes % blockBytes === 0 || this.looked.size >= LOOKED_MAX || this.looked.has(address))
      return;
    this.looked.add(address);
    if (fits) this.fitting++;
  }

  /** pymalloc takes the pools of a new arena in the order of their addresses: where such a run begins, so does an arena. */
  private newPool(page: number): void {
    this.pools.add(page);
    if (page === this.runStart + this.runLength) this.runLength++;
    else {
      this.runStart = page;
      this.runLength = 1;
    }
    if (this.runLength === RUN_LENGTH) this.runStarts.add(this.runStart);
  }

  /** Memory of anybody else. */
  other(address: number, sizeBytes: number): void {
    const last = Math.floor((address + Math.max(1, sizeBytes) - 1) / this.poolBytes);
    this.others.add(Math.floor(address / this.poolBytes));
    this.others.add(last);
  }

  /** The share of small blocks that lie where blocks of their size can lie; near 1, unless the version is another one. */
  get fittingShare(): number {
    return this.looked.size === 0 ? 1 : this.fitting / this.looked.size;
  }

  /** The arenas, ascending. */
  arenas(): FoundArena[] {
    const sound = [...this.pools].filter((page) => !this.others.has(page)).sort((a, b) => a - b);
    // The C library's own heap lies far below all mappings; a page of it may look like a pool.
    const lowest = (sound.at(-1) ?? 0) - MAPPINGS_SPAN_BYTES / this.poolBytes;
    const pages = sound.filter((page) => page > lowest);
    return clusters(pages, this.windowPages).flatMap((cluster) => this.arenasOf(cluster));
  }

  private get windowPages(): number {
    return maxPoolsInArena(this.profile);
  }

  private arenasOf(cluster: readonly number[]): FoundArena[] {
    const pages = this.windowPages;
    const used = new Set(cluster);
    let best: readonly number[] = [];
    let fewest = Number.POSITIVE_INFINITY;
    for (let offset = 0; offset < pages; offset++) {
      const starts = [...new Set(cluster.map((page) => page - ((page - offset + pages) % pages)))];
      const sound = starts.filter((start) => !this.holdsOther(start));
      const lost = starts.length - sound.length;
      const begun = sound.filter((start) => this.runStarts.has(start)).length;
      const cost = starts.length + 2 * lost - begun;
      if (cost >= fewest) continue;
      fewest = cost;
      best = sound;
    }
    // An arena between two multiples of the pool size lacks a pool: the last page of its 64 is never used.
    const lastIsUsed = best.some((start) => used.has(start + pages - 1));
    const isOffGrid = best.length >= ARENAS_FOR_SURE && !lastIsUsed && this.poolBytes > SYSTEM_PAGE_BYTES;
    const shift = isOffGrid ? SYSTEM_PAGE_BYTES : 0;
    return best
      .map((start) => ({ base: start * this.poolBytes - shift, isNew: this.runStarts.has(start) }))
      .sort((a, b) => a.base - b.base);
  }

  private holdsOther(start: number): boolean {
    for (let page = start; page < start + this.windowPages; page++) if (this.others.has(page)) return true;
    return false;
  }
}

/** Whether a pool may have a block of this size at this address. */
export function fitsGrid(profile: Profile, address: number, sizeBytes: number): boolean {
  const { poolBytes } = profile.pymalloc;
  const blockBytes = classBytes(profile, sizeClassOf(profile, sizeBytes));
  const offset = (address % poolBytes) - poolOverheadBytes(profile);
  return offset >= 0 && offset % blockBytes === 0 && (address % poolBytes) + blockBytes <= poolBytes;
}

/** Ascending pages, split where there is a gap of an arena or more. */
function clusters(pages: readonly number[], gap: number): number[][] {
  const found: number[][] = [];
  for (const page of pages) {
    const last = found.at(-1);
    if (last === undefined || page - last.at(-1)! >= gap) found.push([page]);
    else last.push(page);
  }
  return found;
}
