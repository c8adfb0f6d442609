// bytes and bytearray: the first keeps its bytes inside of the object, the second outside and with room to grow.

import { fieldOffset, type ObjectAddress, objectAddress, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Dealloc } from "../core/slots.ts";

/**
 * Python's bytes and bytearrays.
 *
 * @see CPython 3.13 Objects/bytesobject.c, Objects/bytearrayobject.c
 */
export class Bytes {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly size: number;
  private readonly content: number;
  private readonly empty: ObjectAddress;
  private readonly single: readonly ObjectAddress[];
  /** Since 3.15 a bytearray's bytes are in a bytes object. */
  private readonly bytesObject: number;
  /** Bytes behind a bytearray's content that its room counts: the 0, where the array is no bytes object with its own. */
  private readonly terminator: 0 | 1;

  constructor(core: Core) {
    const { ground, reaper } = core;
    const { bytes, bytearray } = ground.layouts;
    this.core = core;
    this.memory = ground.memory;
    this.size = bytes.offsets.ob_size;
    this.content = bytes.offsets.ob_sval;
    this.bytesObject = fieldOffset(bytearray, "ob_bytes_object");
    this.terminator = this.bytesObject < 0 ? 1 : 0;
    this.empty = this.makeStatic(new Uint8Array(0));
    this.single = Array.from({ length: 256 }, (_, byte) => this.makeStatic(Uint8Array.of(byte)));
    reaper.register(Dealloc.bytes, {
      body: () => {},
      finish: (o) => this.core.free(o),
    });
    reaper.register(Dealloc.bytearray, { body: () => {}, finish: (o) => this.finishArray(o) });
  }

  /** A new reference to bytes of that content; empty ones and single bytes exist once. */
  new(content: Uint8Array): ObjectAddress {
    const shared = content.length === 0 ? this.empty : content.length === 1 ? this.single[content[0]!]! : 0;
    if (shared !== 0) {
      this.core.counts.incref(shared);
      return objectAddress(shared);
    }
    return this.create(content.length, content);
  }

  /** The content of bytes, as a copy. */
  value(o: ObjectAddress): Uint8Array {
    this.core.types.checkFlag("bytes value", o, TypeFlag.BYTES_SUBCLASS, "bytes");
    return this.memory.bytes.slice(o + this.content, o + this.content + this.lengthOf(o));
  }

  /** Bytes of bytes, unchecked. */
  lengthOf(o: number): number {
    return this.memory.readWord(o + this.size);
  }

  /** A new bytearray of that content. */
  newArray(content: Uint8Array): ObjectAddress {
    const { allocation, ground, types } = this.core;
    const { bytearray, object } = ground.layouts;
    const o = allocation.newPlain(types.builtin.bytearray, bytearray.sizeBytes);
    this.memory.clear(o + object.sizeBytes, bytearray.sizeBytes - object.sizeBytes);
    if (this.bytesObject >= 0) this.adoptBytes(o, this.new(new Uint8Array(0)));
    if (content.length > 0) this.resizeArray(o, content.length);
    this.memory.bytes.set(content, this.startOf(o));
    return o;
  }

  /** Bytes of a bytearray. */
  arrayLength(o: ObjectAddress): number {
    this.checkArray("len", o);
    return this.lengthOf(o);
  }

  /** The content of a bytearray, as a copy. */
  arrayValue(o: ObjectAddress): Uint8Array {
    const start = this.startOf(o);
    return this.memory.bytes.slice(start, start + this.arrayLength(o));
  }

  /** Adds a byte at the end. */
  append(o: ObjectAddress, byte: number): void {
    this.extend(o, Uint8Array.of(byte));
  }

  /** Adds bytes at the end, as `+=` does. */
  extend(o: ObjectAddress, content: Uint8Array): void {
    const length = this.arrayLength(o);
    this.resizeArray(o, length + content.length);
    this.memory.bytes.set(content, this.startOf(o) + length);
  }

  /** Takes the last byte off. */
  pop(o: ObjectAddress): number {
    const length = this.arrayLength(o);
    if (length === 0) throw new PythonError("IndexError", "pop from empty bytearray");
    const byte = this.memory.bytes[this.startOf(o) + length - 1]!;
    this.resizeArray(o, length - 1);
    return byte;
  }

  /** `bytearray.__sizeof__`. */
  sizeOfArray(o: number): number {
    const { bytearray } = this.core.ground.layouts;
    return bytearray.sizeBytes + this.allocatedBytes(o);
  }

