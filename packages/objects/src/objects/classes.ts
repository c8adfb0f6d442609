// Classes: types that are made at run time, in the heap like any object.

import { fieldOffset, type ObjectAddress, objectAddress, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Clear, Dealloc, Finalize, Traverse, type UserSlots } from "../core/slots.ts";
import type { Attributes } from "./attributes.ts";
import type { Body } from "./calls.ts";
import { type ClassLayout, layOutClass } from "./class-layout.ts";
import { linearize } from "./class-order.ts";
import type { Dicts } from "./dicts.ts";
import type { FieldObjects } from "./field-objects.ts";
import type { Functions } from "./functions.ts";
import type { Ints } from "./ints.ts";
import type { Singletons } from "./singletons.ts";
import type { Strings } from "./strings.ts";
import type { Tuples } from "./tuples.ts";
import type { Weakrefs } from "./weakrefs.ts";

/** A class statement. */
export interface ClassOptions {
  readonly name: string;
  /** @defaultValue `object` */
  readonly bases?: readonly ObjectAddress[];
  /** `__slots__`. */
  readonly slots?: readonly string[];
  /** Functions of the class; `__del__` is its finalizer. The first argument is the instance. */
  readonly methods?: Readonly<Record<string, Body>>;
  /** Other attributes of the class; it takes references of its own. */
  readonly attributes?: Readonly<Record<string, ObjectAddress>>;
  /** The dict of the module that the methods belong to. */
  readonly globals?: ObjectAddress;
  /** Slots of the type that C code would fill. `traverse` and `clear` are called in addition to the class's own. */
  readonly userSlots?: UserSlots;
}

/** What classes are made of. */
export interface ClassParts {
  readonly singletons: Singletons;
  readonly strings: Strings;
  readonly ints: Ints;
  readonly tuples: Tuples;
  readonly dicts: Dicts;
  readonly fields: FieldObjects;
  readonly functions: Functions;
  readonly weakrefs: Weakrefs;
  readonly attributes: Attributes;
}

/** `T_OBJECT_EX`: the kind of a slot's member. */
const T_OBJECT_EX = 16;

/**
 * Classes.
 *
 * @see CPython 3.13 Objects/typeobject.c, type_new, type_dealloc, type_traverse, type_clear
 */
export class Classes {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly parts: ClassParts;
  private readonly offsets: Readonly<Record<string, number>>;
  /** Slots of the classes by name, as their descriptors give them. */
  private readonly slotOffsets = new Map<number, ReadonlyMap<string, number>>();

  constructor(core: Core, parts: ClassParts) {
    const { ground, reaper, traversal, types } = core;
    this.core = core;
    this.memory = ground.memory;
    this.parts = parts;
    this.offsets = ground.layouts.heapType.offsets;
    reaper.register(Dealloc.type, {
      prepare: (o) => {
        this.removeSubclass(o);
        return parts.weakrefs.clearAll(o);
      },
      body: (o) => this.pushContent(o),
      finish: (o) => this.finish(o),
    });
    traversal.register(Traverse.type, (o, count) => this.gather(o, count));
    core.registerClear(Clear.type, (o) => this.clear(o));
    types.onClassName = (type) => parts.strings.read(this.field(type, "ht_name"));
  }

  /** A new class. */
  new(options: ClassOptions): ObjectAddress {
    const { types, ground, counts, heads, state } = this.core;
    const bases = options.bases ?? [types.builtin.object];
    for (const base of bases) this.checkBase(base);
    const base = bases[0]!;
    const layout = layOutClass(ground.profile, types, base, options.slots);
    const basesTuple = this.tupleOf(bases);
    const o = this.allocate(layout);
    heads.track(o, state.lists[0]!);
    this.writeNumbers(o, base, layout, options.userSlots);
    this.put(o, "tp_bases", basesTuple);
    counts.incref(base);
    this.put(o, "tp_base", base);
    const name = this.parts.strings.name(options.name);
    counts.incref(name);
    this.put(o, "ht_name", name);
    this.put(o, "ht_qualname", name);
    this.memory.writeWord(o + this.offsets.tp_name!, this.parts.strings.data(name).start);
    this.put(o, "tp_dict", this.parts.dicts.new());
    this.writeSlots(o, layout, options.slots);
    if (layout.dictOffset !== 0)
      this.parts.attributes.setCachedKeys(o, this.parts.attributes.newSharedKeys());
    this.fillDict(o, layout, options);
    const order = linearize(o, bases, (type) => this.mroOf(type));
    this.put(o, "tp_mro", this.tupleOf(order));
    this.writeFinalizers(o, options);
    this.addSubclass(base, o);
    return o;
  }

