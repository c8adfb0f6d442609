// The recorded operations on an allocator with other settings: nothing is compared, each block only has to be found again
// when it is freed. Two tables do that: one entry for each 16 bytes of the recorded arenas, and one for each block outside.

import { type BlockAddress, type Profile, pageAddress } from "@obmalloc/abi";
import { type ArenaAllocator, createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { LinearMemory, PageMapper, RawHeap } from "@obmalloc/raw-heap";
import { columnOf, DenseArenas, type Domain, type EventSink, Op, type TraceReader } from "@obmalloc/trace";
import { profileOf, type Settings } from "./settings.ts";

const UNIT_SHIFT = 4;

/**
 * An allocator per interpreter, driven by a trace. Blocks that were recorded outside of arenas are outside here too: their
 * bytes are counted, and that is all.
 */
export class WhatIfMachine implements EventSink {
  readonly profile: Profile;
  readonly space: DenseArenas;
  /** Events so far. */
  clock = 0;
  /** Requests that found no room in 4 GiB. */
  refused = 0;
  protected engine: PyMalloc;

  private readonly trace: TraceReader;
  private readonly settings: Settings;
  private readonly memory = new LinearMemory();
  private readonly mapper = PageMapper.create(this.memory);
  private readonly engines: PyMalloc[] = [];
  /** By recorded (dense) address / 16: where the block is here; 0 where there is none. */
  private readonly places: Uint32Array;

  constructor(trace: TraceReader, settings: Settings) {
    this.trace = trace;
    this.settings = settings;
    this.profile = profileOf(settings);
    this.space = new DenseArenas(trace.tables, trace.info.pageShift);
    // At once: each step of growth is a new buffer, and V8 counts all of its bytes when it decides to collect garbage.
    this.memory.ensure(this.space.end);
    this.places = columnOf(this.space.end >>> UNIT_SHIFT);
    this.engine = this.engineOf(0);
  }

  /** Arenas of all interpreters at present. */
  get arenas(): number {
    return this.engines.reduce((sum, engine) => sum + engine.arenaCount, 0);
  }

  /** Where the arenas of all interpreters lie in the replay's memory. */
  arenaBases(): number[] {
    return this.engines.flatMap((engine) => engine.inspect().arenas.map(({ base }) => base as number));
  }

  /** The most arenas that each interpreter had. */
  get arenasHighwater(): number {
    return this.engines.reduce((sum, engine) => sum + engine.arenasHighwater, 0);
  }

  /** Bytes of pools without a block in use, those never used included. */
  get unusedPoolBytes(): number {
    return this.engines.reduce((sum, engine) => sum + engine.collectStats().bytes.unusedPools, 0);
  }

  allocate(address: number, sizeBytes: number, _domainBit: number, stack: number, _op: Op): boolean {
    this.places[address >>> UNIT_SHIFT] = this.obtain(sizeBytes, stack);
    this.clock++;
    return true;
  }

  free(address: number, _domainBit: number, _stack: number): boolean {
    this.releaseAt(address);
    this.clock++;
    return true;
  }

  reallocate(address: number, old: number, sizeBytes: number, _domainBit: number, stack: number): boolean {
    const from = this.takePlace(old);
    const stays = from !== 0 && this.engine.reallocKeeps(from as BlockAddress, sizeBytes);
    this.places[address >>> UNIT_SHIFT] = stays ? from : this.obtain(sizeBytes, stack);
    if (from !== 0 && !stays) this.engine.free(from as BlockAddress);
    this.clock++;
    return true;
  }

  outside(
    op: Op,
    _domain: Domain,
    address: number,
    old: number,
    _sizeBytes: number,
    _stack: number,
  ): boolean {
    if (op === Op.realloc && old !== 0 && address !== 0) {
      const from = this.linearOf(old);
      if (from !== 0) this.releaseAt(from);
    }
    this.clock++;
    return true;
  }

  context(id: number): boolean {
    this.engine = this.engineOf(this.trace.tables.contexts[id]!.heap);
    return true;
  }

  arenaMapped(id: number): boolean {
    this.space.map(id);
    return true;
  }

  arenaUnmapped(id: number): boolean {
    this.space.unmap(id);
    return true;
  }

  /** Called when everything up to the moment has been fed. */
  finish(): void {}

  /** A block here for a recorded request; 0 when there is no room. */
  protected obtain(sizeBytes: number, _stack: number): number {
    const block = this.engine.malloc(sizeBytes);
    if (block === 0) this.refused++;
    return block;
  }

  /** Frees the block that was recorded at a dense address, if there is one. */
  protected releaseAt(address: number): void {
    const place = this.takePlace(address);
    if (place !== 0) this.engine.free(place as BlockAddress);
  }

  /** Where the block is here that was recorded at a dense address; 0 when there is none. */
  protected placeAt(address: number): number {
    return this.places[address >>> UNIT_SHIFT]!;
  }

  private takePlace(address: number): number {
    const unit = address >>> UNIT_SHIFT;
    const place = this.places[unit]!;
    this.places[unit] = 0;
    return place;
  }

  private linearOf(recorded: number): number {
    const pageBytes = 2 ** this.trace.info.pageShift;
    const offset = recorded % pageBytes;
    const page = this.space.linearPage(recorded - offset);
    return page === 0 ? 0 : page + offset;
  }

  private engineOf(heap: number): PyMalloc {
    let engine = this.engines[heap];
    if (engine === undefined) {
      const { memory, mapper, profile } = this;
      engine = createPyMalloc({
        memory,
        profile,
        raw: RawHeap.create(mapper, { model: profile.model }),
        arenas: this.arenaAllocator(),
        ...(this.settings.variations === undefined ? {} : { variations: this.settings.variations }),
      });
      this.engines[heap] = engine;
    }
    return engine;
  }

  /** Arenas lie as unevenly to the pool size as the recorded ones did: at three bases of four a pool of 16 KiB is lost. */
  private arenaAllocator(): ArenaAllocator {
    const { poolBytes, arenaBytes } = this.profile.pymalloc;
    const { tables } = this.trace;
    let mapped = 0;
    return {
      ctx: null,
      alloc: () => {
        const recorded = tables.arenas[1 + (mapped++ % Math.max(1, tables.arenas.length - 1))];
        const offset = (recorded?.base ?? 0) % poolBytes;
        return this.mapper.mmap(arenaBytes, poolBytes, offset);
      },
      free: (_, address, sizeBytes) => {
        this.mapper.munmap(pageAddress(address), sizeBytes);
      },
    };
  }
}
