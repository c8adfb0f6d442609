// Types that a user defines as C code would: sizes, flags and functions in slots.

import { type ObjectAddress, objectAddress, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { FIRST_USER_FUNCTION, type UserSlots } from "../core/slots.ts";
import type { Calls } from "./calls.ts";

/** A type as C declares it. Offsets and sizes are in bytes, from the start of the object. */
export interface TypeSpec extends UserSlots {
  readonly name: string;
  /** `tp_basicsize`, the head included. @defaultValue that of `object` */
  readonly basicsizeBytes?: number;
  /** `tp_itemsize`: makes objects of a variable size, whose `ob_size` stands behind the head. */
  readonly itemsizeBytes?: number;
  /** `Py_TPFLAGS_HAVE_GC`. @defaultValue whether there is a `traverse` */
  readonly isCollected?: boolean;
  /** `tp_weaklistoffset`: where the list of weak references begins; 0 for none. */
  readonly weaklistOffsetBytes?: number;
}

/**
 * Types of a user's own, in static memory like C's.
 *
 * Their objects' bytes are the user's: {@link reference} and {@link setReference} read and write pointers to objects. An object that dies
 * is finalized, its weak references are cleared, `dealloc` drops what it holds, and its memory is freed; without a `dealloc`,
 * what `traverse` reports is dropped.
 * @see CPython 3.13 Include/cpython/object.h, struct _typeobject
 */
export class UserTypes {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly calls: Calls;
  private readonly clearWeakrefs: (o: number) => boolean;
  /** Types by their address. */
  private readonly specs = new Map<number, TypeSpec>();

  constructor(core: Core, calls: Calls, clearWeakrefs: (o: number) => boolean) {
    this.core = core;
    this.memory = core.ground.memory;
    this.calls = calls;
    this.clearWeakrefs = clearWeakrefs;
    core.reaper.register(FIRST_USER_FUNCTION, {
      prepare: (o) => this.prepareDeath(o),
      body: (o) => this.dropContent(o),
      finish: (o) => core.free(o),
    });
  }

  /**
   * A new type; it lives as long as the memory.
   *
   * @throws {PythonError} SystemError for sizes and offsets that do not fit together, with what is wrong.
   */
  define(spec: TypeSpec): ObjectAddress {
    const { ground, types, users } = this.core;
    const { layouts, statics } = ground;
    const isCollected = spec.isCollected ?? spec.traverse !== undefined;
    const headBytes = (spec.itemsizeBytes === undefined ? layouts.object : layouts.varObject).sizeBytes;
    const basicsize = spec.basicsizeBytes ?? headBytes;
    this.checkSpec(spec, basicsize, headBytes, isCollected);
    const o = statics.allocate(layouts.type.sizeBytes);
    const put = (offset: number, value: number) => this.memory.writeWord(o + offset, value >>> 0);
    put(layouts.type.offsets.ob_refcnt, ground.profile.objects.immortality?.staticCount ?? 1);
    put(types.obType, types.builtin.type);
    put(layouts.type.offsets.tp_name, statics.text(spec.name));
    put(types.basicsize, basicsize);
    put(types.itemsize, spec.itemsizeBytes ?? 0);
    put(
      types.flagsOffset,
      (types.flags(types.builtin.object) & ~TypeFlag.BASETYPE) | (isCollected ? TypeFlag.HAVE_GC : 0),
    );
    put(types.weaklistOffset, spec.weaklistOffsetBytes ?? 0);
    put(types.base, types.builtin.object);
    put(types.dealloc, users.add(spec.dealloc ?? (() => {})));
    put(types.traverse, users.add(spec.traverse));
    put(types.clear, users.add(spec.clear));
    put(types.finalize, users.add(spec.finalize));
    put(types.del, users.add(spec.del));
    ground.index.addPlain(o);
    this.specs.set(o, spec);
    return objectAddress(o);
  }

  /** A new object of such a type, zero behind its head; tracked when the collector knows the type. */
  new(type: ObjectAddress, itemCount = 0): ObjectAddress {
    const { allocation, ground, heads, state, types } = this.core;
    const spec = this.specs.get(type);
    if (spec === undefined)
      throw new PythonError("TypeError", `cannot create '${types.nameOf(type)}' instances`);
    const bytes = types.slot(type, types.basicsize) + itemCount * types.slot(type, types.itemsize);
    const isCollected = types.isCollectedType(type);
    const o = isCollected ? allocation.newCollected(type, bytes, 0) : allocation.newPlain(type, bytes);
    const { object, varObject } = ground.layouts;
    this.memory.clear(o + object.sizeBytes, bytes - object.sizeBytes);
    if (spec.itemsizeBytes !== undefined) this.memory.writeWord(o + varObject.offsets.ob_size, itemCount);
    if (isCollected) heads.track(o, state.lists[0]!);
    return o;
  }

  /** The reference at an offset, borrowed; NULL when there is none. */
  reference(o: ObjectAddress, offsetBytes: number): ObjectAddress {
    return objectAddress(this.memory.readWord(o + this.checkOffset(o, offsetBytes)));
  }

  /** Puts a reference there, of which it takes one of its own, and drops what was there. NULL empties the place. */
  setReference(o: ObjectAddress, offsetBytes: number, value: ObjectAddress): void {
    const place = o + this.checkOffset(o, offsetBytes);
    if (value !== 0) this.core.types.checkObject("reference", value);
    this.core.counts.xincref(value);
    this.core.counts.replace(place, value);
  }

  private checkOffset(o: ObjectAddress, offsetBytes: number): number {
    const { ground, types } = this.core;
    types.checkObject("reference", o);
    const type = types.of(o);
    const items =
      types.slot(type, types.itemsize) === 0
        ? 0
        : this.memory.readWord(o + ground.layouts.varObject.offsets.ob_size);
    const end = types.slot(type, types.basicsize) + items * types.slot(type, types.itemsize);
    const { pointerBytes } = this.memory;
    const fits = offsetBytes >= ground.layouts.object.sizeBytes && offsetBytes + pointerBytes <= end;
    if (!fits || offsetBytes % pointerBytes !== 0) {
      throw new RangeError(
        `A ${types.nameOf(type)} of ${end} bytes has no reference at offset ${offsetBytes}.`,
      );
    }
    return offsetBytes;
  }

  private checkSpec(spec: TypeSpec, basicsize: number, headBytes: number, isCollected: boolean): void {
    const wrong = (what: string) => new PythonError("SystemError", `type ${spec.name}: ${what}`);
    const { pointerBytes } = this.memory;
    const weaklist = spec.weaklistOffsetBytes ?? 0;
    if (!Number.isInteger(basicsize) || basicsize < headBytes) {
      throw wrong(`tp_basicsize ${basicsize} is less than the ${headBytes} bytes of the head`);
    }
    if (isCollected && spec.traverse === undefined) throw wrong("Py_TPFLAGS_HAVE_GC without tp_traverse");
    if (
      weaklist !== 0 &&
      (weaklist < headBytes || weaklist + pointerBytes > basicsize || weaklist % pointerBytes !== 0)
    ) {
      throw wrong(`tp_weaklistoffset ${weaklist} is no pointer inside of its ${basicsize} bytes`);
    }
  }

  private prepareDeath(o: number): boolean {
    const { heads, state, types, ground } = this.core;
    const type = types.of(o);
    const isCollected = ground.index.isCollected(o);
    if (types.slot(type, types.finalize) !== 0) {
      if (isCollected) heads.track(o, state.lists[0]!);
      if (!this.core.finalizeFromDealloc(o)) return false;
      if (isCollected) heads.untrack(o);
    }
    return this.clearWeakrefs(o);
  }

  private dropContent(o: number): void {
    const { reaper, traversal, types, users } = this.core;
    const type = types.of(o);
    const { dealloc, traverse, name } = this.specs.get(type)!;
    try {
      if (dealloc !== undefined) {
        users.get<"dealloc">(types.slot(type, types.dealloc))(objectAddress(o));
      } else if (traverse !== undefined) {
        const count = traversal.gather(o, 0);
        for (const referent of traversal.found.slice(0, count).reverse()) reaper.pushDrop(referent);
      }
    } catch (error) {
      this.calls.onUnraisable({
        message: `Exception ignored in tp_dealloc of ${name}`,
        object: objectAddress(o),
        error,
      });
    }
  }
}
