// set and frozenset: an open-addressing table of keys and hashes, the first eight of them inside of the object.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { NotAnObjectError, PythonError, WrongTypeError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Clear, Dealloc, Traverse } from "../core/slots.ts";
import type { Hashes } from "./hashes.ts";
import { SetTables } from "./set-tables.ts";

/** Slots inside of each set. */
const MIN_SIZE = 8;
/** Above this many keys a set doubles instead of growing to four times. */
const LARGE_SET = 50_000;

/** What sets are made with. */
export interface SetParts {
  readonly hashes: Hashes;
  /** Whether the collector may have to know who holds an object. */
  readonly mayBeTracked: (o: number) => boolean;
  /** Clears the weak references to an object that dies. */
  readonly clearWeakrefs: (o: number) => boolean;
}

/**
 * Python's sets.
 *
 * @see CPython 3.13 Objects/setobject.c
 */
export class Sets {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly hashes: Hashes;
  private readonly sizeBytes: number;
  private readonly fill: number;
  private readonly used: number;
  private readonly mask: number;
  private readonly table: number;
  private readonly smalltable: number;
  private readonly finger: number;
  private readonly tables: SetTables;
  private readonly entryBytes: number;
  private readonly dummy: number;
  private readonly reusesSlots: boolean;
  private readonly untracksFrozensets: boolean;
  private readonly mayBeTracked: SetParts["mayBeTracked"];
  private readonly emptyFrozenset: ObjectAddress;

  constructor(core: Core, parts: SetParts) {
    const { ground, reaper, traversal } = core;
    const { hashes, clearWeakrefs } = parts;
    const { set } = ground.layouts;
    this.core = core;
    this.memory = ground.memory;
    this.hashes = hashes;
    this.sizeBytes = set.sizeBytes;
    this.fill = set.offsets.fill;
    this.used = set.offsets.used;
    this.mask = set.offsets.mask;
    this.table = set.offsets.table;
    this.smalltable = set.offsets.smalltable;
    this.finger = set.offsets.finger;
    this.tables = new SetTables(core, hashes);
    this.entryBytes = this.tables.entryBytes;
    this.dummy = this.tables.dummy;
    this.mayBeTracked = parts.mayBeTracked;
    this.untracksFrozensets = ground.profile.objects.values.untracksFrozensets;
    this.reusesSlots = ground.profile.objects.values.setsReuseSlots;
    reaper.dummy = this.dummy;
    reaper.register(Dealloc.set, {
      prepare: (o) => clearWeakrefs(o),
      body: (o) => reaper.pushSetEntries(this.tableOf(o), this.maskOf(o) + 1),
      finish: (o) => this.finish(o),
    });
    traversal.register(Traverse.set, (o, count) => this.gather(o, count));
    core.registerClear(Clear.set, (o) => this.clearItems(o));
    this.emptyFrozenset = objectAddress(0);
    if (ground.profile.objects.values.emptyFrozenset) this.emptyFrozenset = this.make("frozenset");
  }

  /** A new set of these keys; takes references of its own. */
  new(keys: Iterable<ObjectAddress> = []): ObjectAddress {
    const o = this.make("set");
    for (const key of keys) this.add(o, key);
    return o;
  }

  /** A new frozenset of these keys; takes references of its own. */
  newFrozen(keys: readonly ObjectAddress[]): ObjectAddress {
    if (keys.length === 0 && this.emptyFrozenset !== 0) {
      this.core.counts.incref(this.emptyFrozenset);
      return this.emptyFrozenset;
    }
    const o = this.make("frozenset");
    for (const key of keys) this.insert(o, key);
    const { heads } = this.core;
    if (this.untracksFrozensets && !keys.some((key) => this.mayBeTracked(key))) heads.untrack(o);
    return o;
  }

  /** Keys of a set. */
  length(o: ObjectAddress): number {
    this.check("len", o);
    return this.memory.readWord(o + this.used);
  }

  /** Adds `key`; takes a reference of its own. */
  add(o: ObjectAddress, key: ObjectAddress): void {
    this.check("add", o);
    this.core.types.checkObject("add", key);
    this.insert(o, key);
  }

  /** Whether `key` is in the set. */
  contains(o: ObjectAddress, key: ObjectAddress): boolean {
    this.check("contains", o);
    this.core.types.checkObject("contains", key);
    this.hashes.compute(key);
    return this.memory.readWord(this.find(o, key)) !== 0;
  }

  /** Removes `key` and drops it. Returns whether it was there. */
  discard(o: ObjectAddress, key: ObjectAddress): boolean {
    this.check("discard", o);
    this.core.types.checkObject("discard", key);
    this.hashes.compute(key);
    const entry = this.find(o, key);
    const present = this.memory.readWord(entry);
    if (present === 0) return false;
    this.removeAt(o, entry);
    this.core.counts.decref(present);
    return true;
  }

