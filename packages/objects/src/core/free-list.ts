// Free lists: dead objects of one type that wait for the next one, instead of going back to the allocator.

import type { FreeListProfile } from "@obmalloc/abi";
import type { ObjectMemory } from "./memory.ts";
import type { StaticMemory } from "./static-memory.ts";

/**
 * A stack of dead objects, at most `limit` of them: what died last is used first.
 *
 * It lies in the interpreter's state: as an array of addresses, or as a chain through a word of the dead objects, as the
 * version has it.
 */
export class FreeList {
  readonly limit: number;
  /** Whether full collections leave it as it is. */
  readonly survivesCollections: boolean;
  private readonly memory: ObjectMemory;
  /** Word of the number of objects. */
  private readonly count: number;
  /** Byte address of the array, or of the chain's head. */
  private readonly entries: number;
  /** Bytes from an object to the link to the next one; -1 for an array. */
  private readonly link: number;

  /** @param linkOffset bytes from an object to the word that a chain goes through. */
  constructor(memory: ObjectMemory, statics: StaticMemory, profile: FreeListProfile, linkOffset: number) {
    this.memory = memory;
    this.limit = profile.limit;
    this.survivesCollections = profile.survivesCollections === true;
    const isArray = profile.storage === "array";
    this.link = isArray ? -1 : linkOffset;
    const address = statics.allocate((1 + (isArray ? profile.limit : 1)) * memory.pointerBytes);
    this.count = address >>> 2;
    this.entries = address + memory.pointerBytes;
  }

  /** Dead objects at present. */
  get length(): number {
    return this.memory.words[this.count]!;
  }

  /** Keeps a dead object. Returns false when there are enough. */
  push(o: number): boolean {
    const { memory } = this;
    const { words } = memory;
    const count = words[this.count]!;
    if (count >= this.limit) return false;
    if (this.link < 0) {
      memory.writeWord(this.entries + count * memory.pointerBytes, o);
    } else {
      memory.writeWord(o + this.link, words[this.entries >>> 2]!);
      words[this.entries >>> 2] = o;
    }
    words[this.count] = count + 1;
    return true;
  }

  /** The object that died last, or 0. */
  pop(): number {
    const { memory } = this;
    const { words } = memory;
    const count = words[this.count]!;
    if (count === 0) return 0;
    words[this.count] = count - 1;
    if (this.link < 0) return words[(this.entries + (count - 1) * memory.pointerBytes) >>> 2]!;
    const o = words[this.entries >>> 2]!;
    words[this.entries >>> 2] = words[(o + this.link) >>> 2]!;
    return o;
  }

  /** Takes everything out, in the order of {@link pop}, and hands it to `free`. */
  drain(free: (o: number) => void): void {
    for (let o = this.pop(); o !== 0; o = this.pop()) free(o);
  }
}
