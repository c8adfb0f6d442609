// The gc module.

import { NUM_GENERATIONS, type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { Lists } from "../objects/lists.ts";
import type { CollectionStep, RegionCollector, Watch } from "./collector.ts";
import type { GenerationStats } from "./gc-state.ts";
import type { GcStatistics, TimedGenerationStats } from "./gc-statistics.ts";
import { type Collector, stateObject } from "./generational.ts";

/** What the module needs. */
export interface GcParts {
  readonly collector: Collector;
  readonly statistics: GcStatistics;
  readonly lists: Lists;
}

/**
 * The functions of Python's `gc` module, with Python's errors.
 *
 * Lists of objects are JavaScript arrays of borrowed references; {@link garbage} and {@link callbacks} are Python lists.
 * @see CPython 3.13 Modules/gcmodule.c, Python/gc.c
 */
export class Gc {
  private readonly core: Core;
  private readonly parts: GcParts;
  private isScheduled = false;

  constructor(core: Core, parts: GcParts) {
    this.core = core;
    this.parts = parts;
    core.state.setPointer("garbage", parts.lists.new());
    core.state.setPointer("callbacks", parts.lists.new());
    const runsAtOnce = core.ground.profile.objects.gc.trigger === "allocation";
    core.allocation.onThreshold = () => {
      if (!this.isDue()) return;
      if (runsAtOnce) this.collectDue();
      else this.isScheduled = true;
    };
  }

  /**
   * Collects a generation and those younger than it.
   *
   * @returns how many objects were found unreachable; 0 when a collection is running already.
   * @throws {PythonError} ValueError for another generation than 0, 1 or 2.
   */
  collect(generation = NUM_GENERATIONS - 1): number {
    this.checkGeneration(generation);
    return exhaust(this.parts.collector.steps(generation, "manual", "nothing"));
  }

  /** The same step by step: pause it, look at the objects, go on. The objects must not be used meanwhile. */
  collectSteps(
    generation = NUM_GENERATIONS - 1,
    watch: Exclude<Watch, "nothing"> = "phases",
  ): Generator<CollectionStep, number> {
    this.checkGeneration(generation);
    return this.parts.collector.steps(generation, "manual", watch);
  }

  /** The collection that the interpreter runs at its end: no callbacks. */
  collectAtShutdown(): number {
    return exhaust(this.parts.collector.steps(NUM_GENERATIONS - 1, "shutdown", "nothing"));
  }

  /**
   * What the interpreter does between two bytecodes: runs a collection that an allocation has asked for. Of no effect in
   * versions that collect inside of the allocation.
   */
  checkEvalBreaker(): void {
    if (!this.isScheduled) return;
    this.isScheduled = false;
    if (this.core.state.enabled) this.collectDue();
  }

  enable(): void {
    this.core.state.enabled = true;
  }

  disable(): void {
    this.core.state.enabled = false;
  }

  isEnabled(): boolean {
    return this.core.state.enabled;
  }

  getThreshold(): number[] {
    return this.parts.collector.thresholds();
  }

  /** Sets the thresholds; those that are left out stay as they are. A first one of 0 switches automatic collections off. */
  setThreshold(threshold0: number, threshold1?: number, threshold2?: number): void {
    const present = this.core.state.thresholds();
    const wanted = [threshold0, threshold1 ?? present[1]!, threshold2 ?? present[2]!];
    for (const threshold of wanted) {
      if (!Number.isInteger(threshold)) {
        throw new PythonError("TypeError", "integer argument expected, got float");
      }
      if (threshold !== (threshold | 0)) {
        throw new PythonError("OverflowError", "signed integer is greater than maximum");
      }
    }
    this.core.state.setThresholds(wanted);
  }

  /** Allocations less frees since the last collection, and collections of each younger generation. */
  getCount(): number[] {
    return this.parts.collector.counts();
  }

  getDebug(): number {
    return this.core.state.debug;
  }

  /** Sets the flags of `GcDebug`. */
  setDebug(flags: number): void {
    this.core.state.debug = flags;
  }

  /**
   * All tracked objects, or those of one generation.
   *
   * @throws {PythonError} ValueError for a generation that there is none of; TypeError where the version knows no such
   * argument.
   */
  getObjects(generation?: number): ObjectAddress[] {
    const { state, ground } = this.core;
    if (generation === undefined) return state.lists.flatMap((list) => this.objectsOf(list));
    if (!ground.profile.objects.gc.objectsByGeneration) {
      throw new PythonError("TypeError", "get_objects() takes no arguments (1 given)");
    }
    if (generation >= NUM_GENERATIONS) {
      const message = `generation parameter must be less than the number of available generations (${NUM_GENERATIONS})`;
      throw new PythonError("ValueError", message);
    }
    if (generation < 0) throw new PythonError("ValueError", "generation parameter cannot be negative");
    return this.parts.collector.listsOf(generation).flatMap((list) => this.objectsOf(list));
  }

  /** The objects that hold references to any of `objects`. */
  getReferrers(...objects: ObjectAddress[]): ObjectAddress[] {
    const wanted = new Set<number>(objects);
    return this.core.state.lists.flatMap((list) =>
      this.objectsOf(list).filter((o) => this.referentsOf(o).some((referent) => wanted.has(referent))),
    );
  }

  /** The objects that `objects` hold references to, with repetitions. */
  getReferents(...objects: ObjectAddress[]): ObjectAddress[] {
    return objects.flatMap((o) => {
      this.core.types.checkObject("get_referents", o);
      return this.core.ground.index.isCollected(o) ? this.referentsOf(o) : [];
    });
  }

  isTracked(o: ObjectAddress): boolean {
    this.core.types.checkObject("is_tracked", o);
    return this.core.ground.index.isCollected(o) && this.core.heads.isTracked(o);
  }

  /** Whether the object's finalizer was called. */
  isFinalized(o: ObjectAddress): boolean {
    const { gc } = this.core.ground.profile.objects;
    if (!gc.hasIsFinalized)
      throw new PythonError("AttributeError", "module 'gc' has no attribute 'is_finalized'");
    this.core.types.checkObject("is_finalized", o);
    return this.core.ground.index.isCollected(o) && this.core.heads.isFinalized(o);
  }

  /** Moves all tracked objects to the permanent generation, which is never collected. */
  freeze(): void {
    this.parts.collector.freeze();
  }

  /** Moves the permanent generation to the oldest one. */
  unfreeze(): void {
    this.parts.collector.unfreeze();
  }

  /** Objects in the permanent generation. */
  getFreezeCount(): number {
    return this.core.heads.size(this.core.state.permanent);
  }

  /** Collections, objects collected and not collectable, by generation. */
  getStats(): (GenerationStats | TimedGenerationStats)[] {
    return this.parts.statistics.read();
  }

  /** The list of what could not be collected, borrowed. */
  get garbage(): ObjectAddress {
    return stateObject(this.core, "garbage");
  }

  /** The list of functions that are called before and after each collection, borrowed. */
  get callbacks(): ObjectAddress {
    return stateObject(this.core, "callbacks");
  }

  /** The lists of the collection that is running. */
  get region(): RegionCollector {
    return this.parts.collector.region;
  }

  private checkGeneration(generation: number): void {
    if (!(generation >= 0 && generation < NUM_GENERATIONS)) {
      throw new PythonError("ValueError", "invalid generation");
    }
  }

  private isDue(): boolean {
    const { state } = this.core;
    return state.enabled && !state.collecting && state.thresholds()[0] !== 0;
  }

  private collectDue(): void {
    if (this.core.state.collecting) return;
    const generation = this.parts.collector.select();
    if (generation >= 0) exhaust(this.parts.collector.steps(generation, "heap", "nothing"));
  }

  private objectsOf(list: number): ObjectAddress[] {
    return [...this.core.heads.heads(list)].map((head) => this.core.heads.object(head));
  }

  private referentsOf(o: number): ObjectAddress[] {
    const { traversal } = this.core;
    const count = traversal.gather(o, 0);
    return Array.from(traversal.found.subarray(0, count), objectAddress);
  }
}

function exhaust(steps: Generator<CollectionStep, number>): number {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