  /** Takes some key out; its reference is handed to the caller. */
  pop(o: ObjectAddress): ObjectAddress {
    if (this.length(o) === 0) throw new PythonError("KeyError", "pop from an empty set");
    const table = this.tableOf(o);
    const mask = this.maskOf(o);
    let slot = this.memory.readWord(o + this.finger) & mask;
    let key = this.memory.readWord(table + slot * this.entryBytes);
    while (key === 0 || key === this.dummy) {
      slot = slot === mask ? 0 : slot + 1;
      key = this.memory.readWord(table + slot * this.entryBytes);
    }
    this.removeAt(o, table + slot * this.entryBytes);
    this.memory.writeWord(o + this.finger, slot + 1);
    return objectAddress(key);
  }

  /** Drops all keys. */
  clear(o: ObjectAddress): void {
    this.check("clear", o);
    this.clearItems(o);
  }

  /** Adds all keys of `other`, which is a set too (`set.update`). */
  update(o: ObjectAddress, other: ObjectAddress): void {
    this.check("update", o);
    const more = this.length(other);
    if (o === other || more === 0) return;
    const used = this.length(o);
    if ((this.fillOf(o) + more) * 5 >= this.maskOf(o) * 3) this.resize(o, (used + more) * 2);
    if (this.fillOf(o) > 0) for (const key of this.keys(other)) this.insert(o, key);
    else this.fillFrom(o, other, more);
  }

  /** The keys, borrowed, in the order of the table. The set must not change meanwhile. */
  *keys(o: ObjectAddress): Generator<ObjectAddress> {
    this.check("iter", o);
    for (let slot = 0; ; ) {
      const found = this.keyFrom(o, slot);
      if (found === undefined) return;
      yield found[0];
      slot = found[1];
    }
  }

  /** The first key in `slot` of the table or behind it, borrowed, and the slot behind that. */
  keyFrom(o: ObjectAddress, slot: number): readonly [ObjectAddress, number] | undefined {
    const table = this.tableOf(o);
    const mask = this.maskOf(o);
    for (let i = slot; i <= mask; i++) {
      const key = objectAddress(this.memory.readWord(table + i * this.entryBytes));
      if (key !== 0 && key !== this.dummy) return [key, i + 1];
    }
    return undefined;
  }

  /** `set.__sizeof__`: the object, and its table when that is outside of it. */
  sizeOf(o: number): number {
    const { types } = this.core;
    const own = types.slot(types.of(o), types.basicsize);
    return this.isSmall(o) ? own : own + (this.maskOf(o) + 1) * this.entryBytes;
  }

  /** Fills a new object of a subclass in. */
  initSubclass(o: number): void {
    const { memory } = this;
    memory.clear(o + this.fill, this.sizeBytes - this.fill);
    memory.writeWord(o + this.mask, MIN_SIZE - 1);
    memory.writeWord(o + this.table, o + this.smalltable);
    memory.writeSigned(o + this.core.ground.layouts.set.offsets.hash, -1);
  }

  private make(type: "set" | "frozenset"): ObjectAddress {
    const { allocation, heads, state, types } = this.core;
    const o = allocation.newCollected(types.builtin[type], this.sizeBytes, 0);
    this.initSubclass(o);
    heads.track(o, state.lists[0]!);
    return o;
  }

  private check(operation: string, o: number): void {
    const { types } = this.core;
    if (!this.core.ground.index.has(o)) throw new NotAnObjectError(operation, o);
    const type = types.of(o);
    const { set, frozenset } = types.builtin;
    if (type === set || type === frozenset) return;
    if (types.isSubtype(type, set) || types.isSubtype(type, frozenset)) return;
    throw new WrongTypeError(operation, o, types.nameOf(type), "set");
  }

  private tableOf(o: number): number {
    return this.memory.readWord(o + this.table);
  }

  private maskOf(o: number): number {
    return this.memory.readWord(o + this.mask);
  }

  private fillOf(o: number): number {
    return this.memory.readWord(o + this.fill);
  }

  private isSmall(o: number): boolean {
    return this.tableOf(o) === o + this.smalltable;
  }

  /** The entry of a key whose hash was computed, or the unused one where the search ends. */
  private find(o: number, key: number): number {
    return this.tables.find(this.tableOf(o), this.maskOf(o), key, this.hashes.low, this.hashes.high);
  }

