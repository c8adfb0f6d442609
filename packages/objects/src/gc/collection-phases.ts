// What a collection does with its trash, phase by phase: legacy finalizers, weak references, finalizers, clearing.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { Calls } from "../objects/calls.ts";
import type { Dicts } from "../objects/dicts.ts";
import type { Lists } from "../objects/lists.ts";
import type { Tuples } from "../objects/tuples.ts";
import type { Weakrefs } from "../objects/weakrefs.ts";
import type { GcHeads } from "./heads.ts";

/** What the phases need of the objects. */
export interface PhaseParts {
  readonly calls: Calls;
  readonly dicts: Dicts;
  readonly lists: Lists;
  readonly tuples: Tuples;
  readonly weakrefs: Weakrefs;
}

/**
 * The phases after the unreachable objects were found. Lists are named by their heads (see heads.ts).
 *
 * @see CPython 3.13 Python/gc.c
 */
export class CollectionPhases {
  private readonly core: Core;
  private readonly heads: GcHeads;
  private readonly parts: PhaseParts;
  /** Heads of lists that one phase needs. */
  private readonly callbackList: number;
  private readonly seenList: number;

  constructor(core: Core, parts: PhaseParts) {
    this.core = core;
    this.heads = core.heads;
    this.parts = parts;
    this.callbackList = core.newListHead();
    this.seenList = core.newListHead();
  }

  /** The tuples and the dicts of a list, in its order. */
  survivors(list: number): { tuples: number[]; dicts: number[] } {
    const { types } = this.core;
    const { tuple, dict } = types.builtin;
    const objects = Array.from(this.heads.heads(list), (head) => this.heads.object(head));
    return {
      tuples: objects.filter((o) => types.of(o) === tuple),
      dicts: objects.filter((o) => types.of(o) === dict),
    };
  }

  /** Forgets those tuples in which nothing can be tracked (`untrack_tuples`). Returns how many. */
  untrackTuples(tuples: readonly number[]): number {
    const { heads } = this;
    let count = 0;
    for (const o of tuples) {
      this.parts.tuples.maybeUntrack(o);
      if (!heads.isTracked(o)) count++;
    }
    return count;
  }

  /** Forgets those dicts in which nothing can be tracked (`untrack_dicts`). Returns how many. */
  untrackDicts(dicts: readonly number[]): number {
    const { heads } = this;
    let count = 0;
    for (const o of dicts) {
      this.parts.dicts.tables.maybeUntrack(o);
      if (!heads.isTracked(o)) count++;
    }
    return count;
  }

  /** Moves objects with a `tp_del` out of the trash, and with them what can be reached from them. */
  moveLegacyFinalizers(unreachable: number, finalizers: number): void {
    const { heads } = this;
    let head = heads.next(unreachable);
    while (head !== unreachable) {
      const next = heads.next(head);
      if (this.hasLegacyFinalizer(heads.object(head))) {
        heads.clearCollecting(head);
        heads.move(head, finalizers);
      }
      head = next;
    }
    for (head = heads.next(finalizers); head !== finalizers; head = heads.next(head)) {
      this.moveReferents(heads.object(head), finalizers);
    }
  }

  /** Whether a type has a `tp_del`. */
  hasLegacyFinalizer(o: number): boolean {
    const { types } = this.core;
    return types.slot(types.of(o), types.del) !== 0;
  }

  /**
   * Clears the weak references to the trash and calls the callbacks of those that are no trash themselves
   * (`handle_weakrefs`).
   *
   * @param onlyWithCallbacks leaves those without a callback as they are.
   * @returns how many weak references died of it.
   */
  handleWeakrefs(unreachable: number, old: number, onlyWithCallbacks: boolean): number {
    const { heads, callbackList } = this;
    heads.initList(callbackList);
    let head = heads.next(unreachable);
    while (head !== unreachable) {
      const next = heads.next(head);
      this.clearWeakrefsOf(heads.object(head), onlyWithCallbacks);
      head = next;
    }
    let freed = 0;
    while (!heads.isEmpty(callbackList)) {
      const waiting = heads.next(callbackList);
      const ref = heads.object(waiting);
      this.parts.weakrefs.callCallback(ref, this.parts.weakrefs.callbackOf(ref));
      this.core.counts.decref(ref);
      if (heads.next(callbackList) === waiting) heads.move(waiting, old);
      else freed++;
    }
    return freed;
  }

  /** Clears the weak references to and among the trash, without any callback (`clear_weakrefs`). */
  clearWeakrefs(unreachable: number): void {
    const { heads } = this;
    const { weakrefs } = this.parts;
    for (let head = heads.next(unreachable); head !== unreachable; head = heads.next(head)) {
      const o = heads.object(head);
      if (weakrefs.isWeakref(o)) weakrefs.unlink(o);
      for (const ref of weakrefs.refs(o)) weakrefs.unlink(ref);
    }
  }

