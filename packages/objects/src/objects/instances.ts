// Instances of classes: how they are made, what they hold, how they die.

import { type ObjectAddress, objectAddress, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Clear, Dealloc, Finalize, Traverse } from "../core/slots.ts";
import type { Attributes } from "./attributes.ts";
import type { Calls } from "./calls.ts";
import type { Classes } from "./classes.ts";
import type { Dicts } from "./dicts.ts";
import type { Functions } from "./functions.ts";
import type { Sets } from "./sets.ts";
import type { Strings } from "./strings.ts";
import type { Weakrefs } from "./weakrefs.ts";

/** What instances are made of. */
export interface InstanceParts {
  readonly strings: Strings;
  readonly dicts: Dicts;
  readonly sets: Sets;
  readonly functions: Functions;
  readonly weakrefs: Weakrefs;
  readonly attributes: Attributes;
  readonly classes: Classes;
  readonly calls: Calls;
}

/**
 * Instances of classes, those of subclasses of built-in types included.
 *
 * @see CPython 3.13 Objects/typeobject.c, PyType_GenericAlloc, subtype_dealloc, subtype_traverse, subtype_clear
 */
export class Instances {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly parts: InstanceParts;

  constructor(core: Core, parts: InstanceParts) {
    const { ground, reaper, traversal } = core;
    this.core = core;
    this.memory = ground.memory;
    this.parts = parts;
    reaper.register(Dealloc.subtype, {
      prepare: (o) => this.prepareDeath(o),
      body: (o) => this.pushContent(o),
      finish: () => {}, // the base has freed it
    });
    traversal.register(Traverse.subtype, (o, count) => this.gather(o, count));
    core.registerClear(Clear.subtype, (o) => this.clear(o));
    core.registerFinalize(Finalize.subtype, (o) => this.callDel(o));
  }

  /** A new instance of a class, without arguments; of `object` itself too. */
  new(type: ObjectAddress): ObjectAddress {
    const { counts, heads, state, types } = this.core;
    types.checkType("instance", type, "type");
    if (!types.isClass(type) && type !== types.builtin.object) {
      throw new PythonError("TypeError", `cannot create '${types.nameOf(type)}' instances`);
    }
    const o = this.allocate(type);
    if (types.isClass(type)) counts.incref(type);
    this.parts.attributes.initInstance(o, type);
    this.initBase(o, type);
    if (types.isCollectedType(type)) heads.track(o, state.lists[0]!);
    return o;
  }

  /** An attribute, a new reference: a slot, an attribute of the instance, or one of its class; methods are bound. Goes through proxies. */
  getAttribute(holder: ObjectAddress, name: string): ObjectAddress {
    const { counts, types } = this.core;
    types.checkObject("getattr", holder);
    const o = this.parts.weakrefs.unwrap(holder);
    const found = this.findAttribute(o, name);
    if (found !== 0) {
      counts.incref(found);
      return found;
    }
    const key = this.parts.strings.name(name);
    const inClass = this.parts.classes.lookup(types.of(o), key);
    counts.decref(key);
    if (inClass === 0) throw this.noAttribute(o, name);
    if (types.of(inClass) === types.builtin.function) return this.parts.functions.newMethod(inClass, o);
    counts.incref(inClass);
    return inClass;
  }

  /** Sets a slot or an attribute; takes a reference of its own. */
  setAttribute(holder: ObjectAddress, name: string, value: ObjectAddress): void {
    const { counts, types } = this.core;
    types.checkObject("setattr", holder);
    types.checkObject("setattr", value);
    const o = this.parts.weakrefs.unwrap(holder);
    const slot = this.slotAddress(o, name);
    if (slot !== 0) {
      counts.incref(value);
      counts.replace(slot, value);
      return;
    }
    if (!this.parts.attributes.hasDict(types.of(o))) throw this.noAttribute(o, name);
    const key = this.parts.strings.name(name);
    this.parts.attributes.set(o, key, value);
    counts.decref(key);
  }

