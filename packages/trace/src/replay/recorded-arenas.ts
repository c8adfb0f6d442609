// The one input of a replay besides the operations: where the system put each arena. A recorded arena gets a place in
// linear memory that keeps its offset modulo the pool size, which decides how many pools it has.

import { type ArenaAddress, arenaAddress, type PymallocProfile } from "@obmalloc/abi";
import type { ArenaAllocator } from "@obmalloc/pymalloc";
import type { PageMapper } from "@obmalloc/raw-heap";
import type { AddressSpace } from "../format/address-space.ts";
import { ArenaPlaces, PLACES_START } from "../format/arena-places.ts";
import type { ArenaMapping, Tables } from "../format/tables.ts";

/** An arena of the recorded process that is mapped at present. */
export interface MappedArena {
  /** Its id in the trace. */
  readonly id: number;
  /** Where it was in the process. */
  readonly base: number;
  /** Where it is in the replay's memory. */
  readonly linear: ArenaAddress;
}

/**
 * Arenas about which one engine and the recording have not come together yet. Interpreters with a heap and a lock of
 * their own allocate at the same time, so that events of one come between an arena of another and its event.
 */
export interface PendingArenas {
  /** Mapped in the recording and not yet asked for by the engine. */
  readonly offered: MappedArena[];
  /** Given back by the engine and not yet unmapped in the recording. */
  readonly returned: MappedArena[];
}

/** Where arenas that were not recorded are said to lie: where no process has memory. */
const INVENTED_BASE = 2 ** 50;

/** Maps recorded arenas to linear memory, and hands them to their engines in the recorded order. */
export class RecordedArenas implements AddressSpace {
  /** The end of the places of all recorded arenas; 0 when there was no room for them. */
  readonly end: number;
  private readonly mapper: PageMapper;
  private readonly places: ArenaPlaces;
  private readonly arenaBytes: number;
  private readonly poolBytes: number;
  /** Arenas by trace id. */
  private readonly mapped = new Map<number, MappedArena>();
  private readonly byLinear = new Map<number, MappedArena>();
  /** Recorded page / pool size, for pages that lie wholly in an arena, to the arena. */
  private readonly pages = new Map<number, MappedArena>();
  /** Linear pages, in units of pools, to the arena. */
  private readonly linearPages: (MappedArena | undefined)[] = [];
  /** Whether arenas may come that were not recorded: see {@link goOnWithoutRecording}. */
  private invents = false;
  private invented = 0;
  /** Bases of arenas that were given back since arenas are invented. */
  private readonly vacant: ArenaAddress[] = [];

  /**
   * Takes memory for all arenas at once, the mapper's first: each step of growth is a new buffer, and V8 counts all of its
   * bytes when it decides to collect garbage. The host gives pages only when they are written.
   */
  constructor(mapper: PageMapper, profile: PymallocProfile, tables: Tables) {
    this.mapper = mapper;
    this.arenaBytes = profile.arenaBytes;
    this.poolBytes = profile.poolBytes;
    this.places = new ArenaPlaces(tables, Math.log2(profile.poolBytes));
    const start = mapper.mmap(this.places.end - PLACES_START, PLACES_START);
    this.end = start === PLACES_START ? this.places.end : 0;
  }

  /** Arenas that are mapped at present, in the order of their mapping. */
  all(): Iterable<MappedArena> {
    return this.mapped.values();
  }

  /** The arena of this id of the trace, while it is mapped. */
  mappedArena(id: number): MappedArena | undefined {
    return this.mapped.get(id);
  }

  linearPage(pageBase: number): number {
    const arena = this.pages.get(pageBase / this.poolBytes);
    return arena === undefined ? 0 : arena.linear + (pageBase - arena.base);
  }

  /** Where a recorded address is in linear memory; 0 when it is in no pool of an arena. */
  toLinear(recorded: number): number {
    const offset = recorded % this.poolBytes;
    const page = this.linearPage(recorded - offset);
    return page === 0 ? 0 : page + offset;
  }

  /** The arena that a linear address lies in. */
  arenaAt(linear: number): MappedArena | undefined {
    const arena = this.linearPages[Math.floor(linear / this.poolBytes)];
    return arena !== undefined && linear >= arena.linear && linear < arena.linear + this.arenaBytes
      ? arena
      : undefined;
  }

  /** The recorded address of a linear one inside an arena; 0 when it is in none. */
  toRecorded(linear: number): number {
    const arena = this.arenaAt(linear);
    return arena === undefined ? 0 : arena.base + (linear - arena.linear);
  }

