// Type objects in memory, and the questions that everybody asks of them.

import {
  fieldOffset,
  formatAddress,
  type ObjectAddress,
  type ObjectLayouts,
  objectAddress,
  type StructLayout,
  TypeFlag,
} from "@obmalloc/abi";
import { type BuiltinSpec, type BuiltinTypeName, builtinSpecs } from "./builtin-specs.ts";
import { NotAnObjectError, WrongTypeError } from "./errors.ts";
import type { ObjectMemory } from "./memory.ts";
import { FIRST_FIELDS_FUNCTION, type FieldTables } from "./slots.ts";
import type { Ground } from "./state.ts";

/**
 * The built-in types, in one block of static memory, and reading of all types.
 *
 * Offsets are in bytes from the start of a type. A slot holds the index of a function (see slots.ts).
 */
export class TypeObjects {
  /** Addresses of the built-in types. */
  readonly builtin: Readonly<Record<BuiltinTypeName, ObjectAddress>>;
  /** What each built-in type was made from, by its address. */
  readonly specs: ReadonlyMap<number, BuiltinSpec>;
  /** The fixed fields of the types that have nothing else. */
  readonly fields: FieldTables;

  readonly obType: number;
  readonly basicsize: number;
  readonly itemsize: number;
  readonly flagsOffset: number;
  readonly dealloc: number;
  readonly traverse: number;
  readonly clear: number;
  readonly finalize: number;
  readonly del: number;
  readonly base: number;
  readonly mro: number;
  readonly dict: number;
  readonly weaklistOffset: number;
  readonly dictOffset: number;

  /** The name of a class; set by the classes. */
  onClassName: (type: number) => string = (type) => formatAddress(type);
  private readonly memory: ObjectMemory;
  private readonly index: Ground["index"];
  private readonly layout: ObjectLayouts["type"];

  /** @throws {OutOfMemoryError} when there is no room for the types. */
  constructor(ground: Ground) {
    const { layouts, memory, profile } = ground;
    const { offsets } = layouts.type;
    this.memory = memory;
    this.index = ground.index;
    this.layout = layouts.type;
    this.obType = offsets.ob_type;
    this.basicsize = offsets.tp_basicsize;
    this.itemsize = offsets.tp_itemsize;
    this.flagsOffset = offsets.tp_flags;
    this.dealloc = offsets.tp_dealloc;
    this.traverse = offsets.tp_traverse;
    this.clear = offsets.tp_clear;
    this.finalize = offsets.tp_finalize;
    this.del = offsets.tp_del;
    this.base = offsets.tp_base;
    this.mro = offsets.tp_mro;
    this.dict = offsets.tp_dict;
    this.weaklistOffset = offsets.tp_weaklistoffset;
    this.dictOffset = offsets.tp_dictoffset;
    const specs = builtinSpecs(profile, layouts);
    const names = [...specs.keys()];
    const addresses = new Map(
      names.map((name) => [name, objectAddress(ground.statics.allocate(this.layout.sizeBytes))]),
    );
    this.builtin = Object.freeze(Object.fromEntries(addresses)) as Record<BuiltinTypeName, ObjectAddress>;
    this.specs = new Map([...specs].map(([name, spec]) => [addresses.get(name)!, spec]));
    const rows = [...specs.values()];
    this.fields = {
      visits: rows.map(({ layout, references }) => fieldOffsets(layout, references?.visits)),
      clears: rows.map(({ layout, references }) => fieldOffsets(layout, references?.clears)),
      drops: rows.map(({ layout, references }) => fieldOffsets(layout, references?.drops)),
    };
    rows.forEach((spec, row) => {
      this.write(ground, names[row]!, spec, row);
    });
  }

  /** `Py_TYPE(o)`. */
  of(o: number): ObjectAddress {
    return objectAddress(this.memory.words[(o + this.obType) >>> 2]!);
  }

  /** `tp_flags`. */
  flags(type: number): number {
    return this.memory.words[(type + this.flagsOffset) >>> 2]! | 0;
  }

  /** Whether the object's type has the flag. */
  has(o: number, flag: number): boolean {
    return (this.flags(this.of(o)) & flag) !== 0;
  }

