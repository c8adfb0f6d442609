// Where each arena of a trace lies in 32 bits, known before the first event: whoever decodes any part of a trace, in whichever
// thread, gives its arenas the same addresses. Arenas that are never mapped at the same time may share a place.

import type { Tables } from "./tables.ts";

/** Linear address of the first place; what lies below is left to others, and 0 stays NULL. */
export const PLACES_START = 2 ** 20;
/** Places end before this: the rest of 4 GiB is left to what a replay needs besides arenas. */
const PLACES_END_MAX = 2 ** 32 - 2 ** 27;

/** A fixed linear base for each arena of a trace, with its recorded offset within a page. */
export class ArenaPlaces {
  /** The end of all places. */
  readonly end: number;
  /** Bytes from a place to the next. */
  readonly strideBytes: number;
  private readonly bases: Uint32Array;

  constructor(tables: Tables, pageShift: number) {
    const pageBytes = 2 ** pageShift;
    const { arenas } = tables;
    let arenaBytes = 0;
    let isAligned = true;
    for (const { base, sizeBytes } of arenas) {
      arenaBytes = Math.max(arenaBytes, sizeBytes);
      isAligned &&= base % pageBytes === 0;
    }
    const stride = Math.ceil(arenaBytes / pageBytes) * pageBytes + (isAligned ? 0 : pageBytes);
    this.strideBytes = stride;
    this.bases = new Uint32Array(arenas.length);
    let end = PLACES_START;
    for (const [id, place] of assignPlaces(tables).entries()) {
      const base = PLACES_START + place * stride;
      if (id === 0 || base + stride > PLACES_END_MAX) continue;
      this.bases[id] = base + (arenas[id]!.base % pageBytes);
      end = Math.max(end, base + stride);
    }
    this.end = end;
  }

  /** The linear address at which arena `id` begins; 0 when there is no room for it. */
  of(id: number): number {
    return this.bases[id] ?? 0;
  }
}

/** A place for each arena, counted from 0: one that is free again, and was longest ago, else a new one. */
function assignPlaces({ arenas, arenaGoneAt }: Tables): Uint32Array {
  const places = new Uint32Array(arenas.length);
  const leaving = [...arenaGoneAt].sort(([, a], [, b]) => a - b);
  const vacant: number[] = [];
  let left = 0;
  let used = 0;
  for (let id = 1; id < arenas.length; id++) {
    for (; left < leaving.length && leaving[left]![1] < arenas[id]!.mappedAt; left++) {
      vacant.push(places[leaving[left]![0]]!);
    }
    places[id] = vacant.pop() ?? used++;
  }
  return places;
}
