// The generational collector: one collection as a sequence of named phases that can be run, watched and paused.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { BrokenTypeError } from "../core/errors.ts";
import type { CollectionPhases } from "./collection-phases.ts";
import type { Deduction } from "./deduction.ts";
import type { CollectionResult } from "./gc-state.ts";
import type { GcHeads } from "./heads.ts";
import type { Passes } from "./passes.ts";

/** The phases of a collection, in order. */
export type CollectionPhase =
  /** What the roots lead to is marked as visited; only the incremental collector does so. */
  | "mark_roots"
  /** Younger generations join the one that is collected. */
  | "merge"
  /** Each object's count is copied. */
  | "update_refs"
  /** References from inside are taken off the copies. */
  | "subtract_refs"
  /** What cannot be reached from outside is moved away. */
  | "move_unreachable"
  /** Tuples, and in full collections dicts, that cannot be in cycles are forgotten. */
  | "untrack"
  /** Objects with a `tp_del`, and what they lead to, are set aside. */
  | "legacy_finalizers"
  /** Weak references to the trash are cleared, and callbacks called. */
  | "weakrefs"
  /** Finalizers are called. */
  | "finalizers"
  /** What finalizers brought back to life is found. */
  | "resurrection"
  /** The trash is cleared, and dies of it. */
  | "clear"
  /** Free lists are emptied, in full collections. */
  | "free_lists";

/** One step of a collection: the phase, and for steps inside of a phase the object that was dealt with. */
export interface CollectionStep {
  readonly phase: CollectionPhase;
  /** "begin" before a phase, "object" after one object of it, "end" after it. */
  readonly kind: "begin" | "object" | "end";
  readonly object?: ObjectAddress;
}

/** The lists of a collection; heads of lists, as heads.ts names them. */
export interface CollectionLists {
  /** The generation that is collected, and what turned out to be reachable of it. */
  readonly young: number;
  /** Where the survivors go. */
  readonly old: number;
  readonly unreachable: number;
  /** What cannot be collected because of legacy finalizers. */
  readonly finalizers: number;
  /** What is still unreachable after the finalizers. */
  readonly finalUnreachable: number;
}

/**
 * How closely somebody watches a collection: not at all, and then the three passes run as one; between its phases; or
 * after each object, too.
 */
export type Watch = "nothing" | "phases" | "objects";

/** How a collection is run. */
export interface RegionOptions {
  readonly watch: Watch;
  /** Whether everything goes into `gc.garbage` instead of being freed. */
  readonly saves: boolean;
  /** Told of each object that is trash, and of each that cannot be collected. */
  readonly onTrash?: (o: ObjectAddress) => void;
  readonly onUncollectable?: (o: ObjectAddress) => void;
  /** Called once the unreachable objects are known. */
  readonly moveSurvivors: (survivors: Survivors) => void;
}

/** The reachable objects of a collection. */
export interface Survivors {
  readonly count: number;
  /** The tuples and the dicts among them, in the order of their list. */
  readonly tuples: readonly number[];
  readonly dicts: readonly number[];
}

/** What one region's collection has come to. */
export type RegionResult = Omit<CollectionResult, "durationSeconds">;

/** Finds and frees the trash of a list of objects: what both collectors have in common. */
export class RegionCollector {
  readonly lists: Omit<CollectionLists, "young" | "old">;
  private readonly core: Core;
  private readonly heads: GcHeads;
  private readonly passes: Passes;
  private readonly deduction: Deduction;
  private readonly phases: CollectionPhases;

  constructor(core: Core, parts: { passes: Passes; deduction: Deduction; phases: CollectionPhases }) {
    this.core = core;
    this.heads = core.heads;
    this.passes = parts.passes;
    this.deduction = parts.deduction;
    this.phases = parts.phases;
    this.lists = {
      unreachable: core.newListHead(),
      finalizers: core.newListHead(),
      finalUnreachable: core.newListHead(),
    };
  }

  /** What is left of the copy of an object's count; undefined when there is no copy, or no longer. */
  refsOf(o: ObjectAddress): number | undefined {
    return this.passes.refsOf(this.heads.of(o));
  }

  /**
   * Collects the objects of `young`; what survives goes to `old`, which may be the same list.
   *
   * @throws {BrokenTypeError} when a user's type reports references that it does not own; all objects are where they were.
   */
  *run(young: number, old: number, options: RegionOptions): Generator<CollectionStep, RegionResult> {
    const { unreachable, finalizers } = this.lists;
    this.heads.initList(unreachable);
    const isWatched = options.watch !== "nothing";
    const candidates = isWatched
      ? yield* this.deduceByObject(young, unreachable, options.watch === "objects")
      : yield* this.deduceAtOnce(young, unreachable);

    yield { phase: "untrack", kind: "begin" };
    const count = candidates - this.heads.size(unreachable);
    const { tuples, dicts } = isWatched ? this.phases.survivors(young) : this.deduction;
    options.moveSurvivors({ count, tuples, dicts });
    yield { phase: "untrack", kind: "end" };

    yield { phase: "legacy_finalizers", kind: "begin" };
    if (isWatched) this.passes.clearUnreachableMarks(unreachable);
    this.heads.initList(finalizers);
    this.phases.moveLegacyFinalizers(unreachable, finalizers);
    if (options.onTrash !== undefined) {
      for (const head of this.heads.heads(unreachable)) options.onTrash(this.heads.object(head));
    }
    yield { phase: "legacy_finalizers", kind: "end" };

    const collected = yield* this.disposeOf(unreachable, old, options);
    let uncollectable = 0;
    for (const head of this.heads.heads(finalizers)) {
      uncollectable++;
      options.onUncollectable?.(this.heads.object(head));
    }
    this.phases.keepUncollectable(finalizers, old, options.saves);
    return { collected, uncollectable, candidates };
  }

