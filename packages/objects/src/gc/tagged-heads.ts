// Heads since 3.8: two words, with flags in their lowest bits.

import type { ObjectMemory } from "../core/memory.ts";
import { GcHeads } from "./heads.ts";

/** `_gc_prev`: `tp_finalize` has been called. */
export const PREV_FINALIZED = 1;
/** `_gc_prev`: the object is in the generation that is being collected. */
export const PREV_COLLECTING = 2;
/** `_gc_prev`: bits below the link, or below the count of references during a collection. */
export const PREV_SHIFT = 2;

const PREV_FLAGS = 3;
const NEXT_FLAGS = 3;

/**
 * `PyGC_Head` of 3.8 and later: `_gc_next` is 0 while the object is not tracked.
 *
 * During a collection `_gc_prev` holds a count of references, and lists are linked forwards only.
 * @see CPython 3.13 Include/internal/pycore_gc.h, Python/gc.c
 */
export class TaggedHeads extends GcHeads {
  override readonly refsOffset: number;

  constructor(memory: ObjectMemory) {
    super(memory, 2 * memory.pointerBytes);
    this.refsOffset = this.prevOffset;
  }

  override init(o: number): void {
    const words = this.words;
    const head = (o - this.headBytes) >>> 2;
    const prev = head + (this.prevOffset >>> 2);
    words[head + this.high] = 0;
    words[head] = 0;
    words[prev + this.high] = 0;
    words[prev] = 0;
  }

  override track(o: number, list: number): void {
    const words = this.words;
    const head = o - this.headBytes;
    const listPrev = (list + this.prevOffset) >>> 2;
    const prev = (head + this.prevOffset) >>> 2;
    const last = words[listPrev]!;
    words[last >>> 2] = head;
    words[prev] = last | (words[prev]! & PREV_FLAGS);
    words[head >>> 2] = list;
    words[listPrev] = head;
  }

  override untrack(o: number): void {
    const words = this.words;
    const head = (o - this.headBytes) >>> 2;
    const prevWord = head + (this.prevOffset >>> 2);
    const prev = (words[prevWord]! & ~PREV_FLAGS) >>> 0;
    const next = (words[head]! & ~NEXT_FLAGS) >>> 0;
    this.setNext(prev, next);
    this.setPrevious(next, prev);
    words[head] = 0;
    words[prevWord]! &= PREV_FINALIZED;
  }

  override isTracked(o: number): boolean {
    return this.words[(o - this.headBytes) >>> 2] !== 0;
  }

  override isFinalized(o: number): boolean {
    return (this.words[(o - this.headBytes + this.prevOffset) >>> 2]! & PREV_FINALIZED) !== 0;
  }

  override setFinalized(o: number): void {
    this.words[(o - this.headBytes + this.prevOffset) >>> 2]! |= PREV_FINALIZED;
  }

  override isCollecting(head: number): boolean {
    return (this.words[(head + this.prevOffset) >>> 2]! & PREV_COLLECTING) !== 0;
  }

  override setCollecting(head: number): void {
    this.words[(head + this.prevOffset) >>> 2]! |= PREV_COLLECTING;
  }

  override clearCollecting(head: number): void {
    this.words[(head + this.prevOffset) >>> 2]! &= ~PREV_COLLECTING;
  }

  override trashNext(o: number): number {
    return (this.words[(o - this.headBytes + this.prevOffset) >>> 2]! & ~PREV_FLAGS) >>> 0;
  }

  override setTrashNext(o: number, next: number): void {
    this.setPrevious(o - this.headBytes, next);
  }

  override initList(list: number): void {
    this.memory.writeWord(list, list);
    this.memory.writeWord(list + this.prevOffset, list);
  }

  override next(head: number): number {
    return (this.words[head >>> 2]! & ~NEXT_FLAGS) >>> 0;
  }

  override previous(head: number): number {
    return (this.words[(head + this.prevOffset) >>> 2]! & ~PREV_FLAGS) >>> 0;
  }

  /** Changes the link, not the flags beside it. */
  setNext(head: number, next: number): void {
    const words = this.words;
    words[head >>> 2] = next | (words[head >>> 2]! & NEXT_FLAGS);
  }

  /** Changes the link, not the flags beside it. */
  setPrevious(head: number, previous: number): void {
    const words = this.words;
    const index = (head + this.prevOffset) >>> 2;
    words[index] = previous | (words[index]! & PREV_FLAGS);
  }

  /** Links a head that is in no list to the end of `list` (`gc_list_append`). */
  append(head: number, list: number): void {
    const words = this.words;
    const last = words[(list + this.prevOffset) >>> 2]!;
    this.setPrevious(head, last);
    this.setNext(last, head);
    this.setNext(head, list);
    words[(list + this.prevOffset) >>> 2] = head;
  }

  override move(head: number, list: number): void {
    const previous = this.previous(head);
    const next = this.next(head);
    this.setNext(previous, next);
    this.setPrevious(next, previous);
    this.append(head, list);
  }

  override merge(from: number, to: number): void {
    if (!this.isEmpty(from)) {
      const tail = this.previous(to);
      const first = this.next(from);
      const last = this.previous(from);
      this.setNext(tail, first);
      this.setPrevious(first, tail);
      this.setNext(last, to);
      this.setPrevious(to, last);
    }
    this.initList(from);
  }
}
