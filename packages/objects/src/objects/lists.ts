// list: a growing array of references beside the object.

import { type ObjectAddress, objectAddress, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import { FreeList } from "../core/free-list.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Clear, Dealloc } from "../core/slots.ts";

/** The items that a list is made from or extended by, and how C gets at them. */
export type ListSource =
  /** A list or a tuple: its items, borrowed. */
  | { readonly kind: "sequence"; readonly items: readonly ObjectAddress[] }
  /**
   * Anything else: new references, one after the other; how many it says that there will be (`__length_hint__`); and
   * whether that is its length (`__len__`).
   */
  | {
      readonly kind: "iterator";
      readonly items: Iterable<ObjectAddress>;
      readonly length?: number;
      readonly sized?: boolean;
    };

/**
 * Python's lists, with their growth and their free list.
 *
 * @see CPython 3.13 Objects/listobject.c
 */
export class Lists {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly type: ObjectAddress;
  private readonly sizeBytes: number;
  private readonly size: number;
  private readonly items: number;
  private readonly allocated: number;
  private readonly free: FreeList;
  private readonly growsByFour: boolean;
  private readonly exactRoom: "never" | "list-call" | "extend";
  private readonly unknownLength: number;
  private readonly popFreesRoom: boolean;

  constructor(core: Core) {
    const { ground, types, reaper } = core;
    const { list } = ground.layouts;
    const { freeLists, lists } = ground.profile.objects;
    this.core = core;
    this.memory = ground.memory;
    this.type = types.builtin.list;
    this.sizeBytes = list.sizeBytes;
    this.size = list.offsets.ob_size;
    this.items = list.offsets.ob_item;
    this.allocated = list.offsets.allocated;
    this.growsByFour = lists.growth === "eighth-by-four";
    this.exactRoom = lists.exactRoom;
    this.unknownLength = lists.unknownLength;
    this.popFreesRoom = lists.popFreesRoom;
    this.free = new FreeList(ground.memory, ground.statics, freeLists.list, 0);
    reaper.register(Dealloc.list, {
      body: (o) => reaper.pushDown(this.memory.readWord(o + this.items), this.sizeOf(o)),
      finish: (o) => this.finish(o),
    });
    core.registerClear(Clear.list, (o) => this.clearItems(o));
  }

  /** A new list with `length` empty places (`PyList_New`); fill them with {@link setItem}. */
  new(length = 0): ObjectAddress {
    const { allocation, ground, heads, state } = this.core;
    const dead = this.free.pop();
    const o =
      dead === 0
        ? allocation.newCollected(this.type, this.sizeBytes, 0)
        : allocation.reviveCollected(dead, this.type);
    const items = length === 0 ? 0 : ground.domains.mem.calloc(length, this.memory.pointerBytes);
    const room = items === 0 ? 0 : length;
    this.memory.writeWord(o + this.items, items);
    this.memory.writeWord(o + this.size, room);
    this.memory.writeWord(o + this.allocated, room);
    if (room !== length) {
      this.core.counts.decref(o);
      throw new PythonError("MemoryError", "");
    }
    heads.track(o, state.lists[0]!);
    return o;
  }

  /** A new list of exactly these items, as `[a, b]` makes it; takes references of its own. */
  of(items: readonly ObjectAddress[]): ObjectAddress {
    const o = this.new(items.length);
    items.forEach((item, i) => {
      this.core.types.checkObject("list", item);
      this.core.counts.incref(item);
      this.memory.writeWord(this.memory.readWord(o + this.items) + i * this.memory.pointerBytes, item);
    });
    return o;
  }

  /**
   * A new list as a display in source code makes it: of the items, or since 3.9 from three constants on by extending an
   * empty list with a tuple of them. Takes references of its own.
   */
  literal(items: readonly ObjectAddress[]): ObjectAddress {
    const isExtended = items.length >= 3 && this.core.ground.profile.objects.lists.displaysExtend;
    if (!isExtended) return this.of(items);
    const o = this.new();
    this.extend(o, { kind: "sequence", items });
    return o;
  }

  /** A new list from what `list(x)` is called with. */
  from(source: ListSource): ObjectAddress {
    const o = this.new();
    const isSized = source.kind === "sequence" || source.sized === true;
    const length = source.kind === "sequence" ? source.items.length : isSized ? source.length : undefined;
    if (this.exactRoom === "list-call" && length !== undefined && length > 0) this.makeExactRoom(o, length);
    this.extend(o, source);
    return o;
  }

  /** Items of a list. */
  length(o: ObjectAddress): number {
    this.check("len", o);
    return this.sizeOf(o);
  }

  /** The item in that place, borrowed. */
  getItem(o: ObjectAddress, index: number): ObjectAddress {
    return objectAddress(this.memory.readWord(this.place("list index out of range", o, index)));
  }

  /** Puts `item`, whose reference is handed over, into a place, and drops what was there (`PyList_SetItem`). */
  setItem(o: ObjectAddress, index: number, item: ObjectAddress): void {
    this.core.types.checkObject("list item", item);
    this.core.counts.replace(this.place("list assignment index out of range", o, index), item);
  }

  /** The items, borrowed. */
  values(o: ObjectAddress): ObjectAddress[] {
    this.check("list items", o);
    const items = this.memory.readWord(o + this.items);
    return Array.from({ length: this.sizeOf(o) }, (_, i) =>
      objectAddress(this.memory.readWord(items + i * this.memory.pointerBytes)),
    );
  }

  /** Adds `item` at the end; takes a reference of its own. */
  append(o: ObjectAddress, item: ObjectAddress): void {
    this.check("append", o);
    this.core.types.checkObject("append", item);
    this.core.counts.incref(item);
    this.appendTaken(o, item);
  }

  /** Adds `item` in front of the place `index`; takes a reference of its own. */
  insert(o: ObjectAddress, index: number, item: ObjectAddress): void {
    this.check("insert", o);
    this.core.types.checkObject("insert", item);
    const length = this.sizeOf(o);
    const place = Math.min(Math.max(index < 0 ? index + length : index, 0), length);
    this.resize(o, length + 1);
    const { pointerBytes, bytes } = this.memory;
    const at = this.memory.readWord(o + this.items) + place * pointerBytes;
    bytes.copyWithin(at + pointerBytes, at, at + (length - place) * pointerBytes);
    this.core.counts.incref(item);
    this.memory.writeWord(at, item);
  }

  /** Takes the item out of a place, the last one unless told otherwise; its reference is handed to the caller. */
  pop(o: ObjectAddress, index = -1): ObjectAddress {
    this.check("pop", o);
    const length = this.sizeOf(o);
    if (length === 0) throw new PythonError("IndexError", "pop from empty list");
    const place = index < 0 ? index + length : index;
    if (!(place >= 0 && place < length)) throw new PythonError("IndexError", "pop index out of range");
    const { pointerBytes, bytes } = this.memory;
    const at = this.memory.readWord(o + this.items) + place * pointerBytes;
    const item = this.memory.readWord(at);
    bytes.copyWithin(at, at + pointerBytes, at + (length - place) * pointerBytes);
    if (length === 1 && this.popFreesRoom) this.freeItems(o);
    else this.resize(o, length - 1);
    return objectAddress(item);
  }

  /** `del list[index]`. */
  deleteItem(o: ObjectAddress, index: number): void {
    const at = this.place("list assignment index out of range", o, index);
    const length = this.sizeOf(o);
    if (length === 1) {
      this.clearItems(o);
      return;
    }
    const { pointerBytes, bytes } = this.memory;
    const end = this.memory.readWord(o + this.items) + length * pointerBytes;
    const item = this.memory.readWord(at);
    bytes.copyWithin(at, at + pointerBytes, end);
    this.resize(o, length - 1);
    this.core.counts.decref(item);
  }

  /** `list.extend(x)`; an iterator's references are handed over, a sequence's are not. */
  extend(o: ObjectAddress, source: ListSource): void {
    this.check("extend", o);
    if (source.kind === "sequence") this.extendBySequence(o, source.items);
    else this.extendByIterator(o, source.items, source.length ?? this.unknownLength);
  }

  /** `list[len(list):] = items`; takes references of its own. */
  assignAtEnd(o: ObjectAddress, items: readonly ObjectAddress[]): void {
    this.check("slice assignment", o);
    if (items.length === 0) return;
    const length = this.sizeOf(o);
    this.resize(o, length + items.length);
    this.fill(o, length, items);
  }

  /** A new list of exactly `count` times these items: `copy`, slices, `*` and `+` make theirs so. */
  repeat(items: readonly ObjectAddress[], count = 1): ObjectAddress {
    return this.of(Array.from({ length: count }, () => items).flat());
  }

  /** Drops all items and gives the room back. */
  clear(o: ObjectAddress): void {
    this.check("clear", o);
    this.clearItems(o);
  }

  /** Items of a list, unchecked. */
  sizeOf(o: number): number {
    return this.memory.readWord(o + this.size);
  }

  /** Items that a list has room for. */
  allocatedOf(o: number): number {
    return this.memory.readWord(o + this.allocated);
  }

  /** Empties the free list, as a full collection does. */
  clearFreeList(): void {
    this.free.drain((o) => this.core.allocation.deleteCollected(o, 0));
  }

  /** Adds `item`, whose reference is handed over, at the end; unchecked. */
  appendTaken(o: number, item: number): void {
    const { memory } = this;
    const length = memory.readWord(o + this.size);
    if (length < memory.readWord(o + this.allocated)) memory.words[(o + this.size) >>> 2] = length + 1;
    else this.resize(o, length + 1);
    memory.writeWord(memory.readWord(o + this.items) + length * memory.pointerBytes, item);
  }

  private check(operation: string, o: number): void {
    this.core.types.checkFlag(operation, o, TypeFlag.LIST_SUBCLASS, "list");
  }

  private place(message: string, o: number, index: number): number {
    this.check("list item", o);
    const length = this.sizeOf(o);
    const place = index < 0 ? index + length : index;
    if (!(place >= 0 && place < length)) throw new PythonError("IndexError", message);
    return this.memory.readWord(o + this.items) + place * this.memory.pointerBytes;
  }

  private extendBySequence(o: number, items: readonly ObjectAddress[]): void {
    if (items.length === 0) return;
    const length = this.sizeOf(o);
    if (this.exactRoom === "extend" && this.memory.readWord(o + this.items) === 0) {
      this.makeExactRoom(o, items.length);
      this.memory.writeWord(o + this.size, items.length);
    } else {
      this.resize(o, length + items.length);
    }
    this.fill(o, length, items);
  }

  private extendByIterator(o: number, items: Iterable<ObjectAddress>, expected: number): void {
    const length = this.sizeOf(o);
    if (this.exactRoom === "extend" && this.memory.readWord(o + this.items) === 0) {
      if (expected > 0) this.makeExactRoom(o, expected);
    } else {
      this.resize(o, length + expected);
      this.memory.writeWord(o + this.size, length);
    }
    for (const item of items) this.appendTaken(o, item);
    if (this.sizeOf(o) < this.allocatedOf(o)) this.resize(o, this.sizeOf(o));
  }

  private fill(o: number, from: number, items: readonly ObjectAddress[]): void {
    let at = this.memory.readWord(o + this.items) + from * this.memory.pointerBytes;
    for (const item of items) {
      this.core.counts.incref(item);
      this.memory.writeWord(at, item);
      at += this.memory.pointerBytes;
    }
  }

  /** Changes the size, and the room when it does not fit or is more than twice too much (`list_resize`). */
  private resize(o: number, newSize: number): void {
    const { memory } = this;
    const allocated = memory.readWord(o + this.allocated);
    if (allocated >= newSize && newSize >= allocated >>> 1) {
      memory.writeWord(o + this.size, newSize);
      return;
    }
    const room = newSize === 0 ? 0 : this.roomFor(newSize, memory.readWord(o + this.size));
    const items = this.core.ground.domains.mem.realloc(
      memory.readWord(o + this.items),
      room * memory.pointerBytes,
    );
    if (items === 0) throw new PythonError("MemoryError", "");
    memory.writeWord(o + this.items, items);
    memory.writeWord(o + this.size, newSize);
    memory.writeWord(o + this.allocated, room);
  }

  private roomFor(newSize: number, oldSize: number): number {
    if (!this.growsByFour) return newSize + (newSize >>> 3) + (newSize < 9 ? 3 : 6);
    const room = (newSize + (newSize >>> 3) + 6) & ~3;
    // a jump beyond what growth would give is taken as the final size
    return newSize - oldSize > room - newSize ? (newSize + 3) & ~3 : room;
  }

  private makeExactRoom(o: number, length: number): void {
    const room = this.exactRoom === "extend" ? (length + 1) & ~1 : length;
    const items = this.core.ground.domains.mem.malloc(room * this.memory.pointerBytes);
    if (items === 0) throw new PythonError("MemoryError", "");
    this.memory.writeWord(o + this.items, items);
    this.memory.writeWord(o + this.allocated, room);
  }

  /** `tp_clear`: the list is empty before anything dies. */
  private clearItems(o: number): void {
    const { reaper, ground } = this.core;
    const items = this.memory.readWord(o + this.items);
    if (items === 0) return;
    const length = this.sizeOf(o);
    this.forgetItems(o);
    const floor = reaper.height;
    reaper.pushDown(items, length);
    reaper.drain(floor);
    ground.domains.mem.free(items);
  }

  private freeItems(o: number): void {
    this.core.ground.domains.mem.free(this.memory.readWord(o + this.items));
    this.forgetItems(o);
  }

  private forgetItems(o: number): void {
    this.memory.writeWord(o + this.size, 0);
    this.memory.writeWord(o + this.items, 0);
    this.memory.writeWord(o + this.allocated, 0);
  }

  private finish(o: number): void {
    const { allocation, ground, types } = this.core;
    ground.domains.mem.free(this.memory.readWord(o + this.items));
    const type = types.of(o);
    if (type === this.type && this.free.push(o)) allocation.index.removeCollected(o);
    else this.core.free(o);
  }
}