  /** Finds what cannot be reached, and moves it, while nobody looks (`deduce_unreachable`). */
  private *deduceAtOnce(list: number, unreachable: number): Generator<CollectionStep, number> {
    yield { phase: "update_refs", kind: "begin" };
    const candidates = this.deduction.run(list, unreachable);
    yield { phase: "move_unreachable", kind: "end" };
    return candidates;
  }

  /** The same pass by pass. */
  private *deduceByObject(
    list: number,
    unreachable: number,
    isEachShown: boolean,
  ): Generator<CollectionStep, number> {
    const { passes } = this;
    try {
      yield { phase: "update_refs", kind: "begin" };
      const candidates = passes.updateRefs(list);
      yield { phase: "update_refs", kind: "end" };
      yield* this.pass("subtract_refs", passes.subtractRefs(list), isEachShown);
      yield* this.pass("move_unreachable", passes.moveUnreachable(list, unreachable), isEachShown);
      return candidates;
    } catch (error) {
      passes.abandon(list, unreachable);
      throw error;
    }
  }

  private *pass(
    phase: CollectionPhase,
    objects: Generator<number, void>,
    isEachShown: boolean,
  ): Generator<CollectionStep, void> {
    yield { phase, kind: "begin" };
    for (const o of objects) if (isEachShown) yield { phase, kind: "object", object: objectAddress(o) };
    yield { phase, kind: "end" };
  }

  /** Weak references, finalizers, resurrection, clearing. Returns how many objects were collected. */
  private *disposeOf(
    unreachable: number,
    old: number,
    options: RegionOptions,
  ): Generator<CollectionStep, number> {
    const { cleared } = this.core.ground.profile.objects.weakrefs;
    const { phases } = this;
    const isWatched = options.watch !== "nothing";
    yield { phase: "weakrefs", kind: "begin" };
    let collected = phases.handleWeakrefs(unreachable, old, cleared === "callbacks-before");
    yield { phase: "weakrefs", kind: "end" };

    yield { phase: "finalizers", kind: "begin" };
    for (const object of phases.finalize(unreachable)) {
      if (isWatched) yield { phase: "finalizers", kind: "object", object };
    }
    yield { phase: "finalizers", kind: "end" };

    yield { phase: "resurrection", kind: "begin" };
    const trash = this.findResurrected(unreachable, old);
    if (cleared !== "before") phases.clearWeakrefs(trash);
    yield { phase: "resurrection", kind: "end" };

    yield { phase: "clear", kind: "begin" };
    collected += this.heads.size(trash);
    if (isWatched) {
      for (const object of phases.clear(trash, old, options.saves)) {
        yield { phase: "clear", kind: "object", object };
      }
    } else {
      phases.clearAll(trash, old, options.saves);
    }
    yield { phase: "clear", kind: "end" };
    return collected;
  }

  /**
   * Looks which objects of the trash can be reached again; they go back to `old`.
   *
   * @returns the list of those that are still trash.
   */
  private findResurrected(unreachable: number, old: number): number {
    const { finalUnreachable } = this.lists;
    const { heads } = this;
    let head = heads.next(unreachable);
    for (; head !== unreachable; head = heads.next(head)) heads.clearCollecting(head);
    heads.initList(finalUnreachable);
    if (this.core.ground.profile.objects.gc.resurrection === "all") {
      if (!this.isAnyResurrected(unreachable)) return unreachable;
      heads.merge(unreachable, old);
      return finalUnreachable;
    }
    this.deduction.run(unreachable, finalUnreachable);
    heads.merge(unreachable, old);
    return finalUnreachable;
  }

  /** Whether any object of the trash can be reached from outside again (`check_garbage`); moves nothing. */
  private isAnyResurrected(unreachable: number): boolean {
    const { heads, passes } = this;
    passes.updateRefs(unreachable);
    for (const _ of passes.subtractRefs(unreachable));
    let isAny = false;
    for (const head of heads.heads(unreachable)) isAny ||= (passes.refsOf(head) ?? 0) > 0;
    passes.abandon(unreachable, this.lists.finalUnreachable);
    return isAny;
  }
}

/** The error for an object that is referenced more often than it is counted, as the passes see it. */
export function underflow(core: Core, head: number): never {
  const o = core.heads.object(head);
  const { types } = core;
  const name = types.nameOf(types.of(o));
  throw new BrokenTypeError(
    `More references lead to the ${name} at 0x${o.toString(16)} than its count of ${core.counts.count(o)} says.`,
    o,
    {
      details: ["A traverse function visits what its object does not own, or a reference was dropped twice."],
    },
  );
}