  /** Deletes a slot's content or an attribute. */
  deleteAttribute(holder: ObjectAddress, name: string): void {
    const { counts, types } = this.core;
    types.checkObject("delattr", holder);
    const o = this.parts.weakrefs.unwrap(holder);
    const slot = this.slotAddress(o, name);
    if (slot !== 0) {
      if (this.memory.readWord(slot) === 0) throw this.noAttribute(o, name);
      counts.replace(slot, 0);
      return;
    }
    const key = this.parts.strings.name(name);
    const isDeleted = this.parts.attributes.hasDict(types.of(o)) && this.parts.attributes.delete(o, key);
    counts.decref(key);
    if (!isDeleted) throw this.noAttribute(o, name);
  }

  /** Whether the instance itself has an attribute, its class aside. */
  hasAttribute(o: ObjectAddress, name: string): boolean {
    this.core.types.checkObject("hasattr", o);
    return this.findAttribute(o, name) !== 0;
  }

  /** The dict of an instance, made if there is none yet; borrowed (`o.__dict__`). */
  dict(o: ObjectAddress): ObjectAddress {
    const { types } = this.core;
    types.checkObject("__dict__", o);
    if (!this.parts.attributes.hasDict(types.of(o))) throw this.noAttribute(o, "__dict__");
    return this.parts.attributes.dict(o);
  }

  private findAttribute(o: ObjectAddress, name: string): ObjectAddress {
    const slot = this.slotAddress(o, name);
    if (slot !== 0) return objectAddress(this.memory.readWord(slot));
    if (!this.parts.attributes.hasDict(this.core.types.of(o))) return objectAddress(0);
    const key = this.parts.strings.name(name);
    const value = this.parts.attributes.get(o, key);
    this.core.counts.decref(key);
    return value;
  }

  private slotAddress(o: number, name: string): number {
    const offset = this.parts.classes.slotOffset(this.core.types.of(o), name);
    return offset < 0 ? 0 : o + offset;
  }

  private noAttribute(o: ObjectAddress, name: string): PythonError {
    const { types } = this.core;
    return new PythonError(
      "AttributeError",
      `'${types.nameOf(types.of(o))}' object has no attribute '${name}'`,
    );
  }

  private allocate(type: number): ObjectAddress {
    const { allocation, types, ground } = this.core;
    const bytes = types.slot(type, types.basicsize) + this.parts.attributes.inlineBytes(type);
    const itemBytes = types.slot(type, types.itemsize); // room for one item that marks the end
    const size = Math.ceil((bytes + itemBytes) / this.memory.pointerBytes) * this.memory.pointerBytes;
    const o = types.isCollectedType(type)
      ? allocation.newCollected(type, size, this.core.preHeaderBytes(type))
      : allocation.newPlain(type, size);
    const headBytes = ground.layouts.object.sizeBytes;
    this.memory.clear(o + headBytes, size - headBytes);
    return o;
  }

  /** What the constructors of built-in bases write. */
  private initBase(o: number, type: number): void {
    const flags = this.core.types.flags(type);
    const { types } = this.core;
    if ((flags & TypeFlag.DICT_SUBCLASS) !== 0) this.parts.dicts.initSubclass(o);
    else if (types.isSubtype(type, types.builtin.set)) this.parts.sets.initSubclass(o);
    else if (types.isSubtype(type, types.builtin.frozenset)) this.parts.sets.initSubclass(o);
  }

  /** The nearest base that is no class. */
  private builtinBase(type: number): number {
    const { types } = this.core;
    let base = type;
    while (types.isClass(base)) base = types.slot(base, types.base);
    return base;
  }

