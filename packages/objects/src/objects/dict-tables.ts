// How dicts change: insertion, growth, removal, and what the collector and the reaper do with them.

import { fieldOffset } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Clear, Traverse } from "../core/slots.ts";
import { DictKeys, EMPTY, KeysKind } from "./dict-keys.ts";
import { DictValues } from "./dict-values.ts";
import type { Hashes } from "./hashes.ts";
import { LOG_MIN_SIZE, usableFraction } from "./table-sizes.ts";
import type { Tuples } from "./tuples.ts";

/** A dict grows to this many slots for each item that it has (`GROWTH_RATE`). */
const GROWTH_RATE = 3;

/**
 * The tables of dicts. Nothing is checked here.
 *
 * @see CPython 3.13 Objects/dictobject.c, insertdict, dictresize, delitem_common, dict_traverse
 */
export class DictTables {
  readonly keys: DictKeys;
  readonly values: DictValues;
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly hashes: Hashes;
  private readonly tuples: Tuples;
  private readonly usedField: number;
  private readonly versionField: number;
  private readonly keysField: number;
  private readonly valuesField: number;
  private readonly versionStep: number;
  private versions = 0;

  constructor(core: Core, hashes: Hashes, tuples: Tuples) {
    const { dict } = core.ground.layouts;
    this.core = core;
    this.memory = core.ground.memory;
    this.hashes = hashes;
    this.tuples = tuples;
    this.keys = new DictKeys(core, hashes);
    this.values = new DictValues(core, this.keys);
    this.usedField = dict.offsets.ma_used;
    this.versionField = fieldOffset(dict, "ma_version_tag");
    this.keysField = dict.offsets.ma_keys;
    this.valuesField = dict.offsets.ma_values;
    this.versionStep = core.ground.profile.objects.dicts.versionStep;
    core.traversal.register(Traverse.dict, (o, count) => this.gather(o, count));
    core.registerClear(Clear.dict, (o) => this.clear(o));
  }

  /** Fills a new object in, taking over a reference to the keys. */
  init(o: number, keys: number, values: number, used: number): void {
    if (this.versionField < 0) this.memory.clear(o + this.usedField, this.keysField - this.usedField);
    this.memory.writeWord(o + this.usedField, used);
    this.memory.writeWord(o + this.keysField, keys);
    this.memory.writeWord(o + this.valuesField, values);
    this.touch(o);
  }

  /** The keys of a dict. */
  keysOf(o: number): number {
    return this.memory.readWord(o + this.keysField);
  }

  /** The values of a dict that are not in its table; 0 when they are. */
  valuesOf(o: number): number {
    return this.memory.readWord(o + this.valuesField);
  }

  setValues(o: number, values: number): void {
    this.memory.writeWord(o + this.valuesField, values);
  }

  used(o: number): number {
    return this.memory.readWord(o + this.usedField);
  }

  setUsed(o: number, used: number): void {
    this.memory.writeWord(o + this.usedField, used);
  }

  /** Whether keys are shared with other dicts and values lie elsewhere. */
  isSplit(o: number): boolean {
    return this.valuesOf(o) !== 0 && this.keysOf(o) !== this.keys.empty;
  }

  /** Where the value of an entry stands. */
  valueAddress(o: number, keys: number, index: number): number {
    const values = this.valuesOf(o);
    return values === 0 ? this.keys.valueAddress(keys, index) : this.values.address(values, index);
  }

  /** The value of `key`, borrowed; 0 when there is none. */
  get(o: number, key: number): number {
    const keys = this.keysOf(o);
    const index = this.keys.find(keys, key);
    return index === EMPTY ? 0 : this.memory.readWord(this.valueAddress(o, keys, index));
  }

  /** Sets the value of `key`; takes references of its own to both. */
  set(o: number, key: number, value: number): void {
    this.hashes.compute(key);
    const { low, high } = this.hashes;
    this.core.counts.incref(key);
    this.core.counts.incref(value);
    const isString = this.isString(key);
    if (this.keysOf(o) === this.keys.empty) this.leaveEmptyKeys(o, isString);
    else if (!isString && (this.valuesOf(o) !== 0 || !this.keys.hasHashes(this.keysOf(o))))
      this.grow(o, false);

    let keys = this.keysOf(o);
    const index = this.keys.findHashed(keys, key, low, high);
    this.maintainTracking(o, key, value);
    const previous = index === EMPTY ? 0 : this.memory.readWord(this.valueAddress(o, keys, index));
    if (this.isSplit(o) && !this.values.isOrdered && previous === 0) {
      // values without an order of their own can only be added in the order of the keys
      if (this.used(o) !== (index === EMPTY ? this.keys.count(keys) : index)) {
        this.grow(o, true);
        keys = this.keysOf(o);
        this.append(o, keys, key, low, high, value);
        return;
      }
    }
    if (index === EMPTY) this.append(o, keys, key, low, high, value);
    else this.replace(o, keys, index, key, value);
  }

