// The head that the collector puts in front of each object that it knows, and the lists that it links them to.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { ObjectMemory } from "../core/memory.ts";

/**
 * Heads and lists of heads, as one version encodes them.
 *
 * A head is named by its own address, an object by the object's, {@link headBytes} further. A list is named by a head
 * without an object; it is doubly linked and circular.
 */
export abstract class GcHeads {
  /** Bytes of a head. */
  readonly headBytes: number;
  /** Bytes from a head to the word in which collections count references. */
  abstract readonly refsOffset: number;
  protected readonly memory: ObjectMemory;
  declare protected words: Uint32Array;
  /** Words from a pointer's low half to its high half. */
  protected readonly high: number;
  /** Bytes from a head to its link backwards; the link forwards is at its start. */
  protected readonly prevOffset: number;

  constructor(memory: ObjectMemory, headBytes: number) {
    this.memory = memory;
    this.headBytes = headBytes;
    this.high = memory.high;
    this.prevOffset = memory.pointerBytes;
    memory.use(({ words }) => {
      this.words = words;
    });
  }

  /** The object of a head (`FROM_GC`). */
  object(head: number): ObjectAddress {
    return objectAddress(head + this.headBytes);
  }

  /** The head of an object (`AS_GC`). */
  of(o: number): number {
    return o - this.headBytes;
  }

  /** Makes the head of a new object, which is not tracked. */
  abstract init(o: number): void;
  /** Links an object that is not tracked to the end of `list` (`_PyObject_GC_TRACK`). */
  abstract track(o: number, list: number): void;
  /** Takes a tracked object out of its list (`_PyObject_GC_UNTRACK`). */
  abstract untrack(o: number): void;
  abstract isTracked(o: number): boolean;
  /** Whether `tp_finalize` has been called. */
  abstract isFinalized(o: number): boolean;
  abstract setFinalized(o: number): void;
  /** Whether the object is among those that the present collection looks at. */
  abstract isCollecting(head: number): boolean;
  /** Puts the object among those that the present collection takes for unreachable. */
  abstract setCollecting(head: number): void;
  /** Takes the object out of those that the present collection looks at. */
  abstract clearCollecting(head: number): void;
  /** Where the trash chain goes on from an object that waits for its deallocation; see trashcan.ts. */
  abstract trashNext(o: number): number;
  abstract setTrashNext(o: number, next: number): void;
  /** Makes `list` empty. */
  abstract initList(list: number): void;
  abstract next(head: number): number;
  abstract previous(head: number): number;
  /** Moves a head from whatever list it is in to the end of `list`. */
  abstract move(head: number, list: number): void;
  /** Appends all of `from` to `to`, and empties `from`. */
  abstract merge(from: number, to: number): void;

  isEmpty(list: number): boolean {
    return this.next(list) === list;
  }

  size(list: number): number {
    let count = 0;
    for (let head = this.next(list); head !== list; head = this.next(head)) count++;
    return count;
  }

  /** The heads of a list, first to last. The list must not change meanwhile. */
  *heads(list: number): Generator<number> {
    for (let head = this.next(list); head !== list; head = this.next(head)) yield head;
  }
}
