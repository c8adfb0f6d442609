// Where instances keep their attributes: in a dict that shares its keys with the class's other instances, in values
// beside the instance, or in values behind it.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { AttributePlaces } from "./attribute-places.ts";
import type { DictKeys } from "./dict-keys.ts";
import { EMPTY, KeysKind } from "./dict-keys.ts";
import type { DictTables } from "./dict-tables.ts";
import type { DictValues } from "./dict-values.ts";
import type { Dicts } from "./dicts.ts";
import type { Hashes } from "./hashes.ts";
import type { Tuples } from "./tuples.ts";

/** What attributes are kept with. */
export interface AttributeParts {
  readonly dicts: Dicts;
  readonly hashes: Hashes;
  readonly tuples: Tuples;
}

/**
 * Attributes of instances. Names are interned strings, values that are stored get references of their own.
 *
 * @see CPython 3.9, 3.11 and 3.13 Objects/dictobject.c, _PyObjectDict_SetItem, _PyObject_StoreInstanceAttribute
 */
export class Attributes {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly dicts: Dicts;
  private readonly tables: DictTables;
  private readonly keys: DictKeys;
  private readonly values: DictValues;
  private readonly hashes: Hashes;
  private readonly tuples: Tuples;
  private readonly places: AttributePlaces;
  private readonly cachedKeysField: number;
  private readonly roomShrinks: boolean;
  /** Whether keys that one dict has grown out of are made sharable again. */
  private readonly resharesKeys: boolean;

  constructor(core: Core, parts: AttributeParts) {
    const { ground } = core;
    const { objects } = ground.profile;
    this.core = core;
    this.memory = ground.memory;
    this.dicts = parts.dicts;
    this.tables = parts.dicts.tables;
    this.keys = this.tables.keys;
    this.values = this.tables.values;
    this.hashes = parts.hashes;
    this.tuples = parts.tuples;
    this.places = new AttributePlaces(core, this.values);
    this.cachedKeysField = ground.layouts.heapType.offsets.ht_cached_keys;
    this.roomShrinks = objects.classes.roomShrinks;
    this.resharesKeys = objects.instanceValues === "split-dict";
  }

  /** New keys for the instances of a class (`_PyDict_NewKeysForClass`). */
  newSharedKeys(): number {
    const { sharedKeys } = this.core.ground.profile.objects.classes;
    const keys = this.keys.new(sharedKeys.logSize, true);
    this.keys.setKind(keys, KeysKind.split);
    this.keys.setRoom(keys, sharedKeys.room);
    return keys;
  }

  /** The keys that the instances of a class share; 0 when they no longer do. */
  cachedKeys(type: number): number {
    return this.core.types.isClass(type) ? this.memory.readWord(type + this.cachedKeysField) : 0;
  }

  setCachedKeys(type: number, keys: number): void {
    this.memory.writeWord(type + this.cachedKeysField, keys);
  }

  /** Bytes of values behind an instance of `type`, at present. */
  inlineBytes(type: number): number {
    if (!this.places.hasInlineValues(type)) return 0;
    const keys = this.cachedKeys(type);
    const shrinking = this.keys.room(keys) > 1 ? 1 : 0;
    return this.values.bytesFor(this.keys.capacity(keys) - shrinking);
  }

  /** Makes the values of a new instance. */
  initInstance(o: number, type: number): void {
    if (!this.places.isManaged(type)) return;
    const isInline = this.places.hasInlineValues(type);
    if (!isInline && !(this.places.hasValuesWord && this.isMadeByObject(type))) return;
    const keys = this.cachedKeys(type);
    if (this.roomShrinks && this.keys.room(keys) > 1) this.keys.setRoom(keys, this.keys.room(keys) - 1);
    if (isInline) this.values.init(this.places.inlineValues(o, type), this.keys.capacity(keys), true);
    else this.places.writeValues(o, this.values.new(keys));
  }

  /** Whether `object.__new__` makes the instances: that of other bases gives them no values. */
  private isMadeByObject(type: number): boolean {
    const { types } = this.core;
    let base = type;
    while (types.isClass(base)) base = types.slot(base, types.base);
    return base === types.builtin.object;
  }

  /** The value of an attribute, borrowed; NULL when there is none. */
  get(o: number, name: ObjectAddress): ObjectAddress {
    const type = this.core.types.of(o);
    const values = this.places.valuesOf(o, type);
    if (values !== 0) {
      const index = this.keys.find(this.cachedKeys(type), name);
      return objectAddress(index === EMPTY ? 0 : this.memory.readWord(this.values.address(values, index)));
    }
    const dict = this.places.dictOf(o);
    return dict === 0 ? objectAddress(0) : objectAddress(this.tables.get(dict, name));
  }

  /** Sets an attribute. The type must have a dict. */
  set(o: number, name: ObjectAddress, value: ObjectAddress): void {
    const type = this.core.types.of(o);
    const values = this.places.valuesOf(o, type);
    if (values !== 0) this.storeValue(o, type, values, name, value);
    else this.setInDict(type, this.places.dictPointer(o), name, value);
  }