  /** Removes an entry that has a value; the reference to the value is the caller's then. */
  removeAt(o: number, index: number): number {
    const keys = this.keysOf(o);
    const values = this.valuesOf(o);
    const at = this.valueAddress(o, keys, index);
    const value = this.memory.readWord(at);
    this.setUsed(o, this.used(o) - 1);
    this.touch(o);
    if (values !== 0) {
      this.memory.writeWord(at, 0);
      this.values.removeFromOrder(values, index);
      return value;
    }
    const key = this.keys.key(keys, index);
    this.keys.remove(keys, index);
    this.core.counts.decref(key);
    return value;
  }

  /** Gives a dict a table of its own of 2^`logSize` slots (`dictresize`). */
  resize(o: number, logSize: number, unicode: boolean): void {
    const old = this.keysOf(o);
    const values = this.valuesOf(o);
    const keys = this.keys.new(logSize, unicode && !this.isGeneral(old));
    if (this.isGeneral(old)) this.keys.setKind(keys, KeysKind.general);
    this.memory.writeWord(o + this.keysField, keys);
    const count = values === 0 ? this.keys.count(old) : this.used(o);
    for (let i = 0; i < count; i++) {
      const index = values === 0 ? i : this.values.nth(values, i);
      const from = values === 0 ? this.keys.valueAddress(old, index) : this.values.address(values, index);
      const value = this.memory.readWord(from);
      if (value === 0) continue;
      const key = this.keys.key(old, index);
      if (values !== 0) this.core.counts.incref(key);
      this.hashes.compute(key);
      this.keys.append(keys, key, this.hashes.low, this.hashes.high, value);
    }
    if (values === 0) this.keys.release(old);
    else this.leaveSharedKeys(o, old, values);
  }

  /** Gives a dict the table of another one as it is, with references of its own. */
  takeClone(o: number, other: number): void {
    const old = this.keysOf(o);
    this.memory.writeWord(o + this.keysField, this.keys.clone(this.keysOf(other)));
    this.setValues(o, 0);
    this.setUsed(o, this.used(other));
    this.touch(o);
    this.dropKeys(old);
  }

  /** Drops a reference to keys at once. */
  dropKeys(keys: number): void {
    const { reaper } = this.core;
    const floor = reaper.height;
    reaper.pushKeys(keys);
    reaper.drain(floor);
  }

  /** Drops all items; the dict is empty before anything dies. */
  clear(o: number): void {
    const { reaper } = this.core;
    const keys = this.keysOf(o);
    const values = this.valuesOf(o);
    if (keys === this.keys.empty) return;
    this.touch(o);
    this.setUsed(o, 0);
    if (values !== 0 && this.values.isEmbedded(values)) {
      for (let i = 0; i < this.keys.count(keys); i++)
        this.core.counts.replace(this.values.address(values, i), 0);
      this.values.resetOrder(values);
      return;
    }
    this.keys.incref(this.keys.empty);
    this.memory.writeWord(o + this.keysField, this.keys.empty);
    this.setValues(o, this.values.empty);
    const floor = reaper.height;
    this.pushTable(keys, values);
    reaper.drain(floor);
  }

  /** Puts what a dying dict holds on the reaper's stack. */
  pushContent(o: number): void {
    this.pushTable(this.keysOf(o), this.valuesOf(o));
  }

  /** Tracks a dict that gets something that may be tracked (`MAINTAIN_TRACKING`). */
  maintainTracking(o: number, key: number, value: number): void {
    if (this.core.heads.isTracked(o)) return;
    if (this.tuples.mayBeTracked(key) || this.tuples.mayBeTracked(value)) this.track(o);
  }

  /** Forgets a tracked dict of exactly this type in which nothing can be tracked (`_PyDict_MaybeUntrack`). */
  maybeUntrack(o: number): void {
    const keys = this.keysOf(o);
    const values = this.valuesOf(o);
    for (let i = 0; i < this.keys.count(keys); i++) {
      const value = this.memory.readWord(this.valueAddress(o, keys, i));
      if (value === 0) continue;
      if (this.tuples.mayBeTracked(value)) return;
      if (values === 0 && this.tuples.mayBeTracked(this.keys.key(keys, i))) return;
    }
    this.core.heads.untrack(o);
  }

