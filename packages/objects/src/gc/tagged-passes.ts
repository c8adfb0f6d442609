// The passes since 3.8, where a list is linked forwards only while its objects' counts stand in the backward links.

import type { Counts } from "../core/counts.ts";
import type { ObjectMemory } from "../core/memory.ts";
import type { ObjectIndex } from "../core/object-index.ts";
import type { Traversal } from "../core/traversal.ts";
import type { Passes } from "./passes.ts";
import { PREV_COLLECTING, PREV_FINALIZED, PREV_SHIFT, type TaggedHeads } from "./tagged-heads.ts";

const PREV_FLAGS = 3;
const NEXT_FLAGS = 3;
const ONE_REF = 1 << PREV_SHIFT;

/** What the passes need. */
export interface PassesParts {
  readonly memory: ObjectMemory;
  readonly index: ObjectIndex;
  readonly heads: TaggedHeads;
  readonly counts: Counts;
  readonly traversal: Traversal;
  /** `NEXT_MASK_UNREACHABLE`. */
  readonly unreachableMark: 1 | 2;
  /** What happens to a tracked object that is immortal, when the passes come across it. */
  readonly onImmortal: (head: number) => void;
  /** Called when an object seems to be referenced more often than it is counted. Throws. */
  readonly onUnderflow: (head: number) => never;
}

/**
 * update_refs, subtract_refs and move_unreachable.
 *
 * @see CPython 3.13 Python/gc.c
 */
export class TaggedPasses implements Passes {
  private readonly heads: TaggedHeads;
  private readonly parts: PassesParts;
  private readonly headBytes: number;
  private readonly prevOffset: number;
  private readonly mark: 1 | 2;
  /** Bits of a forward link that move with the object. */
  private readonly keptFlags: number;
  declare private words: Uint32Array;
  private list = 0;

  constructor(parts: PassesParts) {
    this.parts = parts;
    this.heads = parts.heads;
    this.headBytes = parts.heads.headBytes;
    this.prevOffset = parts.memory.pointerBytes;
    this.mark = parts.unreachableMark;
    this.keptFlags = NEXT_FLAGS & ~parts.unreachableMark;
    parts.memory.use(({ words }) => {
      this.words = words;
    });
  }

  updateRefs(list: number): number {
    const { counts, onImmortal } = this.parts;
    let candidates = 0;
    let head = this.heads.next(list);
    while (head !== list) {
      const next = this.heads.next(head);
      const o = this.heads.object(head);
      if (counts.isImmortal(o)) {
        onImmortal(head);
      } else {
        const prev = this.prevWord(head);
        this.words[prev] =
          (this.words[prev]! & PREV_FINALIZED) | PREV_COLLECTING | (counts.count(o) << PREV_SHIFT);
        candidates++;
      }
      head = next;
    }
    return candidates;
  }

  *subtractRefs(list: number): Generator<number, void> {
    const { traversal } = this.parts;
    for (let head = this.heads.next(list); head !== list; head = this.heads.next(head)) {
      const count = traversal.gather(head + this.headBytes, 0);
      for (let i = 0; i < count; i++) this.subtract(traversal.found[i]!);
      yield this.heads.object(head);
    }
  }

  *moveUnreachable(list: number, unreachable: number): Generator<number, void> {
    const { traversal } = this.parts;
    this.heads.initList(unreachable);
    this.list = list;
    let previous = list;
    for (let head = this.heads.next(list); head !== list; head = this.heads.next(previous)) {
      const prev = this.prevWord(head);
      if (this.words[prev]! >= ONE_REF) {
        const count = traversal.gather(head + this.headBytes, 0);
        for (let i = 0; i < count; i++) this.reach(traversal.found[i]!);
        this.words[prev] = previous | (this.words[prev]! & PREV_FINALIZED);
        previous = head;
      } else {
        this.setAside(head, previous, unreachable);
      }
      yield this.heads.object(head);
    }
    this.words[this.prevWord(list)] = previous;
    this.words[unreachable >>> 2]! &= ~NEXT_FLAGS;
  }