  /** The types that an attribute is looked up in, the class first. */
  mroOf(type: number): ObjectAddress[] {
    const { types } = this.core;
    const tuple = types.slot(type, types.mro);
    if (tuple !== 0) return this.parts.tuples.itemsOf(tuple);
    const chain: ObjectAddress[] = [];
    for (let t = type; t !== 0; t = types.slot(t, types.base)) chain.push(objectAddress(t));
    return chain;
  }

  /** An attribute of the class or one of its bases, borrowed; NULL when there is none (`_PyType_Lookup`). */
  lookup(type: number, name: ObjectAddress): ObjectAddress {
    const { types } = this.core;
    for (const t of this.mroOf(type)) {
      const dict = types.isClass(t) ? types.slot(t, types.dict) : 0;
      const value = dict === 0 ? 0 : this.parts.dicts.tables.get(dict, name);
      if (value !== 0) return objectAddress(value);
    }
    return objectAddress(0);
  }

  /** Sets an attribute of a class; takes a reference of its own. */
  setAttribute(type: ObjectAddress, name: string, value: ObjectAddress): void {
    this.core.types.checkType("class attribute", type, "type");
    const key = this.parts.strings.name(name);
    this.parts.dicts.setItem(objectAddress(this.field(type, "tp_dict")), key, value);
    this.core.counts.decref(key);
    if (name === "__del__") this.put(type, "tp_finalize", Finalize.subtype);
  }

  /** The place of a slot in the instances of a class; -1 when it has no such slot. */
  slotOffset(type: number, name: string): number {
    for (const t of this.mroOf(type)) {
      const offset = this.slotOffsets.get(t)?.get(name);
      if (offset !== undefined) return offset;
    }
    return -1;
  }

  /** Byte addresses of the slots of an instance that `type` itself declares. */
  slotAddresses(o: number, type: number): number[] {
    const { memberDef } = this.core.ground.layouts;
    const count = this.slotCount(type);
    const members = this.membersOf(type);
    return Array.from({ length: count }, (_, i) => {
      return o + this.memory.readWord(members + i * memberDef.sizeBytes + memberDef.offsets.offset);
    });
  }

  /** Names of the slots that a class itself declares, in the order of {@link slotAddresses}. */
  slotNames(type: number): string[] {
    return [...(this.slotOffsets.get(type)?.keys() ?? [])];
  }

  /** How many slots a class itself declares. */
  slotCount(type: number): number {
    return this.core.types.isClass(type) ? this.field(type, "ob_size") : 0;
  }

  /** `type.__sizeof__`. */
  sizeOf(type: number): number {
    const { layouts } = this.core.ground;
    if (!this.core.types.isClass(type)) return layouts.type.sizeBytes;
    const keys = this.field(type, "ht_cached_keys");
    const { tables } = this.parts.dicts;
    return layouts.heapType.sizeBytes + (keys === 0 ? 0 : tables.keys.sizeOf(keys));
  }

  private field(type: number, name: string): number {
    return this.memory.readWord(type + this.offsets[name]!);
  }

  private put(type: number, name: string, value: number): void {
    this.memory.writeWord(type + this.offsets[name]!, value);
  }

  private checkBase(base: ObjectAddress): void {
    const { types } = this.core;
    types.checkType("class", base, "type");
    if ((types.flags(base) & TypeFlag.BASETYPE) === 0) {
      throw new PythonError("TypeError", `type '${types.nameOf(base)}' is not an acceptable base type`);
    }
  }

