// dict: keys in a table of their own, values in the table or, when keys are shared, in an array beside it.

import { type ObjectAddress, objectAddress, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import { FreeList } from "../core/free-list.ts";
import { Dealloc } from "../core/slots.ts";
import { DictTables } from "./dict-tables.ts";
import type { Hashes } from "./hashes.ts";
import { LOG_MIN_SIZE, usableFraction } from "./table-sizes.ts";
import type { Tuples } from "./tuples.ts";

/**
 * Python's dicts.
 *
 * Functions that store a key or a value take references of their own; values that are read are borrowed.
 * @see CPython 3.13 Objects/dictobject.c
 */
export class Dicts {
  readonly tables: DictTables;
  private readonly core: Core;
  private readonly type: ObjectAddress;
  private readonly sizeBytes: number;
  private readonly free: FreeList;

  constructor(core: Core, hashes: Hashes, tuples: Tuples) {
    const { ground, types, reaper } = core;
    this.core = core;
    this.tables = new DictTables(core, hashes, tuples);
    this.type = types.builtin.dict;
    this.sizeBytes = ground.layouts.dict.sizeBytes;
    this.free = new FreeList(ground.memory, ground.statics, ground.profile.objects.freeLists.dict, 0);
    reaper.register(Dealloc.dict, {
      body: (o) => this.tables.pushContent(o),
      finish: (o) => this.finish(o),
    });
  }

  /** A new dict, as `{}` makes it (`PyDict_New`). */
  new(): ObjectAddress {
    const { emptyTable } = this.core.ground.profile.objects.dicts;
    return emptyTable ? this.make(this.tables.keys.new(LOG_MIN_SIZE, false), 0) : this.makeEmpty();
  }

  /** A new dict, as `dict()` makes it. */
  call(): ObjectAddress {
    const { callTable } = this.core.ground.profile.objects.dicts;
    return callTable ? this.make(this.tables.keys.new(LOG_MIN_SIZE, false), 0) : this.makeEmpty();
  }

  /**
   * A new dict with room for so many items, as `{1: 2, ...}` makes it (`_PyDict_NewPresized`).
   *
   * @param unicode whether all of its keys will be strings, where the version makes a difference.
   */
  newPresized(items: number, unicode: boolean): ObjectAddress {
    if (items <= usableFraction(LOG_MIN_SIZE)) return this.new();
    return this.make(this.tables.keys.new(this.tables.keys.logSizeForItems(items), unicode), 0);
  }

  /** A new dict over a given table, taking over a reference to its keys. */
  make(keys: number, values: number, used = 0): ObjectAddress {
    const { allocation, ground } = this.core;
    const dead = this.free.pop();
    const o =
      dead === 0
        ? allocation.newCollected(this.type, this.sizeBytes, 0)
        : allocation.reviveCollected(dead, this.type);
    this.tables.init(o, keys, values, used);
    if (ground.profile.objects.dicts.alwaysTracked) this.tables.track(o);
    return o;
  }

  /** Fills a new object of a subclass in, as `dict.__new__` does. */
  initSubclass(o: number): void {
    const { callTable } = this.core.ground.profile.objects.dicts;
    if (callTable) this.tables.init(o, this.tables.keys.new(LOG_MIN_SIZE, false), 0, 0);
    else this.tables.init(o, this.sharedEmptyKeys(), this.tables.values.empty, 0);
  }

  /** Items of a dict. */
  length(o: ObjectAddress): number {
    this.check("len", o);
    return this.tables.used(o);
  }

  /** The value of `key`, borrowed; NULL when there is none. */
  getItem(o: ObjectAddress, key: ObjectAddress): ObjectAddress {
    this.check("getitem", o);
    this.core.types.checkObject("getitem", key);
    return objectAddress(this.tables.get(o, key));
  }

  /** Whether `key` is in the dict. */
  contains(o: ObjectAddress, key: ObjectAddress): boolean {
    return this.getItem(o, key) !== 0;
  }

  /** Sets the value of `key`. */
  setItem(o: ObjectAddress, key: ObjectAddress, value: ObjectAddress): void {
    this.check("setitem", o);
    this.core.types.checkObject("setitem", key);
    this.core.types.checkObject("setitem", value);
    this.tables.set(o, key, value);
  }

  /**
   * Removes `key` and drops it and its value.
   *
   * @throws {PythonError} KeyError
   */
  deleteItem(o: ObjectAddress, key: ObjectAddress): void {
    this.core.counts.decref(this.pop(o, key));
  }

  /**
   * Removes `key`; the reference to its value is handed to the caller.
   *
   * @throws {PythonError} KeyError
   */
  pop(o: ObjectAddress, key: ObjectAddress): ObjectAddress {
    const { tables } = this;
    if (this.getItem(o, key) === 0) throw new PythonError("KeyError", "the key is not in the dict");
    const keys = tables.keysOf(o);
    if (tables.isSplit(o) && !tables.values.isOrdered) {
      tables.resize(o, tables.keys.logSize(keys), false); // keys that are shared cannot lose one
    }
    return objectAddress(tables.removeAt(o, tables.keys.find(tables.keysOf(o), key)));
  }

  /** The value of `key`, borrowed, after setting it to `value` if there was none. */
  setDefault(o: ObjectAddress, key: ObjectAddress, value: ObjectAddress): ObjectAddress {
    const present = this.getItem(o, key);
    if (present !== 0) return present;
    this.setItem(o, key, value);
    return value;
  }

  /** Drops all items. */
  clear(o: ObjectAddress): void {
    this.check("clear", o);
    this.tables.clear(o);
  }

  /** A new dict with the same items (`dict.copy`). */
  copy(o: ObjectAddress): ObjectAddress {
    const { tables } = this;
    const used = this.length(o);
    if (used === 0) return this.new();
    const keys = tables.keysOf(o);
    const isClone = !tables.isSplit(o) && used >= Math.floor((tables.keys.count(keys) * 2) / 3);
    if (!tables.isSplit(o) && !isClone) {
      const merged = this.new();
      this.update(merged, o);
      return merged;
    }
    if (!isClone) tables.keys.incref(keys);
    const copy = isClone
      ? this.make(tables.keys.clone(keys), 0, used)
      : this.make(keys, tables.values.copy(tables.valuesOf(o), keys), used);
    if (this.core.heads.isTracked(o) && !this.core.heads.isTracked(copy)) tables.track(copy);
    return copy;
  }

  /** Takes over all items of `other` (`dict.update`). */
  update(o: ObjectAddress, other: ObjectAddress): void {
    const { tables } = this;
    this.check("update", o);
    if (this.length(other) === 0 || o === other) return;
    if (this.isClonedByUpdate(o, other)) {
      tables.takeClone(o, other);
      if (this.core.heads.isTracked(other) && !this.core.heads.isTracked(o)) tables.track(o);
      return;
    }
    tables.makeRoomFor(o, other);
    for (const [key, value] of this.items(other)) tables.set(o, key, value);
  }

  /** Keys and values, borrowed, in order of insertion. The dict must not change meanwhile. */
  *items(o: ObjectAddress): Generator<[key: ObjectAddress, value: ObjectAddress]> {
    this.check("items", o);
    for (let place = 0; ; ) {
      const entry = this.entryFrom(o, place);
      if (entry === undefined) return;
      yield [entry.key, entry.value];
      place = entry.next;
    }
  }

  /** The first key at `place` or behind it, borrowed, and the place behind that; places count in order of insertion. */
  keyFrom(o: ObjectAddress, place: number): readonly [ObjectAddress, number] | undefined {
    const entry = this.entryFrom(o, place);
    return entry && [entry.key, entry.next];
  }

  /** `dict.__sizeof__`: the object, its values, and its table unless others use it too. */
  sizeOf(o: number): number {
    const { tables, core } = this;
    const keys = tables.keysOf(o);
    const object = core.types.slot(core.types.of(o), core.types.basicsize);
    if (keys === tables.keys.empty) return object;
    const values = tables.isSplit(o) ? tables.values.countedBytes(keys) : 0;
    return object + values + (tables.keys.refCount(keys) === 1 ? tables.keys.sizeOf(keys) : 0);
  }

  /** Empties the free lists, as a full collection does. */
  clearFreeLists(): void {
    this.free.drain((o) => this.core.allocation.deleteCollected(o, 0));
    this.tables.keys.clearFreeList();
  }

  private check(operation: string, o: number): void {
    this.core.types.checkFlag(operation, o, TypeFlag.DICT_SUBCLASS, "dict");
  }

  private entryFrom(o: ObjectAddress, place: number) {
    const { tables } = this;
    const keys = tables.keysOf(o);
    const values = tables.valuesOf(o);
    const count = values === 0 ? tables.keys.count(keys) : tables.used(o);
    for (let i = place; i < count; i++) {
      const index = values === 0 ? i : tables.values.nth(values, i);
      const value = objectAddress(this.core.ground.memory.readWord(tables.valueAddress(o, keys, index)));
      if (value !== 0) return { key: objectAddress(tables.keys.key(keys, index)), value, next: i + 1 };
    }
    return undefined;
  }

  private makeEmpty(): ObjectAddress {
    return this.make(this.sharedEmptyKeys(), this.tables.values.empty);
  }

  private sharedEmptyKeys(): number {
    this.tables.keys.incref(this.tables.keys.empty);
    return this.tables.keys.empty;
  }

  /** An empty dict takes over a table that is full enough as it is. */
  private isClonedByUpdate(o: ObjectAddress, other: ObjectAddress): boolean {
    const { keys } = this.tables;
    const theirs = this.tables.keysOf(other);
    const used = this.tables.used(other);
    return (
      this.core.ground.profile.objects.dicts.mergeClones &&
      this.tables.used(o) === 0 &&
      this.tables.valuesOf(other) === 0 &&
      used === keys.count(theirs) &&
      (keys.logSize(theirs) === LOG_MIN_SIZE || usableFraction(keys.logSize(theirs) - 1) < used)
    );
  }

  private finish(o: number): void {
    const { allocation, types } = this.core;
    const type = types.of(o);
    if (type === this.type && this.free.push(o)) allocation.index.removeCollected(o);
    else this.core.free(o);
  }
}