  clearUnreachableMarks(unreachable: number): void {
    const words = this.words;
    words[unreachable >>> 2]! &= ~this.mark;
    for (let head = this.heads.next(unreachable); head !== unreachable; head = this.heads.next(head)) {
      words[head >>> 2]! &= ~this.mark;
    }
  }

  refsOf(head: number): number | undefined {
    const prev = this.words[(head + this.prevOffset) >>> 2]!;
    const isOpen = (prev & PREV_COLLECTING) !== 0 && (this.words[head >>> 2]! & this.mark) === 0;
    return isOpen ? prev >>> PREV_SHIFT : undefined;
  }

  abandon(list: number, unreachable: number): void {
    const { heads } = this;
    if (!heads.isEmpty(unreachable)) {
      this.clearUnreachableMarks(unreachable);
      heads.setPrevious(list, this.lastOf(list));
      heads.merge(unreachable, list);
    }
    let previous = list;
    for (let head = heads.next(list); head !== list; head = heads.next(head)) {
      const prev = (head + this.prevOffset) >>> 2;
      this.words[prev] = previous | (this.words[prev]! & PREV_FINALIZED);
      previous = head;
    }
    heads.setPrevious(list, previous);
  }

  private lastOf(list: number): number {
    let last = list;
    for (let head = this.heads.next(list); head !== list; head = this.heads.next(head)) last = head;
    return last;
  }

  /** An object that is looked at refers to `o` (`visit_decref`). */
  private subtract(o: number): void {
    if (!this.parts.index.isCollected(o)) return;
    const prev = this.prevWord(o - this.headBytes);
    const refs = this.words[prev]!;
    if ((refs & PREV_COLLECTING) === 0) return;
    if (refs < ONE_REF) this.parts.onUnderflow(o - this.headBytes);
    this.words[prev] = refs - ONE_REF;
  }

  /** An object that is reachable refers to `o` (`visit_reachable`). */
  private reach(o: number): void {
    const words = this.words;
    if (!this.parts.index.isCollected(o)) return;
    const head = o - this.headBytes;
    const prev = (head + this.prevOffset) >>> 2;
    const refs = words[prev]!;
    if ((refs & PREV_COLLECTING) === 0) return;
    if ((words[head >>> 2]! & this.mark) !== 0) this.bringBack(head);
    else if (refs < ONE_REF) words[prev] = refs | ONE_REF;
  }

  /** Takes an object out of the unreachable ones and puts it at the end of the list, where its turn will come. */
  private bringBack(head: number): void {
    const words = this.words;
    const prevIndex = (head + this.prevOffset) >>> 2;
    const before = (words[prevIndex]! & ~PREV_FLAGS) >>> 0;
    const link = words[head >>> 2]!;
    const after = (link & ~NEXT_FLAGS) >>> 0;
    words[before >>> 2] = link;
    const afterPrev = (after + this.prevOffset) >>> 2;
    words[afterPrev] = before | (words[afterPrev]! & PREV_FLAGS);
    words[head >>> 2] = link & this.keptFlags;
    this.heads.append(head, this.list);
    words[prevIndex] = (words[prevIndex]! & PREV_FLAGS) | ONE_REF;
  }

  /** Moves an object without references from outside to the unreachable ones, for the time being. */
  private setAside(head: number, previous: number, unreachable: number): void {
    const words = this.words;
    const link = words[head >>> 2]!;
    const mark = this.mark | (link & this.keptFlags);
    const isFirst = previous === this.list;
    words[previous >>> 2] = isFirst ? (link & ~NEXT_FLAGS) >>> 0 : link;
    const tailIndex = (unreachable + this.prevOffset) >>> 2;
    const last = words[tailIndex]!;
    words[last >>> 2] = head | mark;
    const prev = (head + this.prevOffset) >>> 2;
    words[prev] = last | (words[prev]! & PREV_FLAGS);
    words[head >>> 2] = unreachable | mark;
    words[tailIndex] = head;
  }

  private prevWord(head: number): number {
    return (head + this.prevOffset) >>> 2;
  }
}
