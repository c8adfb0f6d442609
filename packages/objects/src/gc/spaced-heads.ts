// Heads of the incremental collector: the lowest bit of the forward link says which of two old spaces an object is in.

import type { ObjectMemory } from "../core/memory.ts";
import { TaggedHeads } from "./tagged-heads.ts";

/** `_gc_next`: the object is in the second old space (`_PyGC_NEXT_MASK_OLD_SPACE_1`). */
const OLD_SPACE = 1;

/** What the collector's state has to do with tracking. */
export interface SpaceState {
  /** The space whose objects this cycle has visited. */
  readonly visitedSpace: number;
  /** An object more, or fewer, is tracked. */
  tracked(): void;
  untracked(): void;
}

/**
 * `PyGC_Head` of 3.14.0 to 3.14.4.
 *
 * @see CPython 3.14.0 Include/internal/pycore_gc.h, _PyObject_GC_TRACK
 */
export class SpacedHeads extends TaggedHeads {
  /** Set once the collector's state is there. */
  declare state: SpaceState;

  constructor(memory: ObjectMemory) {
    super(memory);
    this.state = { visitedSpace: 0, tracked: () => {}, untracked: () => {} };
  }

  /** The space of a head's object, 0 or 1. */
  space(head: number): number {
    return this.words[head >>> 2]! & OLD_SPACE;
  }

  /** Moves an object to a space, not to its list. */
  setSpace(head: number, space: number): void {
    this.words[head >>> 2] = (this.words[head >>> 2]! & ~OLD_SPACE) | space;
  }

  /** The same for all objects of a list. */
  setSpaces(list: number, space: number): void {
    for (let head = this.next(list); head !== list; head = this.next(head)) this.setSpace(head, space);
  }

  override track(o: number, list: number): void {
    const head = o - this.headBytes;
    this.words[head >>> 2] = 1 ^ this.state.visitedSpace;
    this.append(head, list);
    this.state.tracked();
  }

  override untrack(o: number): void {
    super.untrack(o);
    this.state.untracked();
  }
}
