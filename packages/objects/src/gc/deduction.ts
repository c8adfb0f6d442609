// The three passes in one go, for collections that nobody watches.
// The heads of a heap are spread over all of its memory, and each of their many visits is a wait for it. Here the copies
// of the counts stand close together instead, in a byte for every two places where an object can start, and the heads are
// only touched where an object changes its list. What stands in memory afterwards is what the passes leave behind.

import type { Counts } from "../core/counts.ts";
import type { ObjectMemory } from "../core/memory.ts";
import type { ObjectIndex } from "../core/object-index.ts";
import { Traverse } from "../core/slots.ts";
import type { Traversal } from "../core/traversal.ts";
import type { TypeObjects } from "../core/types.ts";
import type { GcHeads } from "./heads.ts";

/**
 * A byte stands for two places: with its head no object is shorter than that, so one of both at most is looked at. Which of
 * them it is stands in the lowest bit; the rest says what is known of the object, and 0 there that it is not looked at.
 */
const PLACES_SHIFT = 1;
const WHICH = 1;
/** Nothing outside is known to refer to the object. */
const UNREFERENCED = 1 << 1;
/** One more reference that was not found inside; up to {@link MOST}, not included. */
const ONE = 1 << 1;
const MOST = 125;
/** There are more references than a byte holds; the count stands in the object's head. */
const MANY = 126 << 1;
/** The object is among the unreachable ones, for the time being. */
const ASIDE = 127 << 1;

/** What a deduction needs. */
export interface DeductionParts {
  readonly memory: ObjectMemory;
  readonly index: ObjectIndex;
  readonly heads: GcHeads;
  readonly counts: Counts;
  readonly types: TypeObjects;
  readonly traversal: Traversal;
  /** What happens to a tracked object that is immortal. */
  readonly onImmortal: (head: number) => void;
  /** Called when an object seems to be referenced more often than it is counted. Throws. */
  readonly onUnderflow: (head: number) => never;
  /** Called for each reachable object once its references were followed, where the version has something to do then. */
  readonly onReachable: ((o: number) => void) | undefined;
}

/**
 * `deduce_unreachable`.
 *
 * @see CPython 3.13 Python/gc.c
 */
export class Deduction {
  /** The tuples and the dicts among the reachable objects of the last deduction, in the order of their list. */
  tuples: number[] = [];
  dicts: number[] = [];
  private readonly parts: DeductionParts;
  private readonly heads: GcHeads;
  private readonly traversal: Traversal;
  private readonly shift: number;
  private readonly headBytes: number;
  private readonly obType: number;
  private readonly tpTraverse: number;
  private readonly obSize: number;
  private readonly listItems: number;
  private readonly tupleItems: number;
  private readonly pointerWords: number;
  private readonly tupleType: number;
  private readonly dictType: number;
  declare private words: Uint32Array;
  /** A byte for every two places; 0 outside of deductions. */
  private refs = new Uint8Array(0);
  /** The objects in the order of their list, then those that were brought back. */
  private order = new Uint32Array(1024);
  private length = 0;
  private candidates = 0;
  private list = 0;
  private unreachable = 0;
  /** Objects whose count is in their head, each followed by the word that stood there. */
  private many: number[] = [];

  constructor(parts: DeductionParts) {
    const { memory, types, traversal } = parts;
    this.parts = parts;
    this.heads = parts.heads;
    this.traversal = traversal;
    this.shift = parts.index.granuleShift;
    this.headBytes = parts.heads.headBytes;
    this.obType = types.obType;
    this.tpTraverse = types.traverse;
    this.obSize = traversal.obSize;
    this.listItems = traversal.listItems;
    this.tupleItems = traversal.tupleItems;
    this.pointerWords = memory.pointerBytes >>> 2;
    this.tupleType = types.builtin.tuple;
    this.dictType = types.builtin.dict;
    memory.use(({ words }) => {
      this.words = words;
    });
  }