  /**
   * The recording mapped an arena, for the engine that `pending` belongs to.
   *
   * @returns what is wrong with that, or undefined.
   */
  map(id: number, mapping: ArenaMapping, pending: PendingArenas): string | undefined {
    if (mapping.sizeBytes !== this.arenaBytes) {
      return `an arena of ${mapping.sizeBytes} bytes was mapped; this version's have ${this.arenaBytes}`;
    }
    const left = unsettled(pending);
    if (left !== undefined) return left;
    const place = this.places.of(id);
    if (place === 0 || this.end === 0) return "the replay's memory of 4 GiB is full";
    const linear = arenaAddress(place);
    if (this.byLinear.has(linear)) return "an arena was mapped while the one before it in its place was kept";
    const arena: MappedArena = { id, base: mapping.base, linear };
    this.enter(arena);
    pending.offered.push(arena);
    return undefined;
  }

  /** The recording unmapped an arena, of the engine that `pending` belongs to. */
  unmap(id: number, pending: PendingArenas): string | undefined {
    const arena = this.mapped.get(id);
    if (arena === undefined) return "an arena was unmapped that was not mapped";
    const index = pending.returned.indexOf(arena);
    if (index < 0) return unsettled(pending) ?? "an arena was unmapped that the replay keeps";
    pending.returned.splice(index, 1);
    this.forget(arena);
    return undefined;
  }

  private forget(arena: MappedArena): void {
    this.mapped.delete(arena.id);
    this.byLinear.delete(arena.linear);
    this.forEachPage(arena, (page) => this.pages.delete(page));
    const last = Math.floor((arena.linear + this.arenaBytes - 1) / this.poolBytes);
    for (let page = Math.floor(arena.linear / this.poolBytes); page <= last; page++)
      this.linearPages[page] = undefined;
    if (this.invents) this.vacant.push(this.alignedUp(arena.linear)); // a place has room for that
  }

  /** What the engine that `pending` belongs to takes its arenas from. */
  allocator(pending: PendingArenas): ArenaAllocator<PendingArenas> {
    return {
      ctx: pending,
      alloc: ({ offered }) => offered.shift()?.linear ?? (this.invents ? this.invent() : 0),
      free: ({ returned }, address) => {
        const arena = this.byLinear.get(address);
        if (arena !== undefined && this.invents) this.forget(arena);
        else if (arena !== undefined) returned.push(arena);
      },
    };
  }

  /**
   * From now on the engines get and give back arenas as they need them: to ask what would happen if the program went
   * on in another way. Nothing can be replayed after that.
   */
  goOnWithoutRecording(): void {
    this.invents = true;
    const { strideBytes } = this.places;
    const taken = new Set<number>();
    for (const linear of this.byLinear.keys()) taken.add(Math.floor((linear - PLACES_START) / strideBytes));
    for (let place = 0; PLACES_START + (place + 1) * strideBytes <= this.end; place++) {
      if (!taken.has(place)) this.vacant.push(arenaAddress(PLACES_START + place * strideBytes));
    }
  }

  private invent(): ArenaAddress | 0 {
    const linear = this.vacant.pop() ?? arenaAddress(this.mapper.mmap(this.arenaBytes, this.poolBytes));
    if (linear === 0) return 0;
    const base = INVENTED_BASE + this.invented * this.arenaBytes;
    this.enter({ id: -++this.invented, base, linear });
    return linear;
  }

  private enter(arena: MappedArena): void {
    this.mapped.set(arena.id, arena);
    this.byLinear.set(arena.linear, arena);
    this.forEachPage(arena, (page) => this.pages.set(page, arena));
    const last = Math.floor((arena.linear + this.arenaBytes - 1) / this.poolBytes);
    for (let page = Math.floor(arena.linear / this.poolBytes); page <= last; page++)
      this.linearPages[page] = arena;
  }

  private alignedUp(linear: number): ArenaAddress {
    return arenaAddress(Math.ceil(linear / this.poolBytes) * this.poolBytes);
  }

  private forEachPage(arena: MappedArena, visit: (page: number) => void): void {
    const first = Math.ceil(arena.base / this.poolBytes);
    const end = Math.floor((arena.base + this.arenaBytes) / this.poolBytes);
    for (let page = first; page < end; page++) visit(page);
  }
}

/** What the recording and the engine disagree about. */
function unsettled({ offered, returned }: PendingArenas): string | undefined {
  if (offered.length > 0) return "an arena was mapped that the replay did not need";
  if (returned.length > 0) return "the replay gave back an arena that was kept";
  return undefined;
}
