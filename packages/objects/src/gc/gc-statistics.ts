// What `gc.get_stats()` reports, where each version keeps it.

import { fieldOffset, type ObjectLayouts } from "@obmalloc/abi";
import type { ObjectMemory } from "../core/memory.ts";
import type { Ground } from "../core/state.ts";
import type { CollectionResult, GcState, GenerationStats } from "./gc-state.ts";

/** Statistics of 3.15 on. */
export interface TimedGenerationStats extends GenerationStats {
  /** Objects that were looked at. */
  readonly candidates: number;
  readonly duration: number;
}

/**
 * Statistics by generation: three records in the collector's state, or since 3.15 a ring of the latest ones for each
 * generation, beside the state.
 */
export class GcStatistics {
  private readonly memory: ObjectMemory;
  private readonly gc: ObjectLayouts["gc"];
  private readonly state: GcState;
  /** Where the records, or the rings, begin. */
  private readonly address: number;

  constructor({ memory, layouts, statics }: Ground, state: GcState) {
    this.memory = memory;
    this.gc = layouts.gc;
    this.state = state;
    const place = state.address + layouts.gc.state.offsets.generation_stats;
    const { statsBlock } = layouts.gc;
    this.address = statsBlock === undefined ? place : statics.allocate(statsBlock.sizeBytes);
    if (statsBlock !== undefined) memory.writeWord(place, this.address);
  }

  /** Counts a collection of `generation`. */
  add(generation: number, result: CollectionResult): void {
    const previous = this.record(generation);
    const record = this.gc.statsRings === undefined ? previous : this.nextRecord(generation);
    const sum = (name: string, more: number) => {
      const offset = fieldOffset(this.gc.stats, name);
      this.memory.writeWord(record + offset, this.memory.readWord(previous + offset) + more);
    };
    sum("collections", 1);
    sum("collected", result.collected);
    sum("uncollectable", result.uncollectable);
    if (this.gc.statsRings === undefined) return;
    sum("candidates", result.candidates);
    const duration = fieldOffset(this.gc.stats, "duration");
    const { doubles } = this.memory;
    doubles[(record + duration) / 8] = doubles[(previous + duration) / 8]! + result.durationSeconds;
    const heapSize = fieldOffset(this.gc.stats, "heap_size");
    this.memory.writeWord(record + heapSize, this.state.signed("heap_size"));
  }

  /** What all collections of each generation have come to. */
  read(): (GenerationStats | TimedGenerationStats)[] {
    return this.state.lists.map((_, generation) => {
      const record = this.record(generation);
      const read = (name: string) => this.memory.readWord(record + fieldOffset(this.gc.stats, name));
      const counts = {
        collections: read("collections"),
        collected: read("collected"),
        uncollectable: read("uncollectable"),
      };
      if (this.gc.statsRings === undefined) return counts;
      const duration = this.memory.doubles[(record + fieldOffset(this.gc.stats, "duration")) / 8]!;
      return { ...counts, candidates: read("candidates"), duration };
    });
  }

  /** The latest record of a generation. */
  private record(generation: number): number {
    const { statsRings, stats } = this.gc;
    if (statsRings === undefined) return this.address + generation * stats.sizeBytes;
    const { ring, index } = this.ring(generation);
    return ring + index * stats.sizeBytes;
  }

  /** Turns the ring of a generation on by one. */
  private nextRecord(generation: number): number {
    const { ring, index, indexAddress, length } = this.ring(generation);
    const next = (index + 1) % length;
    this.memory.bytes[indexAddress] = next;
    return ring + next * this.gc.stats.sizeBytes;
  }

  private ring(generation: number) {
    const { statsRings, statsBlock, stats } = this.gc;
    const layout = generation === 0 ? statsRings!.young : statsRings!.old;
    const ring =
      generation === 0
        ? this.address + statsBlock!.offsets.young
        : this.address + statsBlock!.offsets.old + (generation - 1) * layout.sizeBytes;
    const indexAddress = ring + layout.offsets.index;
    const length = layout.offsets.index / stats.sizeBytes;
    return { ring, indexAddress, length, index: this.memory.bytes[indexAddress]! };
  }
}