  /**
   * Moves what cannot be reached from outside of `list` to `unreachable`, an empty list, marked as being collected.
   *
   * @returns how many objects were looked at.
   * @throws what a user's traverse function throws, or `onUnderflow`; all objects are in `list` then.
   */
  run(list: number, unreachable: number): number {
    this.list = list;
    this.unreachable = unreachable;
    this.tuples = [];
    this.dicts = [];
    this.many = [];
    this.length = 0;
    this.candidates = 0;
    this.cover();
    try {
      this.updateRefs();
      this.subtractRefs();
      this.settleMany();
      this.moveUnreachable();
    } catch (error) {
      this.settleMany();
      for (const head of this.heads.heads(unreachable)) this.heads.clearCollecting(head);
      this.heads.merge(unreachable, list);
      throw error;
    } finally {
      const { refs, order, shift } = this;
      for (let i = 0; i < this.candidates; i++) refs[order[i]! >>> (shift + PLACES_SHIFT)] = 0;
    }
    return this.candidates;
  }

  private updateRefs(): void {
    const words = this.words;
    const { heads, headBytes, list, refs, shift } = this;
    const { counts } = this.parts;
    let order: Uint32Array = this.order;
    let length = 0;
    let head = heads.next(list);
    while (head !== list) {
      const next = heads.next(head);
      const o = head + headBytes;
      if (counts.isImmortal(o)) {
        this.parts.onImmortal(head);
      } else {
        if (length === order.length) order = this.growOrder();
        order[length++] = o;
        const count = words[o >>> 2]!;
        const place = o >>> shift;
        if (count < MOST) refs[place >>> PLACES_SHIFT] = ((count + 1) << 1) | (place & WHICH);
        else this.keepInHead(o, count);
      }
      head = next;
    }
    this.candidates = length;
    this.length = length;
  }

  private subtractRefs(): void {
    const { order, candidates, obType, tpTraverse, obSize } = this;
    let words = this.words;
    for (let i = 0; i < candidates; i++) {
      const o = order[i]!;
      const traverse = words[(words[(o + obType) >>> 2]! + tpTraverse) >>> 2]!;
      if (traverse === Traverse.list) {
        this.subtract(
          words,
          words[(o + this.listItems) >>> 2]! >>> 2,
          words[(o + obSize) >>> 2]!,
          this.pointerWords,
        );
      } else if (traverse === Traverse.tuple) {
        this.subtract(words, (o + this.tupleItems) >>> 2, words[(o + obSize) >>> 2]!, this.pointerWords);
      } else {
        const count = this.traversal.gatherBy(traverse, o, 0);
        words = this.words; // a user's function can have made the memory grow
        this.subtract(this.traversal.found, 0, count, 1);
      }
    }
  }

  /** Takes off the references that stand in `source`. */
  private subtract(source: Uint32Array, start: number, length: number, step: number): void {
    const { refs, shift } = this;
    let at = start;
    for (let left = length; left > 0; left--) {
      const referent = source[at]!;
      at += step;
      const place = referent >>> shift;
      const byte = refs[place >>> PLACES_SHIFT]!;
      if (((byte ^ place) & WHICH) !== 0 || byte < UNREFERENCED) continue;
      if (byte >= UNREFERENCED + ONE && byte < MANY) refs[place >>> PLACES_SHIFT] = byte - ONE;
      else this.subtractSlowly(referent, byte & ~WHICH);
    }
  }

  private subtractSlowly(o: number, value: number): void {
    const head = o - this.headBytes;
    if (value === UNREFERENCED) this.parts.onUnderflow(head);
    const word = (head + this.heads.refsOffset) >>> 2;
    const count = this.words[word]!;
    if (count === 0) this.parts.onUnderflow(head);
    this.words[word] = count - 1;
  }