  /** A tuple as the interpreter builds it from values on the stack: tracked from the start. */
  private tupleOf(items: readonly ObjectAddress[]): ObjectAddress {
    const tuple = this.parts.tuples.new(items.length);
    items.forEach((item, i) => {
      this.core.counts.incref(item);
      this.parts.tuples.setItem(tuple, i, item);
    });
    return tuple;
  }

  private allocate(layout: ClassLayout): ObjectAddress {
    const { allocation, ground, types } = this.core;
    const { heapType, memberDef, object } = ground.layouts;
    // one more than there are slots, as for every object of a variable size
    const bytes = heapType.sizeBytes + (layout.slots.length + 1) * memberDef.sizeBytes;
    const o = allocation.newCollected(types.builtin.type, bytes, 0);
    this.memory.clear(o + object.sizeBytes, bytes - object.sizeBytes);
    return o;
  }

  private writeNumbers(o: number, base: number, layout: ClassLayout, userSlots: UserSlots | undefined): void {
    const { types, users } = this.core;
    const isCollected = (layout.flags & TypeFlag.HAVE_GC) !== 0;
    this.put(o, "ob_size", layout.slots.length);
    this.put(o, "tp_basicsize", layout.basicsize);
    this.put(o, "tp_itemsize", layout.itemsize);
    this.put(o, "tp_flags", layout.flags >>> 0);
    this.memory.writeSigned(o + this.offsets.tp_dictoffset!, layout.dictOffset);
    this.memory.writeSigned(o + this.offsets.tp_weaklistoffset!, layout.weaklistOffset);
    this.put(o, "tp_dealloc", Dealloc.subtype);
    this.put(o, "tp_traverse", isCollected ? users.add(userSlots?.traverse) || Traverse.subtype : 0);
    this.put(o, "tp_clear", isCollected ? users.add(userSlots?.clear) || Clear.subtype : 0);
    this.put(o, "tp_finalize", types.slot(base, types.finalize));
    this.put(o, "tp_del", users.add(userSlots?.del) || types.slot(base, types.del));
  }

  private writeSlots(o: ObjectAddress, layout: ClassLayout, slots: readonly string[] | undefined): void {
    const { memberDef } = this.core.ground.layouts;
    const { counts, ground } = this.core;
    layout.slots.forEach(({ name, offset }, i) => {
      const member = this.membersOf(o) + i * memberDef.sizeBytes;
      this.memory.writeWord(member + memberDef.offsets.name, ground.statics.text(name));
      this.memory.writeInt(member + memberDef.offsets.type, T_OBJECT_EX);
      this.memory.writeWord(member + memberDef.offsets.offset, offset);
    });
    this.slotOffsets.set(o, new Map(layout.slots.map(({ name, offset }) => [name, offset])));
    if (slots === undefined) return;
    const names = slots.map((name) => this.parts.strings.name(name));
    this.put(o, "ht_slots", this.parts.tuples.of(names));
    for (const name of names) counts.decref(name);
  }

  private fillDict(o: ObjectAddress, layout: ClassLayout, options: ClassOptions): void {
    const { singletons, strings, functions } = this.parts;
    const { counts, ground } = this.core;
    const add = (name: string, value: ObjectAddress) => {
      const key = strings.name(name);
      this.parts.dicts.setItem(objectAddress(this.field(o, "tp_dict")), key, value);
      counts.decref(key);
      counts.decref(value);
    };
    add("__module__", strings.name("__main__"));
    for (const [name, body] of Object.entries(options.methods ?? {})) {
      const localCount = Math.max(body.length, 1);
      add(
        name,
        functions.new({ name, body, localCount, ...(options.globals && { globals: options.globals }) }),
      );
    }
    for (const [name, value] of Object.entries(options.attributes ?? {})) {
      counts.incref(value);
      add(name, value);
    }
    for (const { name } of layout.slots) add(name, this.newDescriptor(o, name, "member_descriptor"));
    if (ground.profile.objects.classes.ownDescriptors) {
      if (layout.addsDict) add("__dict__", this.newDescriptor(o, "__dict__", "getset_descriptor"));
      if (layout.addsWeaklist) add("__weakref__", this.newDescriptor(o, "__weakref__", "getset_descriptor"));
    }
    counts.incref(singletons.none);
    add("__doc__", singletons.none);
  }