  /** Calls the finalizers of the trash, each object's once (`finalize_garbage`); yields each object afterwards. */
  *finalize(unreachable: number): Generator<ObjectAddress, void> {
    const { heads, seenList } = this;
    const { counts, types } = this.core;
    heads.initList(seenList);
    while (!heads.isEmpty(unreachable)) {
      const head = heads.next(unreachable);
      const o = heads.object(head);
      heads.move(head, seenList);
      const finalize = types.slot(types.of(o), types.finalize);
      if (finalize === 0 || heads.isFinalized(o)) continue;
      heads.setFinalized(o);
      counts.incref(o);
      try {
        this.core.callFinalize(finalize, o);
      } catch (error) {
        this.report("Exception ignored in tp_finalize of", o, error);
      }
      yield o;
      counts.decref(o);
    }
    heads.merge(seenList, unreachable);
  }

  /** Clears the trash, or puts it into `gc.garbage` (`delete_garbage`); yields each object afterwards, still alive. */
  *clear(unreachable: number, old: number, saves: boolean): Generator<ObjectAddress, void> {
    const { heads } = this;
    while (!heads.isEmpty(unreachable)) {
      const head = heads.next(unreachable);
      if (this.clearOne(head, saves)) {
        yield heads.object(head);
        this.core.counts.decref(heads.object(head));
      }
      if (heads.next(unreachable) === head) this.keep(head, old);
    }
  }

  /** The same while nobody looks. */
  clearAll(unreachable: number, old: number, saves: boolean): void {
    const { heads } = this;
    const { counts } = this.core;
    while (!heads.isEmpty(unreachable)) {
      const head = heads.next(unreachable);
      if (this.clearOne(head, saves)) counts.decref(heads.object(head));
      if (heads.next(unreachable) === head) this.keep(head, old);
    }
  }

  /** Calls the `tp_clear` of an object; returns whether there is one, and then holds a reference to the object. */
  private clearOne(head: number, saves: boolean): boolean {
    const { counts, types, state } = this.core;
    const o = this.heads.object(head);
    if (saves) {
      this.parts.lists.append(objectAddress(state.pointer("garbage")), o);
      return false;
    }
    const clear = types.slot(types.of(o), types.clear);
    if (clear === 0) return false;
    counts.incref(o);
    try {
      this.core.callClear(clear, o);
    } catch (error) {
      this.report("Exception ignored in tp_clear of", o, error);
    }
    return true;
  }

  /** An object that its clearing did not free is one of the old ones. */
  private keep(head: number, old: number): void {
    this.heads.clearCollecting(head);
    this.heads.move(head, old);
  }

  /** Puts what cannot be collected into `gc.garbage`, and all of it back among the old objects. */
  keepUncollectable(finalizers: number, old: number, all: boolean): void {
    const garbage = objectAddress(this.core.state.pointer("garbage"));
    for (const head of this.heads.heads(finalizers)) {
      const o = this.heads.object(head);
      if (all || this.hasLegacyFinalizer(o)) this.parts.lists.append(garbage, o);
    }
    this.heads.merge(finalizers, old);
  }

  /** Reports what a user's function has thrown; the collection goes on. */
  private report(message: string, o: ObjectAddress, error: unknown): void {
    const { types } = this.core;
    this.parts.calls.onUnraisable({ message: `${message} ${types.nameOf(types.of(o))}`, object: o, error });
  }

  private moveReferents(o: number, list: number): void {
    const { traversal, ground } = this.core;
    const count = traversal.gather(o, 0);
    const referents = traversal.found.slice(0, count);
    for (const referent of referents) {
      if (!ground.index.isCollected(referent)) continue;
      const head = this.heads.of(referent);
      if (!this.heads.isCollecting(head)) continue;
      this.heads.move(head, list);
      this.heads.clearCollecting(head);
    }
  }

  private clearWeakrefsOf(o: ObjectAddress, onlyWithCallbacks: boolean): void {
    const { weakrefs } = this.parts;
    if (!onlyWithCallbacks && weakrefs.isWeakref(o)) weakrefs.unlink(o);
    for (const ref of weakrefs.refs(o)) {
      const hasCallback = weakrefs.callbackOf(ref) !== 0;
      if (onlyWithCallbacks && !hasCallback) continue;
      weakrefs.unlink(ref);
      const head = this.heads.of(ref);
      if (!hasCallback || this.heads.isCollecting(head)) continue;
      this.core.counts.incref(ref);
      this.heads.move(head, this.callbackList);
    }
  }
}
