// The collector's own state, a part of the interpreter's (up to 3.8 of the runtime's).

import type { DataModel } from "../data-model.ts";
import { array, type FieldType, type StructLayout, struct } from "../struct.ts";

/** Names the struct for `_gc_runtime_state` and what is in it. */
export type GcStateKind =
  /** 3.7 to 3.13. */
  | "generations"
  /** 3.14.0 to 3.14.4: a young generation and two old spaces. */
  | "spaces"
  /** 3.14 from 3.14.5 on: the generations again, with fillers where the spaces were. */
  | "generations-padded"
  /** 3.15: no trash chain, and statistics in rings beside the state. */
  | "generations-and-rings";

/** `gc_generation_stats` up to 3.14. */
const generationStats = { collections: "ssize", collected: "ssize", uncollectable: "ssize" } as const;

/** `gc_generation_stats` since 3.15. */
const timedGenerationStats = {
  ts_start: "u64",
  ts_stop: "u64",
  ...generationStats,
  candidates: "ssize",
  duration: "f64", // seconds, of all collections together
  heap_size: "ssize",
} as const;

/** How many collections `gc_stats` of 3.15 remembers: of generation 0, and of each older one. */
const GC_YOUNG_STATS_SIZE = 11;
const GC_OLD_STATS_SIZE = 3;

/** Generations that are collected (`NUM_GENERATIONS`). */
export const NUM_GENERATIONS = 3;

/** The layouts of the collector's state. */
export interface GcStateLayouts {
  /** `gc_generation`: list head, threshold, count. */
  readonly generation: StructLayout<"head" | "threshold" | "count">;
  /** `gc_generation_stats`. */
  readonly stats: StructLayout<"collections" | "collected" | "uncollectable">;
  /** `gc_stats`, to which `generation_stats` points in 3.15; elsewhere the statistics lie in the state. */
  readonly statsBlock: StructLayout<"young" | "old"> | undefined;
  /** `gc_young_stats_buffer` and `gc_old_stats_buffer`: rings whose `index` names the latest item. */
  readonly statsRings:
    | { readonly young: StructLayout<"index">; readonly old: StructLayout<"index"> }
    | undefined;
  /** `_gc_runtime_state`. */
  readonly state: StructLayout<
    | "enabled"
    | "debug"
    | "generations"
    | "permanent_generation"
    | "generation_stats"
    | "collecting"
    | "garbage"
    | "callbacks"
  >;
}

/**
 * Lays the collector's state out.
 *
 * In the incremental variant `generations` is `young` and the two `old` spaces, which lie one after the other as the
 * three generations do.
 * @see CPython 3.13 Include/internal/pycore_gc.h, 3.7 Include/internal/mem.h
 */
export function gcStateLayouts(model: DataModel, kind: GcStateKind, gcHead: StructLayout): GcStateLayouts {
  const generation = struct(model, { head: gcHead, threshold: "i32", count: "i32" });
  const rings = kind === "generations-and-rings";
  const stats = struct(model, rings ? timedGenerationStats : generationStats);
  const young = struct(model, { items: array(stats, GC_YOUNG_STATS_SIZE), index: "i8" });
  const old = struct(model, { items: array(stats, GC_OLD_STATS_SIZE), index: "i8" });
  const trash = { trash_delete_later: "ptr", trash_delete_nesting: "i32" } as const;
  const middle = {
    enabled: "i32",
    debug: "i32",
    generations: array(generation, NUM_GENERATIONS),
  } as const;
  const results = {
    permanent_generation: generation,
    generation_stats: rings ? "ptr" : array(stats, NUM_GENERATIONS),
    collecting: "i32",
  } as const;
  const lists = { garbage: "ptr", callbacks: "ptr" } as const;
  const longLived = { long_lived_total: "ssize", long_lived_pending: "ssize" } as const;
  const declarations = {
    generations: { ...trash, ...middle, generation0: "ptr", ...results, ...lists, ...longLived },
    spaces: {
      ...trash,
      ...middle,
      ...results,
      ...lists,
      heap_size: "ssize",
      work_to_do: "ssize",
      visited_space: "i32",
      phase: "i32",
    },
    "generations-padded": {
      ...trash,
      ...middle,
      ...results,
      ...lists,
      heap_size: "ssize",
      dummy1: "ssize",
      dummy2: "i32",
      dummy3: "i32",
      ...longLived,
      generation0: "ptr",
    },
    "generations-and-rings": {
      ...middle,
      ...results,
      frame: "ptr",
      ...lists,
      heap_size: "ssize",
      ...longLived,
      generation0: "ptr",
    },
  } as const satisfies Record<GcStateKind, Record<string, FieldType>>;
  return {
    generation,
    stats,
    statsBlock: rings ? struct(model, { young, old: array(old, 2), update_seq: "u32" }) : undefined,
    statsRings: rings ? { young, old } : undefined,
    state: struct(model, declarations[kind]),
  };
}