  private newDescriptor(
    o: ObjectAddress,
    name: string,
    type: "member_descriptor" | "getset_descriptor",
  ): ObjectAddress {
    const key = this.parts.strings.name(name);
    const descriptor = this.parts.fields.new(type, { d_type: o, d_name: key });
    this.core.counts.decref(key);
    return descriptor;
  }

  private writeFinalizers(o: ObjectAddress, options: ClassOptions): void {
    const { users } = this.core;
    const del = this.parts.strings.name("__del__");
    if (this.lookup(o, del) !== 0) this.put(o, "tp_finalize", Finalize.subtype);
    this.core.counts.decref(del);
    const finalize = users.add(options.userSlots?.finalize);
    if (finalize !== 0) this.put(o, "tp_finalize", finalize);
  }

  /** A base knows its subclasses, weakly. */
  private addSubclass(base: ObjectAddress, o: ObjectAddress): void {
    const { counts } = this.core;
    if (this.field(base, "tp_subclasses") === 0) this.put(base, "tp_subclasses", this.parts.dicts.new());
    const key = this.parts.ints.new(o);
    const ref = this.parts.weakrefs.new(o);
    this.parts.dicts.setItem(objectAddress(this.field(base, "tp_subclasses")), key, ref);
    counts.decref(key);
    counts.decref(ref);
  }

  private removeSubclass(o: number): void {
    const subclasses = objectAddress(this.field(this.field(o, "tp_base"), "tp_subclasses"));
    const key = this.parts.ints.new(o);
    if (subclasses !== 0 && this.parts.dicts.contains(subclasses, key)) {
      this.parts.dicts.deleteItem(subclasses, key);
    }
    this.core.counts.decref(key);
  }

  private membersOf(type: number): number {
    return type + this.core.ground.layouts.heapType.sizeBytes;
  }

  private gather(o: number, count: number): number {
    const { traversal, types } = this.core;
    if (!types.isClass(o)) return count; // the collector does not know types that are compiled in
    let end = count;
    for (const name of ["tp_dict", "tp_cache", "tp_mro", "tp_bases", "tp_base", "ht_module"]) {
      const offset = this.offsets[name];
      if (offset !== undefined) end = traversal.add(this.memory.readWord(o + offset), end);
    }
    return end;
  }

  private clear(o: number): void {
    const { counts } = this.core;
    const keys = this.field(o, "ht_cached_keys");
    if (keys !== 0 && this.core.ground.profile.objects.classes.clearDropsKeys) {
      this.put(o, "ht_cached_keys", 0);
      this.parts.dicts.tables.dropKeys(keys);
    }
    const dict = this.field(o, "tp_dict");
    if (dict !== 0) this.parts.dicts.tables.clear(dict);
    const module = fieldOffset(this.core.ground.layouts.heapType, "ht_module");
    if (module >= 0) counts.replace(o + module, 0);
    counts.replace(o + this.offsets.tp_mro!, 0);
  }

  private pushContent(o: number): void {
    const { reaper } = this.core;
    const keys = this.field(o, "ht_cached_keys");
    if (keys !== 0) reaper.pushKeys(keys);
    const drops = [
      "tp_base",
      "tp_dict",
      "tp_bases",
      "tp_mro",
      "tp_cache",
      "tp_subclasses",
      "ht_name",
      "ht_qualname",
    ];
    for (const name of [...drops, "ht_slots"].reverse()) reaper.pushDrop(this.field(o, name));
  }

  private finish(o: number): void {
    this.slotOffsets.delete(o);
    this.core.allocation.deleteCollected(o, 0);
  }
}
