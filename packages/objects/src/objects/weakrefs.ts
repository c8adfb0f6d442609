// weakref.ref and weakref.proxy: references that do not count, in a list that hangs on the object.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError, WrongTypeError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Clear, Dealloc } from "../core/slots.ts";
import type { Calls } from "./calls.ts";
import type { Singletons } from "./singletons.ts";
import type { Tuples } from "./tuples.ts";

const NULL_OBJECT = objectAddress(0);

/**
 * Weak references and proxies, and their callbacks.
 *
 * The list of an object starts with the one reference that has no callback, if there is one, and the one such proxy;
 * then the others, the latest first.
 * @see CPython 3.13 Objects/weakrefobject.c
 */
export class Weakrefs {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly calls: Calls;
  private readonly tuples: Tuples;
  private readonly none: ObjectAddress;
  private readonly type: ObjectAddress;
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
    parts.calls.register(types.builtin.weakcallableproxy, (o, args) => this.calls.call(this.unwrap(o), args));
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
  new(target: ObjectAddress, callback: ObjectAddress = NULL_OBJECT): ObjectAddress {
    return this.shared(this.type, target, callback) || this.make(this.type, target, callback);
  }

  /** The same for a class derived from `weakref.ref`, which shares none of its references. */
  newOfClass(
    type: ObjectAddress,
    target: ObjectAddress,
    callback: ObjectAddress = NULL_OBJECT,
  ): ObjectAddress {
    const { types, counts } = this.core;
    types.checkType("weakref subclass", type, "type");
    if (type === this.type || !types.isSubtype(type, this.type)) {
      throw new PythonError("TypeError", `${types.nameOf(type)} is not derived from weakref.ref`);
    }
    const o = this.make(type, target, callback);
    counts.incref(type);
    return o;
  }

  /**
   * A new reference to a proxy for `target` (`weakref.proxy`); without a callback the same one each time. What can be
   * called has a proxy that can be called.
   *
   * @throws {PythonError} TypeError when the target's type has no weak references.
   */
  newProxy(target: ObjectAddress, callback: ObjectAddress = NULL_OBJECT): ObjectAddress {
    this.core.types.checkObject("weakproxy", target);
    const { weakproxy, weakcallableproxy } = this.core.types.builtin;
    const type = this.calls.isCallable(target) ? weakcallableproxy : weakproxy;
    return this.shared(type, target, callback) || this.make(type, target, callback);
  }

  /** The object, borrowed; NULL once it is gone. Of a proxy, too. */
  get(o: ObjectAddress): ObjectAddress {
    const { types, counts } = this.core;
    types.checkObject("weakref", o);
    if (!this.isWeakref(o)) throw new WrongTypeError("weakref", o, types.nameOf(types.of(o)), "weakref");
    const target = this.targetOf(o);
    return objectAddress(target === this.none || counts.count(target) === 0 ? 0 : target);
  }

  /**
   * What an operation on a proxy is done with: its object, borrowed; any other object is itself.
   *
   * @throws {PythonError} ReferenceError once the object is gone.
   */
  unwrap(o: ObjectAddress): ObjectAddress {
    if (!this.isProxy(o)) return o;
    const target = this.get(o);
    if (target === 0) throw new PythonError("ReferenceError", "weakly-referenced object no longer exists");
    return target;
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

  /** Whether an object is a weak reference or a proxy. */
  isWeakref(o: number): boolean {
    const type = this.core.types.of(o);
    return type === this.type || this.isProxyType(type) || this.core.types.isSubtype(type, this.type);
  }

  /** Whether an object is a proxy. */
  isProxy(o: number): boolean {
    return this.isProxyType(this.core.types.of(o));
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
    for (const shared of [this.basic(list), this.basicProxy(list)]) if (shared !== 0) this.unlink(shared);
    const refs = this.refs(objectAddress(o));
    const { tupleForOne } = this.core.ground.profile.objects.weakrefs;
    if (refs.length === 1 && !tupleForOne) this.clearOne(refs[0]!);
    else if (refs.length > 0) this.clearMany(refs);
    return true;
  }

  private targetOf(o: number): number {
    return this.memory.readWord(o + this.object);
  }

  private isProxyType(type: number): boolean {
    const { weakproxy, weakcallableproxy } = this.core.types.builtin;
    return type === weakproxy || type === weakcallableproxy;
  }

  /** What may be used again: a new reference to the reference or the proxy without a callback; NULL when there is none. */
  private shared(type: ObjectAddress, target: ObjectAddress, callback: ObjectAddress): ObjectAddress {
    this.core.types.checkObject("weakref", target);
    if (this.hasCallback(callback)) return NULL_OBJECT;
    const list = this.listOf(target);
    const found = list === 0 ? 0 : type === this.type ? this.basic(list) : this.basicProxy(list);
    this.core.counts.xincref(found);
    return objectAddress(found);
  }

  private make(type: ObjectAddress, target: ObjectAddress, callback: ObjectAddress): ObjectAddress {
    const { allocation, counts, heads, state, types } = this.core;
    types.checkObject("weakref", target);
    const hasCallback = this.hasCallback(callback);
    if (hasCallback) types.checkObject("weakref callback", callback);
    const list = this.listOf(target);
    if (list === 0) {
      const name = types.nameOf(types.of(target));
      throw new PythonError("TypeError", `cannot create weak reference to '${name}' object`);
    }
    const sizeBytes = types.slot(type, types.basicsize);
    const o = allocation.newCollected(type, sizeBytes, this.core.preHeaderBytes(type));
    this.memory.clear(o + this.object, sizeBytes - this.object);
    heads.track(o, state.lists[0]!);
    this.memory.writeWord(o + this.object, target);
    this.memory.writeSigned(o + this.hash, -1);
    if (hasCallback) {
      counts.incref(callback);
      this.memory.writeWord(o + this.callback, callback);
    }
    this.insert(o, list, this.placeFor(type, list, hasCallback));
    return o;
  }

  private hasCallback(callback: ObjectAddress): boolean {
    return callback !== 0 && callback !== this.none;
  }

  /** Behind what a new reference is linked; 0 for the head of the list. The two that are shared come first. */
  private placeFor(type: ObjectAddress, list: number, hasCallback: boolean): number {
    if (!hasCallback && type === this.type) return 0;
    const proxy = !hasCallback && this.isProxyType(type) ? 0 : this.basicProxy(list);
    return proxy === 0 ? this.basic(list) : proxy;
  }

  /** The reference without a callback at the head of a list; 0 when there is none. */
  private basic(list: number): number {
    const head = this.memory.readWord(list);
    const isBasic = head !== 0 && this.callbackOf(head) === 0 && this.core.types.of(head) === this.type;
    return isBasic ? head : 0;
  }

  /** The proxy without a callback, at the head of a list or behind that reference; 0 when there is none. */
  private basicProxy(list: number): number {
    const basic = this.basic(list);
    const found = this.memory.readWord(basic === 0 ? list : basic + this.next);
    return found !== 0 && this.callbackOf(found) === 0 && this.isProxy(found) ? found : 0;
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
