// weakref.ref: references that do not count, in a list that hangs on the object.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Clear, Dealloc } from "../core/slots.ts";
import type { Calls } from "./calls.ts";
import type { Singletons } from "./singletons.ts";
import type { Tuples } from "./tuples.ts";

/**
 * Weak references and their callbacks.
 *
 * The list of an object starts with the one reference that has no callback, if there is one; then those with callbacks,
 * the latest first.
 * @see CPython 3.13 Objects/weakrefobject.c
 */
export class Weakrefs {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly calls: Calls;
  private readonly tuples: Tuples;
  private readonly none: ObjectAddress;
  private readonly type: ObjectAddress;
  private readonly sizeBytes: number;
  private readonly object: number;
  private readonly callback: number;
  private readonly hash: number;
  private readonly prev: number;
  private readonly next: number;

  constructor(core: Core, parts: { singletons: Singletons; tuples: Tuples; calls: Calls }) {
    const { ground, types, reaper } = core;
    const { weakref } = ground.layouts;
    this.core = core;
    this.memory = ground.memory;
    this.calls = parts.calls;
    this.tuples = parts.tuples;
    this.none = parts.singletons.none;
    this.type = types.builtin.weakref;
    this.sizeBytes = weakref.sizeBytes;
    this.object = weakref.offsets.wr_object;
    this.callback = weakref.offsets.wr_callback;
    this.hash = weakref.offsets.hash;
    this.prev = weakref.offsets.wr_prev;
    this.next = weakref.offsets.wr_next;
    reaper.register(Dealloc.weakref, {
      body: (o) => {
        this.unlink(o);
        reaper.pushDrop(this.memory.readWord(o + this.callback));
      },
      finish: (o) => core.free(o),
    });
    core.registerClear(Clear.weakref, (o) => {
      this.unlink(o);
      this.core.counts.replace(o + this.callback, 0);
    });
  }

  /**
   * A new reference to a weak reference to `target`; without a callback the same one each time.
   *
   * @param callback called with the weak reference when `target` dies; its reference is not handed over. NULL for none.
   * @throws {PythonError} TypeError when the target's type has no weak references.
   */
  new(target: ObjectAddress, callback: ObjectAddress = objectAddress(0)): ObjectAddress {
    const { allocation, counts, heads, state, types } = this.core;
    types.checkObject("weakref", target);
    if (callback !== 0 && callback !== this.none) types.checkObject("weakref callback", callback);
    const list = this.listOf(target);
    if (list === 0) {
      const name = types.nameOf(types.of(target));
      throw new PythonError("TypeError", `cannot create weak reference to '${name}' object`);
    }
    const hasCallback = callback !== 0 && callback !== this.none;
    const basic = this.basic(list);
    if (!hasCallback && basic !== 0) {
      counts.incref(basic);
      return objectAddress(basic);
    }
    const o = allocation.newCollected(this.type, this.sizeBytes, 0);
    this.memory.clear(o + this.object, this.sizeBytes - this.object);
    heads.track(o, state.lists[0]!);
    this.memory.writeWord(o + this.object, target);
    this.memory.writeSigned(o + this.hash, -1);
    if (hasCallback) {
      counts.incref(callback);
      this.memory.writeWord(o + this.callback, callback);
    }
    this.insert(o, list, hasCallback ? this.basic(list) : 0);
    return o;
  }

  /** The object, borrowed; NULL once it is gone. */
  get(o: ObjectAddress): ObjectAddress {
    this.core.types.checkType("weakref", o, "weakref");
    const target = this.targetOf(o);
    return objectAddress(target === this.none || this.core.counts.count(target) === 0 ? 0 : target);
  }

  /** The callback, borrowed; NULL for none, and once it was called. */
  callbackOf(o: number): ObjectAddress {
    return objectAddress(this.memory.readWord(o + this.callback));
  }

  /** How many weak references there are to an object (`weakref.getweakrefcount`). */
  count(target: ObjectAddress): number {
    return this.refs(target).length;
  }

  /** The weak references to an object, borrowed, in the order of its list (`weakref.getweakrefs`). */
  refs(target: ObjectAddress): ObjectAddress[] {
    const refs: ObjectAddress[] = [];
    const list = this.listOf(target);
    if (list === 0) return refs;
    for (let ref = this.memory.readWord(list); ref !== 0; ref = this.memory.readWord(ref + this.next)) {
      refs.push(objectAddress(ref));
    }
    return refs;
  }

