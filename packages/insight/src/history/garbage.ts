// What collections of cyclic garbage freed, seen while a recording is replayed: the frees between a collection's first event and its end.

import type { Collection } from "@obmalloc/trace";
import { EventSet } from "./event-set.ts";

/** Beyond what the machine's clock counts: a number that V8 compares as fast as the clock, once for each death. */
const NEVER = 2 ** 31 - 1;

/** One collection, and what it freed. */
export interface CollectionTally {
  readonly collection: Collection;
  /** Blocks in pools, and the bytes that were requested for them and for those outside of pools. */
  readonly blocks: number;
  readonly bytes: number;
}

/** All collections of one generation. */
export interface GenerationTally {
  readonly generation: number;
  readonly collections: number;
  /** Objects freed, and those that could not be. */
  readonly collected: number;
  readonly uncollectable: number;
  /** Requested bytes of what they freed, of all and of the one that freed most. */
  readonly bytes: number;
  readonly mostBytes: number;
  readonly elapsedNs: number;
  readonly longestNs: number;
}

/** By generation, the youngest first; those that were never collected are left out. */
export function byGeneration(tallies: readonly CollectionTally[]): GenerationTally[] {
  return [0, 1, 2]
    .map((generation) => {
      const own = tallies.filter(({ collection }) => collection.generation === generation);
      const sum = (of: (one: CollectionTally) => number) => own.reduce((total, one) => total + of(one), 0);
      const most = (of: (one: CollectionTally) => number) =>
        own.reduce((max, one) => Math.max(max, of(one)), 0);
      return {
        generation,
        collections: own.length,
        collected: sum(({ collection }) => collection.collected),
        uncollectable: sum(({ collection }) => collection.uncollectable),
        bytes: sum(({ bytes }) => bytes),
        mostBytes: most(({ bytes }) => bytes),
        elapsedNs: sum(({ collection }) => collection.elapsedNs),
        longestNs: most(({ collection }) => collection.elapsedNs),
      };
    })
    .filter((one) => one.collections > 0);
}

/** Is told of each death; looks at those within collections. */
export class GarbageTally {
  /** The next death that matters is at this event or later. */
  from = NEVER;
  /** Blocks in pools that were freed by a collection, and the events from their births to their deaths. */
  blocks = 0;
  waitedEvents = 0;
  bytes = 0;
  /** Births of those that the first collection after their birth freed. */
  readonly youngBirths: EventSet;

  private readonly collections: readonly Collection[];
  private readonly tallies: { blocks: number; bytes: number }[];
  private index = -1;
  private to = 0;
  private before = 0;

  constructor(collections: readonly Collection[], events: number) {
    this.collections = collections;
    this.tallies = collections.map(() => ({ blocks: 0, bytes: 0 }));
    this.youngBirths = new EventSet(collections.length === 0 ? 0 : events);
    this.next();
  }

  /** A block in a pool died at the event `clock`, which is {@link from} or later. */
  died(clock: number, bornAt: number, sizeBytes: number): void {
    if (!this.isWithin(clock)) return;
    this.add(sizeBytes);
    this.blocks++;
    this.tallies[this.index]!.blocks++;
    this.waitedEvents += clock - bornAt;
    if (bornAt >= this.before) this.youngBirths.add(bornAt);
  }

  diedOutside(clock: number, sizeBytes: number): void {
    if (this.isWithin(clock)) this.add(sizeBytes);
  }

  /** Those that ended before `event`. */
  upTo(event: number): CollectionTally[] {
    return this.collections
      .map((collection, index) => ({ collection, ...this.tallies[index]! }))
      .filter(({ collection }) => collection.event <= event);
  }

  private add(sizeBytes: number): void {
    this.bytes += sizeBytes;
    this.tallies[this.index]!.bytes += sizeBytes;
  }

  private isWithin(clock: number): boolean {
    while (clock >= this.to) if (!this.next()) return false;
    return clock >= this.from;
  }

  private next(): boolean {
    this.before = this.to;
    const next = this.collections[++this.index];
    this.from = next?.firstEvent ?? NEVER;
    this.to = next?.event ?? NEVER;
    return next !== undefined;
  }
}
