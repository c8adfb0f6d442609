// A collection as a list of events, for pictures that play it.

import { NUM_GENERATIONS, type ObjectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { CollectionPhase, CollectionStep, RegionCollector } from "../gc/collector.ts";

/** Where an object is while a collection runs. */
export type CollectionPlace =
  | "generation 0"
  | "generation 1"
  | "generation 2"
  | "permanent"
  | "unreachable"
  | "uncollectable"
  | "untracked"
  | "elsewhere"
  | "freed";

/** One thing that happens in a collection. */
export type CollectionEvent =
  | { readonly kind: "phase-begin" | "phase-end"; readonly phase: CollectionPhase }
  /** The object's turn in the phase has come. */
  | { readonly kind: "visit"; readonly phase: CollectionPhase; readonly object: ObjectAddress }
  | {
      readonly kind: "move";
      readonly phase: CollectionPhase;
      readonly object: ObjectAddress;
      readonly from: CollectionPlace;
      readonly to: CollectionPlace;
    }
  /** The collector's copy of the object's count has become `refs`. */
  | {
      readonly kind: "refs";
      readonly phase: CollectionPhase;
      readonly object: ObjectAddress;
      readonly refs: number;
    };

/** Passes during which copies of the counts are looked at. */
const COUNTING: readonly CollectionPhase[] = ["update_refs", "subtract_refs", "move_unreachable"];

/**
 * Turns the steps of a collection into events about some objects. Looks at all lists after each step: meant for graphs
 * that fit on a page.
 */
export class CollectionRecorder {
  private readonly core: Core;
  private readonly region: RegionCollector;
  private readonly objects: readonly ObjectAddress[];
  private places: Map<ObjectAddress, CollectionPlace>;
  private readonly refs = new Map<ObjectAddress, number>();

  constructor(core: Core, region: RegionCollector, objects: Iterable<ObjectAddress>) {
    this.core = core;
    this.region = region;
    this.objects = [...objects];
    this.places = this.look();
  }

  /** What happened up to this step, which is the latest. */
  *after(step: CollectionStep): Generator<CollectionEvent> {
    const { phase, kind, object } = step;
    if (kind === "begin") yield { kind: "phase-begin", phase };
    if (object !== undefined && this.places.has(object)) yield { kind: "visit", phase, object };
    yield* this.changes(phase);
    if (kind === "end") yield { kind: "phase-end", phase };
  }

  /** What has changed since the latest step; also to be called once the collection is over. */
  *changes(phase: CollectionPhase): Generator<CollectionEvent> {
    const places = this.look();
    for (const o of this.objects) {
      const [from, to] = [this.places.get(o)!, places.get(o)!];
      const isCounted = COUNTING.includes(phase) && from !== "freed" && to.startsWith("generation");
      const refs = isCounted ? this.region.refsOf(o) : undefined;
      if (refs !== undefined && this.refs.get(o) !== refs) yield { kind: "refs", phase, object: o, refs };
      if (refs !== undefined) this.refs.set(o, refs);
      if (from !== to) yield { kind: "move", phase, object: o, from, to };
    }
    this.places = places;
  }

  private look(): Map<ObjectAddress, CollectionPlace> {
    const { ground, heads, state } = this.core;
    const { unreachable, finalizers, finalUnreachable } = this.region.lists;
    const places = new Map<ObjectAddress, CollectionPlace>(
      this.objects.map((o) => {
        const isLive = ground.index.has(o) && ground.index.isCollected(o);
        return [o, !isLive ? "freed" : heads.isTracked(o) ? "elsewhere" : "untracked"];
      }),
    );
    const enter = (list: number, place: CollectionPlace) => {
      for (const head of heads.heads(list)) {
        const o = heads.object(head);
        if (places.has(o)) places.set(o, place);
      }
    };
    for (let i = 0; i < NUM_GENERATIONS; i++) enter(state.lists[i]!, `generation ${i}` as CollectionPlace);
    enter(state.permanent, "permanent");
    enter(unreachable, "unreachable");
    enter(finalUnreachable, "unreachable");
    enter(finalizers, "uncollectable");
    return places;
  }
}
