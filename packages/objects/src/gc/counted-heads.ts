// Heads of 3.7: a word of their own for the count of references, which also says that an object is not tracked.

import type { ObjectMemory } from "../core/memory.ts";
import { GcHeads } from "./heads.ts";

/** `gc_refs >> 1` of an object that is not tracked. */
const GC_UNTRACKED = -2;
/** `gc_refs >> 1` of an object that is tracked, outside of collections. */
export const GC_REACHABLE = -3;
/** `gc_refs >> 1` of an object that looked unreachable so far. */
export const GC_TENTATIVELY_UNREACHABLE = -4;
/** `gc_refs`: `tp_finalize` has been called. */
const REFS_FINALIZED = 1;
/** `gc_refs`: bits below the count. */
const REFS_SHIFT = 1;

/**
 * `PyGC_Head` of 3.7.
 *
 * @see CPython 3.7 Include/objimpl.h, Modules/gcmodule.c
 */
export class CountedHeads extends GcHeads {
  override readonly refsOffset: number;

  constructor(memory: ObjectMemory, headBytes: number) {
    super(memory, headBytes);
    this.refsOffset = 2 * memory.pointerBytes;
  }

  /** `gc_refs >> 1`. */
  refs(head: number): number {
    return (this.words[(head + this.refsOffset) >>> 2]! | 0) >> REFS_SHIFT;
  }

  /** Writes `gc_refs`, not the flag in it. */
  setRefs(head: number, refs: number): void {
    const words = this.words;
    const index = (head + this.refsOffset) >>> 2;
    if (this.high === 1) words[index + 1] = refs >> 31;
    words[index] = (refs << REFS_SHIFT) | (words[index]! & REFS_FINALIZED);
  }

  override init(o: number): void {
    const head = o - this.headBytes;
    this.memory.writeSigned(head + this.refsOffset, GC_UNTRACKED << REFS_SHIFT);
  }

  override track(o: number, list: number): void {
    const head = o - this.headBytes;
    this.setRefs(head, GC_REACHABLE);
    this.append(head, list);
  }

  override untrack(o: number): void {
    const head = o - this.headBytes;
    this.unlink(head);
    this.memory.writeWord(head, 0);
    this.setRefs(head, GC_UNTRACKED);
  }

  override isTracked(o: number): boolean {
    return this.refs(o - this.headBytes) !== GC_UNTRACKED;
  }

  override isFinalized(o: number): boolean {
    return (this.words[(o - this.headBytes + this.refsOffset) >>> 2]! & REFS_FINALIZED) !== 0;
  }

  override setFinalized(o: number): void {
    this.words[(o - this.headBytes + this.refsOffset) >>> 2]! |= REFS_FINALIZED;
  }

  override isCollecting(head: number): boolean {
    return this.refs(head) === GC_TENTATIVELY_UNREACHABLE;
  }

  override setCollecting(head: number): void {
    this.setRefs(head, GC_TENTATIVELY_UNREACHABLE);
  }

  override clearCollecting(head: number): void {
    this.setRefs(head, GC_REACHABLE);
  }

  override trashNext(o: number): number {
    return this.previous(o - this.headBytes);
  }

  override setTrashNext(o: number, next: number): void {
    this.memory.writeWord(o - this.headBytes + this.prevOffset, next);
  }

  override initList(list: number): void {
    this.memory.writeWord(list, list);
    this.memory.writeWord(list + this.prevOffset, list);
  }

  override next(head: number): number {
    return this.words[head >>> 2]!;
  }

  override previous(head: number): number {
    return this.words[(head + this.prevOffset) >>> 2]!;
  }

  override move(head: number, list: number): void {
    this.unlink(head);
    this.append(head, list);
  }

  override merge(from: number, to: number): void {
    if (!this.isEmpty(from)) {
      const tail = this.previous(to);
      const first = this.next(from);
      const last = this.previous(from);
      this.memory.writeWord(tail, first);
      this.memory.writeWord(first + this.prevOffset, tail);
      this.memory.writeWord(last, to);
      this.memory.writeWord(to + this.prevOffset, last);
    }
    this.initList(from);
  }

  private append(head: number, list: number): void {
    const last = this.previous(list);
    this.memory.writeWord(head, list);
    this.memory.writeWord(head + this.prevOffset, last);
    this.memory.writeWord(last, head);
    this.memory.writeWord(list + this.prevOffset, head);
  }

  private unlink(head: number): void {
    const previous = this.previous(head);
    const next = this.next(head);
    this.memory.writeWord(previous, next);
    this.memory.writeWord(next + this.prevOffset, previous);
  }
}