  track(o: number): void {
    this.core.heads.track(o, this.core.state.lists[0]!);
  }

  /** Makes room for the items of another dict, as an update does before it starts. */
  makeRoomFor(o: number, other: number): void {
    const keys = this.keysOf(o);
    const more = this.used(other);
    const { mergeClones } = this.core.ground.profile.objects.dicts;
    const isShort = mergeClones
      ? usableFraction(this.keys.logSize(keys)) < more
      : this.keys.room(keys) * 3 < more * 2;
    if (isShort)
      this.resize(o, this.keys.logSizeForItems(this.used(o) + more), !this.isGeneral(this.keysOf(other)));
  }

  /** Notes a change in the version tag. */
  private touch(o: number): void {
    if (this.versionStep === 0) return;
    this.versions += this.versionStep;
    const { words } = this.memory;
    words[(o + this.versionField) >>> 2] = this.versions;
    words[((o + this.versionField) >>> 2) + 1] = Math.floor(this.versions / 2 ** 32);
  }

  private isString(key: number): boolean {
    return this.core.types.of(key) === this.core.types.builtin.str;
  }

  private isGeneral(keys: number): boolean {
    return this.keys.kind(keys) === KeysKind.general;
  }

  private leaveEmptyKeys(o: number, unicode: boolean): void {
    this.memory.writeWord(o + this.keysField, this.keys.new(LOG_MIN_SIZE, unicode));
    this.setValues(o, 0);
    this.dropKeys(this.keys.empty);
  }

  private grow(o: number, unicode: boolean): void {
    this.resize(o, this.keys.logSizeFor(this.used(o) * GROWTH_RATE), unicode);
  }

  private leaveSharedKeys(o: number, keys: number, values: number): void {
    this.setValues(o, 0);
    this.dropKeys(keys);
    if (values === this.values.empty) return;
    if (this.values.isEmbedded(values)) this.values.invalidate(values);
    else this.core.ground.domains.mem.free(this.values.block(values));
  }

  private append(o: number, present: number, key: number, low: number, high: number, value: number): void {
    let keys = present;
    if (this.keys.room(keys) <= 0) {
      this.grow(o, this.isString(key));
      keys = this.keysOf(o);
    }
    const values = this.valuesOf(o);
    if (values !== 0) {
      const index = this.keys.append(keys, key, low, high, 0);
      this.memory.writeWord(this.values.address(values, index), value);
      this.values.addToOrder(values, index);
    } else {
      if (!this.isString(key)) this.keys.setKind(keys, KeysKind.general);
      this.keys.append(keys, key, low, high, value);
    }
    this.setUsed(o, this.used(o) + 1);
    this.touch(o);
  }

  private replace(o: number, keys: number, index: number, key: number, value: number): void {
    const at = this.valueAddress(o, keys, index);
    const previous = this.memory.readWord(at);
    this.memory.writeWord(at, value);
    if (previous === 0) {
      this.values.addToOrder(this.valuesOf(o), index);
      this.setUsed(o, this.used(o) + 1);
    }
    if (previous !== value) this.touch(o);
    if (previous !== 0) this.core.counts.decref(previous);
    this.core.counts.decref(key);
  }

  private pushTable(keys: number, values: number): void {
    const { reaper } = this.core;
    reaper.pushKeys(keys);
    if (values === 0 || values === this.values.empty || this.values.isEmbedded(values)) return;
    reaper.pushFreeMem(this.values.block(values));
    const { form } = this.values;
    const count = form === "inline" ? this.values.capacity(values, keys) : this.keys.count(keys);
    reaper.pushUp(this.values.address(values, 0), count);
  }

  private gather(o: number, count: number): number {
    const { traversal } = this.core;
    const keys = this.keysOf(o);
    const values = this.valuesOf(o);
    const length = this.keys.count(keys);
    if (values !== 0 && !this.isGeneral(keys)) {
      return this.values.isEmbedded(values)
        ? count
        : traversal.pointers(this.values.address(values, 0), length, count);
    }
    const found = traversal.reserve(count + 2 * length);
    const { words } = this.memory;
    const isGeneral = this.isGeneral(keys);
    const stride = this.keys.entryStride(keys) >>> 2;
    let at = this.keys.valueAddress(keys, 0) >>> 2;
    const keyStep = this.memory.pointerBytes >>> 2;
    let end = count;
    for (let i = 0; i < length; i++, at += stride) {
      const value = words[at]!;
      if (value === 0) continue;
      found[end++] = value;
      if (isGeneral) found[end++] = words[at - keyStep]!;
    }
    return end;
  }
}