  /** Runs finalizers and weak references' callbacks. Returns false when the instance lives on. */
  private prepareDeath(o: number): boolean {
    const { heads, types, state, ground } = this.core;
    const type = types.of(o);
    const isCollected = ground.index.isCollected(o);
    const hasWeaklist = types.slot(type, types.weaklistOffset) !== 0;
    if (types.slot(type, types.finalize) !== 0) {
      if (isCollected) heads.track(o, state.lists[0]!);
      if (!this.core.finalizeFromDealloc(o)) return false;
      if (isCollected) heads.untrack(o);
    }
    const del = types.slot(type, types.del);
    if (hasWeaklist) this.parts.weakrefs.clearAll(o);
    if (del !== 0 && !this.survivesDel(o, del)) return false;
    if (hasWeaklist) this.unlinkWeakrefs(o); // made by finalizers
    return true;
  }

  /** Calls `tp_del`. Returns false when the instance lives on. */
  private survivesDel(o: number, del: number): boolean {
    const { counts, heads, state, users } = this.core;
    heads.track(o, state.lists[0]!);
    counts.setCount(o, 1);
    users.get<"del">(del)(objectAddress(o));
    const left = counts.count(o) - 1;
    counts.setCount(o, left);
    if (left > 0) return false;
    heads.untrack(o);
    return true;
  }

  /** Weak references that a finalizer made are cleared without their callbacks. */
  private unlinkWeakrefs(o: number): void {
    for (const ref of this.parts.weakrefs.refs(objectAddress(o))) this.parts.weakrefs.unlink(ref);
  }

  private pushContent(o: number): void {
    const { reaper, types } = this.core;
    const type = types.of(o);
    const dealloc = reaper.baseDealloc(type);
    const base = this.builtinBase(type);
    reaper.pushDrop(type);
    reaper.pushFinish(o, dealloc);
    reaper.mortal(dealloc).body(o);
    if (this.parts.attributes.hasDict(type) && types.slot(base, types.dictOffset) === 0) {
      this.parts.attributes.pushContent(o, type);
    }
    const slots = this.slotsOf(o, type);
    for (const address of slots.reverse()) reaper.pushDrop(this.memory.readWord(address));
  }

  /** Byte addresses of all slots of an instance, its own class's first. */
  private slotsOf(o: number, type: number): number[] {
    const { types } = this.core;
    const addresses: number[] = [];
    for (let t = type; types.isClass(t); t = types.slot(t, types.base)) {
      if (this.parts.classes.slotCount(t) > 0) addresses.push(...this.parts.classes.slotAddresses(o, t));
    }
    return addresses;
  }

  private gather(o: number, count: number): number {
    const { traversal, types } = this.core;
    const type = types.of(o);
    const base = this.builtinBase(type);
    let end = count;
    if (this.hasSlots(type)) {
      for (const address of this.slotsOf(o, type)) end = traversal.add(this.memory.readWord(address), end);
    }
    if (types.slot(type, types.dictOffset) !== types.slot(base, types.dictOffset)) {
      end = this.parts.attributes.gather(o, type, end);
    }
    end = traversal.add(type, end);
    return traversal.gatherBy(types.slot(base, types.traverse), o, end);
  }

  private hasSlots(type: number): boolean {
    const { types } = this.core;
    for (let t = type; types.isClass(t); t = types.slot(t, types.base)) {
      if (this.parts.classes.slotCount(t) > 0) return true;
    }
    return false;
  }

  private clear(o: number): void {
    const { counts, types } = this.core;
    const type = types.of(o);
    const base = this.builtinBase(type);
    for (const address of this.slotsOf(o, type)) counts.replace(address, 0);
    if (types.slot(type, types.dictOffset) !== types.slot(base, types.dictOffset)) {
      this.parts.attributes.clear(o, type);
    }
    this.core.callClear(types.slot(base, types.clear), o);
  }

  /** `slot_tp_finalize`: calls the class's `__del__`. */
  private callDel(o: number): void {
    const key = this.parts.strings.name("__del__");
    const del = this.parts.classes.lookup(this.core.types.of(o), key);
    this.core.counts.decref(key);
    if (del !== 0) this.parts.calls.callIgnoring(del, [objectAddress(o)], "Exception ignored in");
  }
}
