// The collector's state in memory: generations with thresholds and counts, statistics, flags.

import { fieldOffset, NUM_GENERATIONS } from "@obmalloc/abi";
import type { ObjectMemory } from "../core/memory.ts";
import type { Ground } from "../core/state.ts";
import type { GcHeads } from "./heads.ts";

/** What one generation's collections have come to. */
export interface GenerationStats {
  readonly collections: number;
  readonly collected: number;
  readonly uncollectable: number;
}

/** What one collection adds to the statistics. */
export interface CollectionResult {
  readonly collected: number;
  readonly uncollectable: number;
  /** Objects that were looked at. */
  readonly candidates: number;
  readonly durationSeconds: number;
}

/**
 * `_gc_runtime_state`, in static memory.
 *
 * @see CPython 3.13 Include/internal/pycore_gc.h
 */
export class GcState {
  /** Where the state lies. */
  readonly address: number;
  /** Byte address of the count of generation 0, which every allocation looks at. */
  readonly youngCount: number;
  /** Byte address of its threshold. */
  readonly youngThreshold: number;
  /** The list of each generation. */
  readonly lists: readonly number[];
  /** The list of objects that are never collected. */
  readonly permanent: number;
  private readonly memory: ObjectMemory;
  private readonly offsets: Readonly<Record<string, number>>;
  private readonly generationBytes: number;
  private readonly threshold: number;
  private readonly count: number;

  constructor(ground: Ground, heads: GcHeads, thresholds: readonly number[]) {
    const { memory, layouts, statics } = ground;
    const { state, generation } = layouts.gc;
    this.memory = memory;
    this.offsets = state.offsets;
    this.generationBytes = generation.sizeBytes;
    this.threshold = generation.offsets.threshold;
    this.count = generation.offsets.count;
    this.address = statics.allocate(state.sizeBytes);
    const generations = Array.from({ length: NUM_GENERATIONS }, (_, i) => this.generation(i));
    this.lists = generations;
    this.permanent = this.address + state.offsets.permanent_generation;
    this.youngCount = generations[0]! + this.count;
    this.youngThreshold = generations[0]! + this.threshold;
    for (const list of [...generations, this.permanent]) heads.initList(list);
    this.setThresholds(thresholds);
    this.enabled = true;
    const generation0 = fieldOffset(state, "generation0");
    if (generation0 >= 0) memory.writeWord(this.address + generation0, generations[0]!);
  }

  get enabled(): boolean {
    return this.int("enabled") !== 0;
  }
  set enabled(value: boolean) {
    this.setInt("enabled", value ? 1 : 0);
  }

  /** Debug flags. */
  get debug(): number {
    return this.int("debug");
  }
  set debug(flags: number) {
    this.setInt("debug", flags);
  }

  get collecting(): boolean {
    return this.int("collecting") !== 0;
  }
  set collecting(value: boolean) {
    this.setInt("collecting", value ? 1 : 0);
  }

  /** Objects that survived the last full collection. */
  get longLivedTotal(): number {
    return this.memory.readWord(this.address + this.offsets.long_lived_total!);
  }
  set longLivedTotal(count: number) {
    this.memory.writeWord(this.address + this.offsets.long_lived_total!, count);
  }

  /** Objects that survived younger collections since then. */
  get longLivedPending(): number {
    return this.memory.readWord(this.address + this.offsets.long_lived_pending!);
  }
  set longLivedPending(count: number) {
    this.memory.writeWord(this.address + this.offsets.long_lived_pending!, count);
  }

  /** The count of each generation: allocations minus frees, or collections of the younger one. */
  counts(): number[] {
    return this.lists.map((generation) => this.memory.readSigned(generation + this.count));
  }

  setCount(generation: number, count: number): void {
    this.memory.writeInt(this.lists[generation]! + this.count, count);
  }

  thresholds(): number[] {
    return this.lists.map((generation) => this.memory.readSigned(generation + this.threshold));
  }

  setThresholds(thresholds: readonly number[]): void {
    thresholds.forEach((threshold, i) => {
      this.memory.writeInt(this.lists[i]! + this.threshold, threshold);
    });
  }

  /** A pointer of the state: `garbage`, `callbacks`. */
  pointer(name: "garbage" | "callbacks"): number {
    return this.memory.readWord(this.address + this.offsets[name]!);
  }

  setPointer(name: "garbage" | "callbacks", value: number): void {
    this.memory.writeWord(this.address + this.offsets[name]!, value);
  }

  /** A field that only some versions have; 0 where there is none. */
  signed(name: string): number {
    const offset = this.offsets[name];
    return offset === undefined ? 0 : this.memory.readSigned(this.address + offset);
  }

  setSigned(name: string, value: number, isWord: boolean): void {
    const offset = this.offsets[name];
    if (offset === undefined) return;
    if (isWord) this.memory.writeSigned(this.address + offset, value);
    else this.memory.writeInt(this.address + offset, value);
  }

  /** Address of the generation with that number, which is that of its list too. */
  private generation(index: number): number {
    return this.address + this.offsets.generations! + index * this.generationBytes;
  }

  private int(name: string): number {
    return this.memory.readSigned(this.address + this.offsets[name]!);
  }

  private setInt(name: string, value: number): void {
    this.memory.writeInt(this.address + this.offsets[name]!, value);
  }
}
