// Memory for objects: with the collector's head in front, or without.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { GcState } from "../gc/gc-state.ts";
import type { GcHeads } from "../gc/heads.ts";
import type { DomainAllocator } from "./domains.ts";
import { PythonError } from "./errors.ts";
import type { ObjectMemory } from "./memory.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { Ground } from "./state.ts";

/**
 * Allocates and frees the memory of objects through the object domain.
 *
 * Each object with a collector's head counts for generation 0; above its threshold, {@link onThreshold} is called, which
 * collects at once or at the next chance, as the version does.
 * @see CPython 3.13 Python/gc.c, _PyObject_GC_Link, PyObject_GC_Del
 */
export class Allocation {
  /** What happens when there are more new objects than the threshold says. */
  onThreshold: () => void = () => {};
  readonly index: ObjectIndex;
  private readonly memory: ObjectMemory;
  private readonly domain: DomainAllocator;
  private readonly heads: GcHeads;
  private readonly headBytes: number;
  private readonly typeWords: number;
  private readonly high: number;
  /** Words of generation 0's count and threshold. */
  private readonly count: number;
  private readonly threshold: number;
  /** 1 where allocations count, 0 where the lists count what they link. */
  private readonly weight: number;
  declare private words: Uint32Array;

  constructor(ground: Ground, heads: GcHeads, state: GcState, countsAllocations: boolean) {
    this.memory = ground.memory;
    this.domain = ground.domains.object;
    this.index = ground.index;
    this.heads = heads;
    this.headBytes = heads.headBytes;
    this.typeWords = ground.layouts.object.offsets.ob_type >>> 2;
    this.high = ground.memory.high;
    this.count = state.youngCount >>> 2;
    this.threshold = state.youngThreshold >>> 2;
    this.weight = countsAllocations ? 1 : 0;
    this.memory.use(({ words }) => {
      this.words = words;
    });
  }

  /**
   * A new object that the collector does not know, with a count of 1; what is behind its head is unspecified.
   *
   * @throws {PythonError} MemoryError when there is no room.
   */
  newPlain(type: number, sizeBytes: number): ObjectAddress {
    const o = this.domain.malloc(sizeBytes);
    if (o === 0) throw outOfMemory(sizeBytes);
    this.initHead(o, type);
    this.index.addPlain(o);
    return objectAddress(o);
  }

  /**
   * A new object with a collector's head, not yet tracked, with a count of 1; what is behind its head is unspecified.
   *
   * @param preHeaderBytes what lies in front of the collector's head; set to 0.
   * @throws {PythonError} MemoryError when there is no room.
   */
  newCollected(type: number, sizeBytes: number, preHeaderBytes: number): ObjectAddress {
    const headBytes = this.headBytes + preHeaderBytes;
    const block = this.domain.malloc(headBytes + sizeBytes);
    if (block === 0) throw outOfMemory(headBytes + sizeBytes);
    const o = block + headBytes;
    if (preHeaderBytes > 0) this.memory.clear(block, preHeaderBytes);
    this.heads.init(o);
    this.initHead(o, type);
    this.index.addCollected(o);
    const words = this.words;
    const count = (words[this.count]! | 0) + this.weight;
    words[this.count] = count;
    if (count > (words[this.threshold]! | 0)) this.onThreshold();
    return objectAddress(o);
  }

  /** Frees an object without a collector's head. */
  deletePlain(o: number): void {
    this.index.removePlain(o);
    this.domain.free(o);
  }

  /** Frees an object with a collector's head (`PyObject_GC_Del`). */
  deleteCollected(o: number, preHeaderBytes: number): void {
    if (this.heads.isTracked(o)) this.heads.untrack(o);
    const words = this.words;
    const count = words[this.count]! | 0;
    if (count > 0) words[this.count] = count - this.weight;
    this.index.removeCollected(o);
    this.domain.free(o - this.headBytes - preHeaderBytes);
  }

  /**
   * Gives an object with a collector's head another size; it must not be tracked (`_PyObject_GC_Resize`).
   *
   * @returns its address, perhaps a new one.
   * @throws {PythonError} MemoryError when there is no room; the object is as it was.
   */
  resizeCollected(o: number, sizeBytes: number): ObjectAddress {
    const block = this.domain.realloc(o - this.headBytes, this.headBytes + sizeBytes);
    if (block === 0) throw outOfMemory(sizeBytes);
    const moved = block + this.headBytes;
    this.index.removeCollected(o);
    this.index.addCollected(moved);
    return objectAddress(moved);
  }

  /** Makes an object of a block that was one before: a count of 1, and its type. */
  reviveCollected(o: number, type: number): ObjectAddress {
    this.initHead(o, type);
    this.index.addCollected(o);
    return objectAddress(o);
  }

  /** The same for an object without a collector's head. */
  revivePlain(o: number, type: number): ObjectAddress {
    this.initHead(o, type);
    this.index.addPlain(o);
    return objectAddress(o);
  }

  private initHead(o: number, type: number): void {
    const words = this.words;
    const head = o >>> 2;
    words[head + this.high] = 0;
    words[head] = 1;
    words[head + this.typeWords + this.high] = 0;
    words[head + this.typeWords] = type;
  }
}

function outOfMemory(sizeBytes: number): PythonError {
  return new PythonError("MemoryError", "", { details: [`No room for ${sizeBytes} bytes.`] });
}