  private insert(o: number, key: number): void {
    this.hashes.compute(key);
    const { low, high } = this.hashes;
    const entry = this.tables.find(this.tableOf(o), this.maskOf(o), key, low, high, this.reusesSlots);
    const present = this.memory.readWord(entry);
    if (present !== 0 && present !== this.dummy) return;
    this.core.counts.incref(key);
    this.tables.writeEntry(entry, key, low, high);
    const used = this.memory.readWord(o + this.used) + 1;
    this.memory.writeWord(o + this.used, used);
    if (present === this.dummy) return;
    const fill = this.fillOf(o) + 1;
    this.memory.writeWord(o + this.fill, fill);
    if (fill * 5 >= this.maskOf(o) * 3) this.resize(o, used > LARGE_SET ? used * 2 : used * 4);
  }

  private removeAt(o: number, entry: number): void {
    this.tables.writeEntry(entry, this.dummy, 0xffff_ffff, 0xffff_ffff);
    this.memory.writeWord(o + this.used, this.memory.readWord(o + this.used) - 1);
  }

  /** Gives the set the smallest table that has more slots than `minimum`, without what was removed. */
  private resize(o: number, minimum: number): void {
    const { memory } = this;
    let size = MIN_SIZE;
    while (size <= minimum) size *= 2;
    const old = this.tableOf(o);
    const oldBytes = (this.maskOf(o) + 1) * this.entryBytes;
    const wasSmall = this.isSmall(o);
    const entries = memory.bytes.slice(old, old + oldBytes);
    if (size === MIN_SIZE && wasSmall && this.fillOf(o) === memory.readWord(o + this.used)) return;
    const table = size === MIN_SIZE ? o + this.smalltable : this.allocateTable(size);
    memory.clear(table, size * this.entryBytes);
    memory.writeWord(o + this.mask, size - 1);
    memory.writeWord(o + this.table, table);
    memory.writeWord(o + this.fill, memory.readWord(o + this.used));
    const words = new Uint32Array(entries.buffer);
    for (let at = 0; at < words.length; at += this.entryBytes >>> 2) {
      const key = words[at]!;
      if (key === 0 || key === this.dummy) continue;
      const hash = at + (this.tables.hashOffset >>> 2);
      this.tables.insertClean(table, size - 1, key, words[hash]!, memory.high === 0 ? 0 : words[hash + 1]!);
    }
    if (!wasSmall) this.core.ground.domains.mem.free(old);
  }

  /** Enters all keys of `other` into an empty table: slot for slot when both are alike. */
  private fillFrom(o: number, other: number, used: number): void {
    const { memory } = this;
    const from = this.tableOf(other);
    const to = this.tableOf(o);
    const mask = this.maskOf(o);
    const bytes = (this.maskOf(other) + 1) * this.entryBytes;
    const isAlike = mask === this.maskOf(other) && this.fillOf(other) === used;
    if (isAlike) memory.bytes.copyWithin(to, from, from + bytes);
    for (let entry = from; entry < from + bytes; entry += this.entryBytes) {
      const key = memory.readWord(entry);
      if (key === 0 || key === this.dummy) continue;
      this.core.counts.incref(key);
      const hash = (entry + this.tables.hashOffset) >>> 2;
      const high = memory.high === 0 ? 0 : memory.words[hash + 1]!;
      if (!isAlike) this.tables.insertClean(to, mask, key, memory.words[hash]!, high);
    }
    memory.writeWord(o + this.fill, used);
    memory.writeWord(o + this.used, used);
  }

  private allocateTable(size: number): number {
    const table = this.core.ground.domains.mem.malloc(size * this.entryBytes);
    if (table === 0) throw new PythonError("MemoryError", "");
    return table;
  }

  /** `tp_clear`: the set is empty before anything dies. */
  private clearItems(o: number): void {
    const { memory } = this;
    const table = this.tableOf(o);
    const wasSmall = this.isSmall(o);
    const keys = [...this.keys(objectAddress(o))];
    memory.clear(o + this.smalltable, MIN_SIZE * this.entryBytes);
    memory.writeWord(o + this.fill, 0);
    memory.writeWord(o + this.used, 0);
    memory.writeWord(o + this.mask, MIN_SIZE - 1);
    memory.writeWord(o + this.table, o + this.smalltable);
    for (const key of keys) this.core.counts.decref(key);
    if (!wasSmall) this.core.ground.domains.mem.free(table);
  }

  private gather(o: number, count: number): number {
    const { words } = this.memory;
    const length = this.maskOf(o) + 1;
    const found = this.core.traversal.reserve(count + length);
    const stride = this.entryBytes >>> 2;
    let at = this.tableOf(o) >>> 2;
    let end = count;
    for (let i = 0; i < length; i++, at += stride) {
      const key = words[at]!;
      if (key !== 0 && key !== this.dummy) found[end++] = key;
    }
    return end;
  }

  private finish(o: number): void {
    if (!this.isSmall(o)) this.core.ground.domains.mem.free(this.tableOf(o));
    this.core.free(o);
  }
}