  /** Bytes that a bytearray has in store, as its size counts them. */
  private allocatedBytes(o: number): number {
    const allocated = this.memory.readWord(o + this.core.ground.layouts.bytearray.offsets.ob_alloc);
    return this.bytesObject >= 0 && allocated > 0 ? this.content + allocated + 1 : allocated;
  }

  private startOf(o: number): number {
    return this.memory.readWord(o + this.core.ground.layouts.bytearray.offsets.ob_start);
  }

  private checkArray(operation: string, o: number): void {
    this.core.types.checkType(operation, o, "bytearray");
  }

  private create(length: number, content: Uint8Array): ObjectAddress {
    const { allocation, types } = this.core;
    const o = allocation.newPlain(types.builtin.bytes, this.content + length + 1);
    this.fill(o, length, content);
    return o;
  }

  private fill(o: number, length: number, content: Uint8Array): void {
    this.memory.writeWord(o + this.size, length);
    this.memory.writeSigned(o + this.core.ground.layouts.bytes.offsets.ob_shash, -1);
    this.memory.bytes.set(content, o + this.content);
    this.memory.bytes[o + this.content + length] = 0;
  }

  private makeStatic(content: Uint8Array): ObjectAddress {
    const { ground, types } = this.core;
    const { immortality, values } = ground.profile.objects;
    const o = ground.statics.allocate(this.content + content.length + 1);
    this.memory.writeWord(o, immortality?.staticCount ?? values.constantCount);
    this.memory.writeWord(o + types.obType, types.builtin.bytes);
    this.fill(o, content.length, content);
    ground.index.addPlain(o);
    return objectAddress(o);
  }

  /** Changes the size of a bytearray and, when it does not fit, its room (`PyByteArray_Resize`). */
  private resizeArray(o: number, size: number): void {
    const { offsets } = this.core.ground.layouts.bytearray;
    const { memory } = this;
    const allocated = memory.readWord(o + offsets.ob_alloc);
    const start = this.startOf(o);
    const offset = start - memory.readWord(o + offsets.ob_bytes);
    const isSame = this.lengthOf(o) === size;
    if (isSame) return;
    const needed = size + this.terminator;
    let room = needed;
    if (offset + needed <= allocated) {
      if (size >= allocated >>> 1 && (size > 0 || this.bytesObject < 0)) {
        this.setLength(o, size);
        return;
      }
    } else if (size <= allocated * 1.125) {
      room = size + (size >>> 3) + (size < 9 ? 3 : 6);
    }
    if (this.bytesObject >= 0) this.moveBytes(o, size, room);
    else this.moveRoom(o, room);
    this.setLength(o, size);
  }

  private setLength(o: number, size: number): void {
    this.memory.writeWord(o + this.size, size);
    this.memory.bytes[this.startOf(o) + size] = 0;
  }

  private moveRoom(o: number, room: number): void {
    const { offsets } = this.core.ground.layouts.bytearray;
    const block = this.core.ground.domains.object.realloc(this.memory.readWord(o + offsets.ob_bytes), room);
    if (block === 0) throw new PythonError("MemoryError", "");
    this.memory.writeWord(o + offsets.ob_bytes, block);
    this.memory.writeWord(o + offsets.ob_start, block);
    this.memory.writeWord(o + offsets.ob_alloc, room);
  }

  /** Since 3.15: a new bytes object of the new room takes the place of the old one. */
  private moveBytes(o: number, size: number, room: number): void {
    const old = this.memory.readWord(o + this.bytesObject);
    const kept = this.memory.bytes.slice(this.startOf(o), this.startOf(o) + Math.min(size, this.lengthOf(o)));
    const bytes = size === 0 ? this.new(new Uint8Array(0)) : this.create(room, kept);
    this.adoptBytes(o, bytes);
    this.core.counts.decref(old);
  }

  private adoptBytes(o: number, bytes: number): void {
    const { offsets } = this.core.ground.layouts.bytearray;
    const length = this.lengthOf(bytes);
    this.memory.writeWord(o + this.bytesObject, bytes);
    this.memory.writeWord(o + offsets.ob_bytes, bytes + this.content);
    this.memory.writeWord(o + offsets.ob_start, bytes + this.content);
    this.memory.writeWord(o + offsets.ob_alloc, length);
  }

  private finishArray(o: number): void {
    const { offsets } = this.core.ground.layouts.bytearray;
    if (this.bytesObject >= 0) {
      this.core.counts.xdecref(this.memory.readWord(o + this.bytesObject));
    } else {
      this.core.ground.domains.object.free(this.memory.readWord(o + offsets.ob_bytes));
    }
    this.core.free(o);
  }
}