  /** Deletes an attribute. Returns whether it was there. */
  delete(o: number, name: ObjectAddress): boolean {
    if (this.get(o, name) === 0) return false;
    const type = this.core.types.of(o);
    const values = this.places.valuesOf(o, type);
    if (values !== 0) {
      const index = this.keys.find(this.cachedKeys(type), name);
      this.values.removeFromOrder(values, index);
      const dict = this.places.dictOf(o);
      if (dict !== 0) this.tables.setUsed(dict, this.tables.used(dict) - 1);
      this.core.counts.replace(this.values.address(values, index), 0);
      return true;
    }
    this.dicts.deleteItem(this.places.dictOf(o), name);
    const cached = this.resharesKeys ? this.cachedKeys(type) : 0;
    if (cached !== 0) {
      this.setCachedKeys(type, 0);
      this.tables.dropKeys(cached);
    }
    return true;
  }

  /** Whether instances of a type have a dict. */
  hasDict(type: number): boolean {
    return this.core.types.slot(type, this.core.types.dictOffset) !== 0;
  }

  /** The dict of an instance, made if there is none yet; borrowed (`o.__dict__`). */
  dict(o: number): ObjectAddress {
    const present = this.places.dictOf(o);
    if (present !== 0) return present;
    const type = this.core.types.of(o);
    const values = this.places.valuesOf(o, type);
    const keys = this.cachedKeys(type);
    const pointer = this.places.dictPointer(o);
    let dict: ObjectAddress;
    if (values !== 0) {
      dict = this.dictOfValues(keys, values);
      if (!this.values.isEmbedded(values)) this.places.writeValues(o, 0);
    } else {
      dict = keys === 0 || this.places.isManaged(type) ? this.dicts.new() : this.newSharingDict(keys);
    }
    this.places.writeDict(o, pointer, dict);
    return dict;
  }

  /** Names and values of the attributes that are not in a dict, in the order of the class's keys. */
  *named(o: number): Generator<[name: ObjectAddress, value: ObjectAddress]> {
    const type = this.core.types.of(o);
    const values = this.hasDict(type) ? this.places.valuesOf(o, type) : 0;
    if (values === 0) return;
    const keys = this.cachedKeys(type);
    for (let i = 0; i < this.keys.count(keys); i++) {
      const value = this.memory.readWord(this.values.address(values, i));
      if (value !== 0) yield [objectAddress(this.keys.key(keys, i)), objectAddress(value)];
    }
  }

  /** The dict of an instance, borrowed; NULL when it has none so far. */
  presentDict(o: number): ObjectAddress {
    return this.hasDict(this.core.types.of(o)) ? this.places.dictOf(o) : objectAddress(0);
  }

  /** The references that an instance holds through its attributes, as `subtype_traverse` visits them. */
  gather(o: number, type: number, count: number): number {
    const { traversal } = this.core;
    const values = this.places.valuesOf(o, type);
    if (values === 0) return traversal.add(this.places.dictOf(o), count);
    return traversal.pointers(this.values.address(values, 0), this.valueCount(values, type), count);
  }

  /** Drops all attributes, as `subtype_clear` does. */
  clear(o: number, type: number): void {
    const { counts } = this.core;
    const values = this.places.valuesOf(o, type);
    const pointer = this.places.dictPointer(o);
    if (values !== 0 && !this.values.isEmbedded(values)) {
      const count = this.valueCount(values, type);
      for (let i = 0; i < count; i++) counts.replace(this.values.address(values, i), 0);
      return;
    }
    if (values !== 0) {
      this.clearInline(o, type, values);
      return;
    }
    if (this.places.dictOf(o) !== 0) counts.replace(pointer, 0);
  }

  /** Puts what a dying instance holds through its attributes on the reaper's stack. */
  pushContent(o: number, type: number): void {
    const { reaper } = this.core;
    const values = this.places.valuesOf(o, type);
    if (values === 0) {
      reaper.pushDrop(this.places.dictOf(o));
      return;
    }
    if (this.values.isEmbedded(values)) {
      this.pushInline(o, type, values);
      return;
    }
    reaper.pushFreeMem(this.values.block(values));
    reaper.pushUp(this.values.address(values, 0), this.valueCount(values, type));
    this.places.writeValues(o, 0);
  }

  /** Values that `tp_traverse` looks at. */
  private valueCount(values: number, type: number): number {
    return this.values.capacity(values, this.cachedKeys(type));
  }

  private storeValue(
    o: number,
    type: number,
    values: number,
    name: ObjectAddress,
    value: ObjectAddress,
  ): void {
    const { counts } = this.core;
    const keys = this.cachedKeys(type);
    const index = this.sharedIndex(keys, name);
    const dict = this.places.dictOf(o);
    if (index === EMPTY) {
      this.dicts.setItem(dict !== 0 ? dict : this.dict(o), name, value);
      return;
    }
    if (dict !== 0) this.tables.maintainTracking(dict, name, value);
    counts.incref(value);
    const at = this.values.address(values, index);
    const previous = this.memory.readWord(at);
    this.memory.writeWord(at, value);
    if (previous === 0) {
      this.values.addToOrder(values, index);
      if (dict !== 0) this.tables.setUsed(dict, this.tables.used(dict) + 1);
    } else {
      counts.decref(previous);
    }
  }