  /** The word in a slot or a field of a type. */
  slot(type: number, offset: number): number {
    return this.memory.words[(type + offset) >>> 2]!;
  }

  /** `tp_name`, as messages show it. */
  nameOf(type: number): string {
    const builtin = this.specs.get(type);
    if (builtin !== undefined) return builtin.name;
    return this.isClass(type)
      ? this.onClassName(type)
      : this.memory.readCString(this.slot(type, this.layout.offsets.tp_name));
  }

  /** Whether `type` is `ancestor` or one of its subclasses, by the chain of `tp_base`. */
  isSubtype(type: number, ancestor: number): boolean {
    for (let t = type; t !== 0; t = this.slot(t, this.base)) if (t === ancestor) return true;
    return false;
  }

  /** Whether the type is a class made at run time (`Py_TPFLAGS_HEAPTYPE`). */
  isClass(type: number): boolean {
    return (this.flags(type) & TypeFlag.HEAPTYPE) !== 0;
  }

  /** Whether the objects of a type have a collector's head (`Py_TPFLAGS_HAVE_GC`). */
  isCollectedType(type: number): boolean {
    return (this.flags(type) & TypeFlag.HAVE_GC) !== 0;
  }

  /**
   * Refuses what is not a live object.
   *
   * @throws {NotAnObjectError}
   */
  checkObject(operation: string, o: number): void {
    if (!this.index.has(o)) throw new NotAnObjectError(operation, o);
  }

  /**
   * Refuses an object of another type; subclasses pass.
   *
   * @param flag the bit of `tp_flags` that says so.
   * @throws {NotAnObjectError} or {@link WrongTypeError}
   */
  checkFlag(operation: string, o: number, flag: number, wanted: string): void {
    if (!this.index.has(o)) throw new NotAnObjectError(operation, o);
    if (!this.has(o, flag)) throw new WrongTypeError(operation, o, this.nameOf(this.of(o)), wanted);
  }

  /**
   * Refuses an object whose type is not `wanted` or a subclass.
   *
   * @throws {NotAnObjectError} or {@link WrongTypeError}
   */
  checkType(operation: string, o: number, wanted: BuiltinTypeName): void {
    if (!this.index.has(o)) throw new NotAnObjectError(operation, o);
    const type = this.of(o);
    if (type !== this.builtin[wanted] && !this.isSubtype(type, this.builtin[wanted])) {
      throw new WrongTypeError(operation, o, this.nameOf(type), wanted);
    }
  }

  private write({ memory, statics, profile }: Ground, name: BuiltinTypeName, spec: BuiltinSpec, row: number) {
    const address = this.builtin[name];
    const put = (offset: number, value: number) => memory.writeWord(address + offset, value >>> 0);
    const slot = (offset: number, fn: number) => put(offset, fn === FIRST_FIELDS_FUNCTION ? fn + row : fn);
    const { known, everyType, staticTypes } = profile.objects.typeFlags;
    const { offsets } = this.layout;
    put(offsets.ob_refcnt, profile.objects.immortality?.staticCount ?? 1);
    put(offsets.ob_type, this.builtin.type);
    put(offsets.tp_name, statics.text(spec.name));
    put(this.basicsize, spec.basicsize);
    put(this.itemsize, spec.itemsize);
    put(this.flagsOffset, (spec.flags & known) | everyType | staticTypes);
    slot(this.dealloc, spec.dealloc);
    slot(this.traverse, spec.traverse);
    slot(this.clear, spec.clear);
    put(this.finalize, spec.finalize);
    put(offsets.tp_is_gc, spec.isGc);
    put(this.weaklistOffset, spec.weaklistOffset);
    put(this.dictOffset, spec.dictOffset);
    put(this.base, spec.base === undefined ? 0 : this.builtin[spec.base]);
    this.index.addPlain(address);
  }
}

function fieldOffsets(layout: StructLayout | undefined, names: readonly string[] | undefined): Int32Array {
  if (layout === undefined || names === undefined) return new Int32Array(0);
  return Int32Array.from(names, (name) => fieldOffset(layout, name));
}