  private moveUnreachable(): void {
    const { refs, shift, obType, tpTraverse, obSize, tupleType, dictType, heads, headBytes } = this;
    const { onReachable } = this.parts;
    let words = this.words;
    for (let i = 0; i < this.length; i++) {
      const o = this.order[i]!;
      const place = o >>> shift;
      if ((refs[place >>> PLACES_SHIFT]! & ~WHICH) === UNREFERENCED) {
        refs[place >>> PLACES_SHIFT] = ASIDE | (place & WHICH);
        heads.move(o - headBytes, this.unreachable);
        heads.setCollecting(o - headBytes);
        continue;
      }
      const type = words[(o + obType) >>> 2]!;
      const traverse = words[(type + tpTraverse) >>> 2]!;
      if (traverse === Traverse.list) {
        this.reach(
          words,
          words[(o + this.listItems) >>> 2]! >>> 2,
          words[(o + obSize) >>> 2]!,
          this.pointerWords,
        );
      } else if (traverse === Traverse.tuple) {
        this.reach(words, (o + this.tupleItems) >>> 2, words[(o + obSize) >>> 2]!, this.pointerWords);
        if (type === tupleType) this.tuples.push(o);
      } else {
        const count = this.traversal.gatherBy(traverse, o, 0);
        words = this.words;
        this.reach(this.traversal.found, 0, count, 1);
        if (type === dictType) this.dicts.push(o);
      }
      if (onReachable !== undefined) onReachable(o);
    }
  }

  /** Marks what the references in `source` lead to as reachable. */
  private reach(source: Uint32Array, start: number, length: number, step: number): void {
    const { refs, shift } = this;
    let at = start;
    for (let left = length; left > 0; left--) {
      const referent = source[at]!;
      at += step;
      const place = referent >>> shift;
      const byte = refs[place >>> PLACES_SHIFT]!;
      const value = byte ^ (place & WHICH);
      if (value === UNREFERENCED) refs[place >>> PLACES_SHIFT] = byte + ONE;
      else if (value === ASIDE) this.bringBack(referent);
    }
  }

  /** Takes an object out of the unreachable ones and puts it at the end of the list, where its turn will come. */
  private bringBack(o: number): void {
    const head = o - this.headBytes;
    this.mark(o, UNREFERENCED + ONE);
    this.heads.clearCollecting(head);
    this.heads.move(head, this.list);
    if (this.length === this.order.length) this.growOrder();
    this.order[this.length++] = o;
  }

  private keepInHead(o: number, count: number): void {
    const word = (o - this.headBytes + this.heads.refsOffset) >>> 2;
    this.many.push(o, this.words[word]!);
    this.words[word] = count;
    this.mark(o, MANY);
  }

  /** Says what is known of an object that is looked at. */
  private mark(o: number, value: number): void {
    const place = o >>> this.shift;
    this.refs[place >>> PLACES_SHIFT] = value | (place & WHICH);
  }

  /** Puts back what stood in the heads of objects with many references. */
  private settleMany(): void {
    const { many, words } = this;
    for (let i = 0; i < many.length; i += 2) {
      const o = many[i]!;
      if (!this.parts.index.isCollected(o)) continue; // a user's function has dropped it
      const word = (o - this.headBytes + this.heads.refsOffset) >>> 2;
      this.mark(o, words[word] === 0 ? UNREFERENCED : UNREFERENCED + ONE);
      words[word] = many[i + 1]!;
    }
    this.many = [];
  }

  private growOrder(): Uint32Array {
    const larger = new Uint32Array(this.order.length * 2);
    larger.set(this.order);
    this.order = larger;
    return larger;
  }

  /** Makes the bytes reach to the end of the memory. */
  private cover(): void {
    const bytes = Math.ceil((this.words.length * 4) / 2 ** (this.shift + PLACES_SHIFT));
    if (bytes > this.refs.length) this.refs = new Uint8Array(Math.ceil(bytes * 1.25));
  }
}
