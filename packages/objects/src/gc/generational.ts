// The collector with three generations: 3.7 to 3.13, 3.14 from 3.14.5 on, 3.15.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { CollectionPhases } from "./collection-phases.ts";
import {
  type CollectionStep,
  RegionCollector,
  type RegionResult,
  type Survivors,
  type Watch,
} from "./collector.ts";
import type { Deduction } from "./deduction.ts";
import { GcDebug, type GcReport } from "./gc-report.ts";
import type { CollectionResult } from "./gc-state.ts";
import type { GcStatistics } from "./gc-statistics.ts";
import type { Passes } from "./passes.ts";

/** The last generation. */
const OLDEST = 2;
/** A full collection waits until there are this many times fewer long-lived objects than new ones since the last. */
const LONG_LIVED_RATIO = 4;

/** Why a collection runs. */
export type CollectionReason = "manual" | "heap" | "shutdown";

/** What a collector needs. */
export interface CollectorParts {
  readonly passes: Passes;
  readonly deduction: Deduction;
  readonly phases: CollectionPhases;
  readonly report: GcReport;
  readonly statistics: GcStatistics;
  /** Seconds of some clock. */
  readonly clock: () => number;
  /** Calls the functions in `gc.callbacks`. */
  readonly invokeCallbacks: (phase: "start" | "stop", generation: number, result: CollectionResult) => void;
  /** Empties all free lists. */
  readonly clearFreeLists: () => void;
}

/** A collector: what `gc.collect` and the triggers call. */
export interface Collector {
  readonly region: RegionCollector;
  /** Runs a collection step by step; the generator returns how many objects were found. */
  steps(generation: number, reason: CollectionReason, watch: Watch): Generator<CollectionStep, number>;
  /** The generation whose turn it is; -1 for none. */
  select(): number;
  /** How many objects each generation has, as the debug output shows them. */
  sizes(): number[];
  /** What `gc.get_count` and `gc.get_threshold` show. */
  counts(): number[];
  thresholds(): number[];
  /** The lists of a generation that `gc.get_objects` names. */
  listsOf(generation: number): readonly number[];
  /** Moves all tracked objects to the permanent generation, and back. */
  freeze(): void;
  unfreeze(): void;
}

const NOTHING: CollectionResult = { collected: 0, uncollectable: 0, candidates: 0, durationSeconds: 0 };

/**
 * The generational collector.
 *
 * @see CPython 3.13 Python/gc.c, gc_collect_main, gc_select_generation
 */
export class GenerationalCollector implements Collector {
  readonly region: RegionCollector;
  private readonly core: Core;
  private readonly parts: CollectorParts;

  constructor(core: Core, parts: CollectorParts) {
    this.core = core;
    this.parts = parts;
    this.region = new RegionCollector(core, parts);
  }

  select(): number {
    const { state } = this.core;
    const counts = state.counts();
    const thresholds = state.thresholds();
    for (let generation = OLDEST; generation >= 0; generation--) {
      if (counts[generation]! <= thresholds[generation]!) continue;
      const isTooEarly = state.longLivedPending < Math.floor(state.longLivedTotal / LONG_LIVED_RATIO);
      if (generation < OLDEST || !isTooEarly) return generation;
    }
    return -1;
  }

  sizes(): number[] {
    return this.core.state.lists.map((list) => this.core.heads.size(list));
  }

  counts(): number[] {
    return this.core.state.counts();
  }

  thresholds(): number[] {
    return this.core.state.thresholds();
  }

  listsOf(generation: number): readonly number[] {
    return [this.core.state.lists[generation]!];
  }

  freeze(): void {
    const { heads, state } = this.core;
    state.lists.forEach((list, generation) => {
      heads.merge(list, state.permanent);
      state.setCount(generation, 0);
    });
  }

  unfreeze(): void {
    this.core.heads.merge(this.core.state.permanent, this.core.state.lists[OLDEST]!);
  }

