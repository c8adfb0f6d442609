// tuple: a fixed number of references behind the head.

import { fieldOffset, type ObjectAddress, objectAddress, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import { FreeList } from "../core/free-list.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Dealloc } from "../core/slots.ts";

/**
 * Python's tuples, with a free list for each small size.
 *
 * @see CPython 3.13 Objects/tupleobject.c
 */
export class Tuples {
  /** The empty tuple. */
  readonly empty: ObjectAddress;
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly type: ObjectAddress;
  private readonly size: number;
  private readonly hash: number;
  private readonly items: number;
  private readonly free: readonly FreeList[];
  private readonly untrackedAtBirth: boolean;

  constructor(core: Core) {
    const { ground, types, reaper } = core;
    const { tuple } = ground.layouts;
    const { freeLists, tuples } = ground.profile.objects;
    this.core = core;
    this.memory = ground.memory;
    this.type = types.builtin.tuple;
    this.size = tuple.offsets.ob_size;
    this.hash = fieldOffset(tuple, "ob_hash");
    this.items = tuple.offsets.ob_item;
    this.untrackedAtBirth = tuples.untrackedAtBirth;
    const link = freeLists.list.storage === "chain" ? 0 : this.items;
    this.free = Array.from(
      { length: freeLists.tuple.maxSize },
      () => new FreeList(ground.memory, ground.statics, freeLists.tuple, link),
    );
    this.empty = this.makeEmpty();
    reaper.register(Dealloc.tuple, {
      body: (o) => reaper.pushDown(o + this.items, this.sizeOf(o)),
      finish: (o) => this.finish(o),
    });
  }

  /** A new tuple of these items; takes references of its own (`PyTuple_Pack`). */
  of(items: readonly ObjectAddress[]): ObjectAddress {
    for (const item of items) this.core.types.checkObject("tuple", item);
    if (items.length === 0) {
      this.core.counts.incref(this.empty);
      return this.empty;
    }
    const o = this.allocate(items.length);
    let at = o + this.items;
    for (const item of items) {
      this.core.counts.incref(item);
      this.memory.writeWord(at, item);
      at += this.memory.pointerBytes;
    }
    if (!this.untrackedAtBirth || items.some((item) => this.core.types.has(item, TypeFlag.HAVE_GC)))
      this.track(o);
    return o;
  }

  /** A new tuple with empty places, tracked from the start (`PyTuple_New`); fill it with {@link setItem}. */
  new(length: number): ObjectAddress {
    if (length === 0) return this.of([]);
    const o = this.allocate(length);
    this.memory.clear(o + this.items, length * this.memory.pointerBytes);
    this.track(o);
    return o;
  }

  /** Items of a tuple. */
  length(o: ObjectAddress): number {
    this.check("len", o);
    return this.sizeOf(o);
  }

  /** The item in that place, borrowed. */
  getItem(o: ObjectAddress, index: number): ObjectAddress {
    return objectAddress(this.memory.readWord(this.place("tuple item", o, index)));
  }

  /** Puts `item`, whose reference is handed over, into a place of a new tuple (`PyTuple_SetItem`). */
  setItem(o: ObjectAddress, index: number, item: ObjectAddress): void {
    this.core.types.checkObject("tuple item", item);
    this.core.counts.replace(this.place("tuple item", o, index), item);
  }

  /** The items, borrowed. */
  values(o: ObjectAddress): ObjectAddress[] {
    this.check("tuple items", o);
    return this.itemsOf(o);
  }

  /** The items, unchecked. */
  itemsOf(o: number): ObjectAddress[] {
    return Array.from({ length: this.sizeOf(o) }, (_, i) =>
      objectAddress(this.memory.readWord(o + this.items + i * this.memory.pointerBytes)),
    );
  }

  /** Items of a tuple, unchecked. */
  sizeOf(o: number): number {
    return this.memory.readWord(o + this.size);
  }

  /**
   * Whether the collector may have to know who holds `o`: it knows `o`, and `o` is no tuple that it has forgotten
   * (`_PyObject_GC_MAY_BE_TRACKED`).
   */
  mayBeTracked(o: number): boolean {
    const { ground, heads, types } = this.core;
    return ground.index.isCollected(o) && (types.of(o) !== this.type || heads.isTracked(o));
  }

  /** Forgets a tracked tuple, of exactly this type, none of whose items can be tracked (`_PyTuple_MaybeUntrack`). */
  maybeUntrack(o: number): void {
    const { pointerBytes, words } = this.memory;
    const end = o + this.items + this.sizeOf(o) * pointerBytes;
    for (let at = o + this.items; at < end; at += pointerBytes) {
      const item = words[at >>> 2]!;
      if (item === 0 || this.mayBeTracked(item)) return;
    }
    this.core.heads.untrack(o);
  }

  /** Empties the free lists, as a full collection does. */
  clearFreeLists(): void {
    for (const list of this.free) {
      list.drain((o) => this.core.allocation.deleteCollected(o, 0));
    }
  }

  private check(operation: string, o: number): void {
    this.core.types.checkFlag(operation, o, TypeFlag.TUPLE_SUBCLASS, "tuple");
  }

  private place(operation: string, o: number, index: number): number {
    this.check(operation, o);
    if (!(index >= 0 && index < this.sizeOf(o)))
      throw new PythonError("IndexError", "tuple index out of range");
    return o + this.items + index * this.memory.pointerBytes;
  }

  private allocate(length: number): ObjectAddress {
    const { allocation } = this.core;
    const dead = this.free[length - 1]?.pop() ?? 0;
    const bytes = this.items + length * this.memory.pointerBytes;
    const o =
      dead === 0 ? allocation.newCollected(this.type, bytes, 0) : allocation.reviveCollected(dead, this.type);
    this.memory.writeWord(o + this.size, length);
    if (this.hash >= 0) this.memory.writeSigned(o + this.hash, -1);
    return o;
  }

  private track(o: number): void {
    this.core.heads.track(o, this.core.state.lists[0]!);
  }

  private finish(o: number): void {
    const { allocation, types } = this.core;
    const type = types.of(o);
    const list = type === this.type ? this.free[this.sizeOf(o) - 1] : undefined;
    if (list?.push(o)) allocation.index.removeCollected(o);
    else this.core.free(o);
  }

  /** Up to 3.10 the empty tuple is allocated; it is never freed, so that static memory shows no difference. */
  private makeEmpty(): ObjectAddress {
    const { ground, heads, types } = this.core;
    const { immortality, values } = ground.profile.objects;
    const o = ground.statics.allocate(heads.headBytes + this.items) + heads.headBytes;
    this.memory.writeWord(o, immortality?.staticCount ?? values.constantCount);
    this.memory.writeWord(o + types.obType, this.type);
    if (this.hash >= 0) this.memory.writeSigned(o + this.hash, -1);
    heads.init(o);
    ground.index.addCollected(o);
    return objectAddress(o);
  }
}
