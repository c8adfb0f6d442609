// Memory for what C has in the executable's data segment: built-in types, singletons, names.

import { OutOfMemoryError, roundUp } from "@obmalloc/abi";
import type { DomainAllocator } from "./domains.ts";
import type { ObjectMemory } from "./memory.ts";

const BLOCK_BYTES = 64 * 1024;
const OBJECT_ALIGNMENT = 16;

/** Hands out zeroed memory that is never freed, from blocks of the raw domain. */
export class StaticMemory {
  private next = 0;
  private end = 0;
  private readonly memory: ObjectMemory;
  private readonly raw: DomainAllocator;
  private readonly texts = new Map<string, number>();

  constructor(memory: ObjectMemory, raw: DomainAllocator) {
    this.memory = memory;
    this.raw = raw;
  }

  /**
   * A place where an object can stand.
   *
   * @throws {OutOfMemoryError}
   */
  allocate(sizeBytes: number): number {
    const size = roundUp(sizeBytes, OBJECT_ALIGNMENT);
    if (this.next + size > this.end) {
      const blockBytes = Math.max(BLOCK_BYTES, size + OBJECT_ALIGNMENT);
      const block = this.raw.calloc(1, blockBytes);
      if (block === 0) throw new OutOfMemoryError("static objects", blockBytes);
      this.next = roundUp(block, OBJECT_ALIGNMENT);
      this.end = block + blockBytes;
    }
    const address = this.next;
    this.next += size;
    return address;
  }

  /** The address of a C string with that text; the same for equal texts. */
  text(text: string): number {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    const address = this.allocate(text.length + 1);
    this.memory.writeCString(address, text);
    this.texts.set(text, address);
    return address;
  }
}
