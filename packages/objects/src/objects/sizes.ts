// sys.getsizeof.

import type { ObjectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { Bytes } from "./bytes.ts";
import type { Classes } from "./classes.ts";
import type { Codes } from "./codes.ts";
import type { Dicts } from "./dicts.ts";
import type { Generators } from "./generators.ts";
import type { Ints } from "./ints.ts";
import type { Lists } from "./lists.ts";
import type { Sets } from "./sets.ts";
import type { Strings } from "./strings.ts";

/** What sizes depend on. */
export interface SizeParts {
  readonly bytes: Bytes;
  readonly classes: Classes;
  readonly codes: Codes;
  readonly dicts: Dicts;
  readonly generators: Generators;
  readonly ints: Ints;
  readonly lists: Lists;
  readonly sets: Sets;
  readonly strings: Strings;
}

/**
 * Sizes of objects as Python reports them.
 *
 * @see CPython 3.13 Python/sysmodule.c, _PySys_GetSizeOf, and the `__sizeof__` of each type
 */
export class Sizes {
  private readonly core: Core;
  private readonly parts: SizeParts;
  private readonly countsHeadsOfTypes: boolean;
  private readonly metatype: ObjectAddress;
  private readonly bySpec: ReadonlyMap<number, (o: number) => number>;

  constructor(core: Core, parts: SizeParts) {
    const { builtin } = core.types;
    this.core = core;
    this.parts = parts;
    const { sets, codes, generators } = parts;
    this.countsHeadsOfTypes = core.ground.profile.objects.classes.headsOfStaticTypes;
    this.metatype = builtin.type;
    this.bySpec = new Map<number, (o: number) => number>([
      [builtin.int, (o) => this.intSize(o)],
      [builtin.bool, (o) => this.intSize(o)],
      [builtin.str, (o) => this.stringSize(o)],
      [builtin.bytearray, (o) => parts.bytes.sizeOfArray(o)],
      [builtin.list, (o) => this.listSize(o)],
      [builtin.dict, (o) => parts.dicts.sizeOf(o)],
      [builtin.set, (o) => sets.sizeOf(o)],
      [builtin.frozenset, (o) => sets.sizeOf(o)],
      [builtin.type, (o) => parts.classes.sizeOf(o)],
      [builtin.code, (o) => codes.sizeOf(o)],
      [builtin.generator, (o) => generators.sizeOf(o)],
      [builtin.coroutine, (o) => generators.sizeOf(o)],
    ]);
  }

  /** `sys.getsizeof(o)`, in bytes. */
  getsizeof(o: ObjectAddress): number {
    const { core } = this;
    core.types.checkObject("getsizeof", o);
    const type = core.types.of(o);
    const hasHead = core.ground.index.isCollected(o) || (this.countsHeadsOfTypes && type === this.metatype);
    return this.sizeof(o) + (hasHead ? core.heads.headBytes + core.preHeaderBytes(type) : 0);
  }

  /** `o.__sizeof__()`, in bytes: without what lies in front of the object. */
  sizeof(o: number): number {
    const { types } = this.core;
    let type: number = types.of(o);
    while (types.isClass(type)) type = types.slot(type, types.base);
    return this.bySpec.get(type)?.(o) ?? this.objectSize(o);
  }

  /** `object.__sizeof__`: the structure, and its items. */
  private objectSize(o: number): number {
    const { types, ground } = this.core;
    const type = types.of(o);
    const itemsize = types.slot(type, types.itemsize);
    const basicsize = types.slot(type, types.basicsize);
    if (itemsize === 0) return basicsize;
    const items = Math.abs(ground.memory.readSigned(o + ground.layouts.varObject.offsets.ob_size));
    return basicsize + items * itemsize;
  }

  private intSize(o: number): number {
    const { types, ground } = this.core;
    const { long } = ground.layouts;
    const isSizedByClass = ground.profile.objects.classes.sizedByClass;
    const start = isSizedByClass ? types.slot(types.of(o), types.basicsize) : long.offsets.ob_digit;
    return start + this.parts.ints.sizedDigits(o) * 4;
  }

  private stringSize(o: number): number {
    return this.parts.strings.sizeOf(o);
  }

  private listSize(o: number): number {
    const { types, ground } = this.core;
    const own = types.slot(types.of(o), types.basicsize);
    return own + this.parts.lists.allocatedOf(o) * ground.memory.pointerBytes;
  }
}
