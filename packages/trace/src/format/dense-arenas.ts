// Linear addresses for the recorded ones of a trace, for readers that have no engine.

import type { AddressSpace } from "./address-space.ts";
import { ArenaPlaces, PLACES_START } from "./arena-places.ts";
import type { ArenaMapping, Tables } from "./tables.ts";

/** The mapped arenas, each at its {@link ArenaPlaces place}: turns recorded addresses into linear ones, and back. */
export class DenseArenas implements AddressSpace {
  private readonly tables: Tables;
  readonly pageBytes: number;
  private readonly places: ArenaPlaces;
  /** Recorded page bases to linear ones. */
  private readonly pages = new Map<number, number>();
  /** By place: the arena that is there. */
  private readonly occupants: number[] = [];

  constructor(tables: Tables, pageShift: number) {
    this.tables = tables;
    this.pageBytes = 2 ** pageShift;
    this.places = new ArenaPlaces(tables, pageShift);
  }

  /** The end of all linear addresses. */
  get end(): number {
    return this.places.end;
  }

  linearPage(pageBase: number): number {
    return this.pages.get(pageBase) ?? 0;
  }

  toRecorded(linear: number): number {
    const arena = this.occupants[this.placeOf(linear)] ?? 0;
    return arena === 0 ? 0 : this.tables.arenas[arena]!.base + (linear - this.places.of(arena));
  }

  /** Arena `id` of the trace is mapped from now on. */
  map(id: number): void {
    const linear = this.places.of(id);
    if (linear === 0) return;
    const arena = this.tables.arenas[id]!;
    this.occupants[this.placeOf(linear)] = id;
    for (const page of this.pagesOf(arena)) this.pages.set(page, linear + (page - arena.base));
  }

  unmap(id: number): void {
    const linear = this.places.of(id);
    if (linear === 0) return;
    this.occupants[this.placeOf(linear)] = 0;
    for (const page of this.pagesOf(this.tables.arenas[id]!)) this.pages.delete(page);
  }

  private placeOf(linear: number): number {
    return Math.floor((linear - PLACES_START) / this.places.strideBytes);
  }

  private *pagesOf({ base, sizeBytes }: ArenaMapping): Generator<number> {
    const first = Math.ceil(base / this.pageBytes);
    const end = Math.floor((base + sizeBytes) / this.pageBytes);
    for (let page = first; page < end; page++) yield page * this.pageBytes;
  }
}