  steps(generation: number, reason: CollectionReason, watch: Watch): Generator<CollectionStep, number> {
    return runCollection(this.core, this.parts, { generation, reason, sizes: () => this.sizes() }, () =>
      this.collect(generation, watch),
    );
  }

  private *collect(generation: number, watch: Watch) {
    const { state, heads } = this.core;
    const isFull = generation === OLDEST;
    yield { phase: "merge", kind: "begin" } as const;
    if (!isFull) state.setCount(generation + 1, state.counts()[generation + 1]! + 1);
    for (let i = 0; i <= generation; i++) state.setCount(i, 0);
    const young = state.lists[generation]!;
    for (let i = 0; i < generation; i++) heads.merge(state.lists[i]!, young);
    const old = state.lists[isFull ? generation : generation + 1]!;
    yield { phase: "merge", kind: "end" } as const;

    const { report } = this.parts;
    const shows = (flag: number) => (state.debug & flag) !== 0;
    const region = yield* this.region.run(young, old, {
      watch,
      saves: shows(GcDebug.SAVEALL),
      moveSurvivors: (survivors) => this.moveSurvivors(generation, young, old, survivors),
      ...(shows(GcDebug.COLLECTABLE) && { onTrash: (o: ObjectAddress) => report.object("collectable", o) }),
      ...(shows(GcDebug.UNCOLLECTABLE) && {
        onUncollectable: (o: ObjectAddress) => report.object("uncollectable", o),
      }),
    });
    if (isFull) {
      yield { phase: "free_lists", kind: "begin" } as const;
      this.parts.clearFreeLists();
      yield { phase: "free_lists", kind: "end" } as const;
    }
    return region;
  }

  private moveSurvivors(generation: number, young: number, old: number, survivors: Survivors): void {
    const { state, heads, ground } = this.core;
    const { gc } = ground.profile.objects;
    let count =
      gc.tuplesUntracked === "after"
        ? survivors.count - this.parts.phases.untrackTuples(survivors.tuples)
        : heads.size(young);
    if (young !== old) {
      if (generation === OLDEST - 1) state.longLivedPending += count;
      heads.merge(young, old);
      return;
    }
    if (gc.untracksDicts) count -= this.parts.phases.untrackDicts(survivors.dicts);
    state.longLivedPending = 0;
    state.longLivedTotal = count;
  }
}

/** What is to be collected, and why. */
export interface CollectionRequest {
  readonly generation: number;
  readonly reason: CollectionReason;
  readonly sizes: () => readonly number[];
}

/**
 * What stands around a collection: callbacks, the debug output, statistics.
 *
 * @param collect returns nothing when it did nothing that counts.
 */
export function* runCollection(
  core: Core,
  { report, statistics, clock, invokeCallbacks }: CollectorParts,
  { generation, reason, sizes }: CollectionRequest,
  collect: () => Generator<CollectionStep, RegionResult | undefined>,
): Generator<CollectionStep, number> {
  const { state, heads } = core;
  if (state.collecting) return 0;
  state.collecting = true;
  try {
    if (reason !== "shutdown") invokeCallbacks("start", generation, NOTHING);
    const isReported = (state.debug & GcDebug.STATS) !== 0;
    if (isReported) report.collecting(generation, sizes(), heads.size(state.permanent));
    const startedAt = clock();
    const region = yield* collect();
    const durationSeconds = clock() - startedAt;
    const result = region === undefined ? NOTHING : { ...region, durationSeconds };
    const found = result.collected + result.uncollectable;
    if (isReported) report.done(found, result.uncollectable, durationSeconds);
    if (region !== undefined) statistics.add(generation, result);
    if (reason !== "shutdown") invokeCallbacks("stop", generation, result);
    return found;
  } finally {
    state.collecting = false;
  }
}

/** A reference in the collector's state, such as `gc.garbage`. */
export function stateObject(core: Core, name: "garbage" | "callbacks"): ObjectAddress {
  return objectAddress(core.state.pointer(name));
}
