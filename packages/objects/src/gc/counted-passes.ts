// The passes of 3.7, whose heads have a word for the count beside the links.

import type { Counts } from "../core/counts.ts";
import type { ObjectIndex } from "../core/object-index.ts";
import type { Traversal } from "../core/traversal.ts";
import { type CountedHeads, GC_REACHABLE, GC_TENTATIVELY_UNREACHABLE } from "./counted-heads.ts";
import type { Passes } from "./passes.ts";

/** What the passes need. */
export interface CountedPassesParts {
  readonly index: ObjectIndex;
  readonly heads: CountedHeads;
  readonly counts: Counts;
  readonly traversal: Traversal;
  /** Called for each object that turns out to be reachable, once its own references were followed. */
  readonly onReachable: ((o: number) => void) | undefined;
  /** Called when an object seems to be referenced more often than it is counted. Throws. */
  readonly onUnderflow: (head: number) => never;
}

/**
 * update_refs, subtract_refs and move_unreachable as they were in 3.7.
 *
 * @see CPython 3.7 Modules/gcmodule.c
 */
export class CountedPasses implements Passes {
  private readonly parts: CountedPassesParts;
  private readonly heads: CountedHeads;
  private list = 0;

  constructor(parts: CountedPassesParts) {
    this.parts = parts;
    this.heads = parts.heads;
  }

  updateRefs(list: number): number {
    let candidates = 0;
    for (const head of this.heads.heads(list)) {
      this.heads.setRefs(head, this.parts.counts.count(this.heads.object(head)));
      candidates++;
    }
    return candidates;
  }

  *subtractRefs(list: number): Generator<number, void> {
    const { heads, parts } = this;
    for (let head = heads.next(list); head !== list; head = heads.next(head)) {
      const count = parts.traversal.gather(heads.object(head), 0);
      for (let i = 0; i < count; i++) this.subtract(parts.traversal.found[i]!);
      yield heads.object(head);
    }
  }

  *moveUnreachable(list: number, unreachable: number): Generator<number, void> {
    const { heads, parts } = this;
    heads.initList(unreachable);
    this.list = list;
    let head = heads.next(list);
    while (head !== list) {
      const present = head;
      if (heads.refs(head) !== 0) {
        heads.setRefs(head, GC_REACHABLE);
        const count = parts.traversal.gather(heads.object(head), 0);
        for (let i = 0; i < count; i++) this.reach(parts.traversal.found[i]!);
        head = heads.next(head);
        parts.onReachable?.(heads.object(present));
      } else {
        head = heads.next(head);
        heads.move(present, unreachable);
        heads.setRefs(present, GC_TENTATIVELY_UNREACHABLE);
      }
      yield heads.object(present);
    }
  }

  clearUnreachableMarks(): void {} // the heads carry none

  refsOf(head: number): number | undefined {
    const refs = Math.max(this.heads.refs(head), 0);
    return refs < 0 ? undefined : refs;
  }

  abandon(list: number, unreachable: number): void {
    this.heads.merge(unreachable, list);
    for (const head of this.heads.heads(list)) this.heads.setRefs(head, GC_REACHABLE);
  }

  private subtract(o: number): void {
    if (!this.parts.index.isCollected(o)) return;
    const head = this.heads.of(o);
    const refs = this.heads.refs(head);
    if (refs > 0) this.heads.setRefs(head, refs - 1);
    else if (refs === 0) this.parts.onUnderflow(head);
  }

  private reach(o: number): void {
    if (!this.parts.index.isCollected(o)) return;
    const head = this.heads.of(o);
    const refs = this.heads.refs(head);
    if (refs === 0) {
      this.heads.setRefs(head, 1);
    } else if (refs === GC_TENTATIVELY_UNREACHABLE) {
      this.heads.move(head, this.list);
      this.heads.setRefs(head, 1);
    }
  }
}