  /** The place of a name in shared keys, entered if there is room; {@link EMPTY} otherwise. */
  private sharedIndex(keys: number, name: ObjectAddress): number {
    const present = this.keys.find(keys, name);
    if (present !== EMPTY || this.keys.room(keys) <= 0) return present;
    this.hashes.compute(name);
    this.core.counts.incref(name);
    return this.keys.append(keys, name, this.hashes.low, this.hashes.high, 0);
  }

  /** `_PyObjectDict_SetItem`: the first attribute makes a dict that shares the class's keys. */
  private setInDict(type: number, pointer: number, name: ObjectAddress, value: ObjectAddress): void {
    let dict = objectAddress(this.memory.readWord(pointer));
    const cached = this.cachedKeys(type);
    if (dict === 0) {
      dict = cached === 0 || this.places.isManaged(type) ? this.dicts.new() : this.newSharingDict(cached);
      this.memory.writeWord(pointer, dict);
    }
    const wasShared = cached !== 0 && this.tables.keysOf(dict) === cached;
    this.dicts.setItem(dict, name, value);
    if (!this.resharesKeys || !wasShared) return;
    const present = this.cachedKeys(type);
    if (present === 0 || present === this.tables.keysOf(dict)) return;
    this.setCachedKeys(type, this.keys.refCount(present) === 1 ? this.makeShared(dict) : 0);
    this.tables.dropKeys(present);
  }

  private newSharingDict(keys: number): ObjectAddress {
    this.keys.incref(keys);
    return this.dicts.make(keys, this.values.new(keys));
  }

  /** Turns a dict's own keys into keys that can be shared; a reference to them, or 0 (`make_keys_shared`). */
  private makeShared(dict: ObjectAddress): number {
    const keys = this.tables.keysOf(dict);
    if (this.core.types.of(dict) !== this.core.types.builtin.dict) return 0;
    if (!this.tables.isSplit(dict)) {
      if (this.keys.kind(keys) === KeysKind.general) return 0;
      const values = this.values.new(keys);
      for (let i = 0; i < this.keys.count(keys); i++) {
        this.memory.writeWord(this.values.address(values, i), this.keys.value(keys, i));
        this.memory.writeWord(this.keys.valueAddress(keys, i), 0);
      }
      this.keys.setKind(keys, KeysKind.split);
      this.tables.setValues(dict, values);
    }
    this.keys.incref(keys);
    return keys;
  }

  /** A dict over values that exist (`make_dict_from_instance_attributes`). */
  private dictOfValues(keys: number, values: number): ObjectAddress {
    let used = 0;
    let isTracked = false;
    for (let i = 0; i < this.values.capacity(values, keys); i++) {
      const value = this.memory.readWord(this.values.address(values, i));
      if (value === 0) continue;
      used++;
      isTracked ||= this.tuples.mayBeTracked(value);
    }
    this.keys.incref(keys);
    const dict = this.dicts.make(keys, values, used);
    if (isTracked && !this.core.heads.isTracked(dict)) this.tables.track(dict);
    return dict;
  }

  /** A dict over values behind an instance that dies gets values of its own (`_PyDict_DetachFromObject`). */
  private detachDict(o: number, values: number): ObjectAddress {
    const dict = this.places.dictOf(o);
    if (dict === 0) return dict;
    this.memory.writeWord(this.places.dictPointer(o), 0);
    if (this.tables.valuesOf(dict) !== values) return dict;
    this.tables.setValues(dict, this.values.copy(values, this.tables.keysOf(dict)));
    return dict;
  }

  private clearInline(o: number, type: number, values: number): void {
    const { counts } = this.core;
    if (this.places.dictOf(o) !== 0) {
      const dict = this.detachDict(o, values);
      this.values.markInvalid(values);
      this.dropCopied(values, type);
      counts.decref(dict);
      return;
    }
    this.values.markInvalid(values);
    const count = this.valueCount(values, type);
    for (let i = 0; i < count; i++) counts.replace(this.values.address(values, i), 0);
  }

  private pushInline(o: number, type: number, values: number): void {
    const { reaper } = this.core;
    if (this.places.dictOf(o) !== 0) {
      const dict = this.detachDict(o, values);
      this.values.markInvalid(values);
      this.dropCopied(values, type);
      reaper.pushDrop(dict);
      return;
    }
    this.values.markInvalid(values);
    reaper.pushUp(this.values.address(values, 0), this.valueCount(values, type));
  }

  /** The copy took references of its own; those of the values behind the instance go without killing anything. */
  private dropCopied(values: number, type: number): void {
    const count = this.valueCount(values, type);
    for (let i = 0; i < count; i++) {
      const at = this.values.address(values, i);
      const value = this.memory.readWord(at);
      this.memory.writeWord(at, 0);
      this.core.counts.xdecref(value);
    }
  }
}