  /** Whether an object is a weak reference. */
  isWeakref(o: number): boolean {
    const type = this.core.types.of(o);
    return type === this.type || this.core.types.isSubtype(type, this.type);
  }

  /** Where the list of an object begins; 0 when its type has none. */
  listOf(o: number): number {
    const { types } = this.core;
    const offset = types.slot(types.of(o), types.weaklistOffset) | 0;
    return offset === 0 ? 0 : o + offset;
  }

  /** Takes a weak reference off its object, which it then no longer knows; its callback stays. */
  unlink(o: number): void {
    const { memory } = this;
    const target = this.targetOf(o);
    if (target === this.none || target === 0) return;
    const list = this.listOf(target);
    const prev = memory.readWord(o + this.prev);
    const next = memory.readWord(o + this.next);
    if (memory.readWord(list) === o) memory.writeWord(list, next);
    memory.writeWord(o + this.object, this.none);
    if (prev !== 0) memory.writeWord(prev + this.next, next);
    if (next !== 0) memory.writeWord(next + this.prev, prev);
    memory.writeWord(o + this.prev, 0);
    memory.writeWord(o + this.next, 0);
  }

  /** Calls the callback of a weak reference that was taken off its object. */
  callCallback(o: ObjectAddress, callback: ObjectAddress): void {
    this.calls.callIgnoring(callback, [o], "Exception ignored in");
  }

  /**
   * Clears all weak references to an object whose count is 0, and calls their callbacks (`PyObject_ClearWeakRefs`).
   *
   * @returns true: the object goes on dying.
   */
  clearAll(o: number): boolean {
    const list = this.listOf(o);
    if (list === 0 || this.memory.readWord(list) === 0) return true;
    const basic = this.basic(list);
    if (basic !== 0) this.unlink(basic);
    const refs = this.refs(objectAddress(o));
    const { tupleForOne } = this.core.ground.profile.objects.weakrefs;
    if (refs.length === 1 && !tupleForOne) this.clearOne(refs[0]!);
    else if (refs.length > 0) this.clearMany(refs);
    return true;
  }

  private targetOf(o: number): number {
    return this.memory.readWord(o + this.object);
  }

  /** The reference without a callback at the head of a list; 0 when there is none. */
  private basic(list: number): number {
    const head = this.memory.readWord(list);
    const isBasic = head !== 0 && this.callbackOf(head) === 0 && this.core.types.of(head) === this.type;
    return isBasic ? head : 0;
  }

  /** Links `o` behind `after`, or at the head of the list when that is 0. */
  private insert(o: number, list: number, after: number): void {
    const { memory } = this;
    const next = memory.readWord(after === 0 ? list : after + this.next);
    memory.writeWord(o + this.prev, after);
    memory.writeWord(o + this.next, next);
    if (next !== 0) memory.writeWord(next + this.prev, o);
    memory.writeWord(after === 0 ? list : after + this.next, o);
  }

  /** Takes the callback out of a weak reference; its reference is the caller's. */
  private takeCallback(o: number): ObjectAddress {
    const callback = this.callbackOf(o);
    this.memory.writeWord(o + this.callback, 0);
    return callback;
  }

  private clearOne(ref: ObjectAddress): void {
    const callback = this.takeCallback(ref);
    this.unlink(ref);
    if (callback === 0) return;
    if (this.core.counts.count(ref) > 0) this.callCallback(ref, callback);
    this.core.counts.decref(callback);
  }

  /** Holds all weak references and callbacks in a tuple while the callbacks run. */
  private clearMany(refs: readonly ObjectAddress[]): void {
    const { counts } = this.core;
    const tuple = this.tuples.new(refs.length * 2);
    refs.forEach((ref, i) => {
      const callback = this.takeCallback(ref);
      this.unlink(ref);
      if (counts.count(ref) > 0) {
        counts.incref(ref);
        this.tuples.setItem(tuple, 2 * i, ref);
        if (callback !== 0) this.tuples.setItem(tuple, 2 * i + 1, callback);
      } else {
        counts.xdecref(callback);
      }
    });
    const items = this.tuples.itemsOf(tuple);
    for (let i = 0; i < items.length; i += 2) {
      const [ref, callback] = [items[i]!, items[i + 1]!];
      if (ref !== 0 && callback !== 0) this.callCallback(ref, callback);
    }
    counts.decref(tuple);
  }
}
