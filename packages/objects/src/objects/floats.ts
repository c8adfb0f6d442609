// float and complex: C doubles.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { FreeList } from "../core/free-list.ts";
import { Dealloc } from "../core/slots.ts";

/**
 * Python's floats, with their free list.
 *
 * @see CPython 3.13 Objects/floatobject.c
 */
export class Floats {
  private readonly core: Core;
  private readonly type: ObjectAddress;
  private readonly sizeBytes: number;
  private readonly field: number;
  private readonly free: FreeList;

  constructor(core: Core) {
    const { ground, types, reaper } = core;
    this.core = core;
    this.type = types.builtin.float;
    this.sizeBytes = ground.layouts.float.sizeBytes;
    this.field = ground.layouts.float.offsets.ob_fval;
    // chained through ob_type, later through the first word: either way a word of the head
    this.free = new FreeList(
      ground.memory,
      ground.statics,
      ground.profile.objects.freeLists.float,
      types.obType,
    );
    reaper.register(Dealloc.float, { body: () => {}, finish: (o) => this.finish(o) });
  }

  /** A new float. */
  new(value: number): ObjectAddress {
    const { allocation, ground } = this.core;
    const dead = this.free.pop();
    const o =
      dead === 0 ? allocation.newPlain(this.type, this.sizeBytes) : allocation.revivePlain(dead, this.type);
    ground.memory.doubles[(o + this.field) / 8] = value;
    return o;
  }

  /** The value of a float. */
  value(o: ObjectAddress): number {
    this.core.types.checkType("float value", o, "float");
    return this.read(o);
  }

  /** The value, unchecked. */
  read(o: number): number {
    return this.core.ground.memory.doubles[(o + this.field) / 8]!;
  }

  /** A new complex. */
  newComplex(real: number, imaginary: number): ObjectAddress {
    const { allocation, ground, types } = this.core;
    const { complex } = ground.layouts;
    const o = allocation.newPlain(types.builtin.complex, complex.sizeBytes);
    ground.memory.doubles[(o + complex.offsets.real) / 8] = real;
    ground.memory.doubles[(o + complex.offsets.imag) / 8] = imaginary;
    return objectAddress(o);
  }

  /** Empties the free list, as a full collection does. */
  clearFreeList(): void {
    this.free.drain((o) => this.core.ground.domains.object.free(o));
  }

  private finish(o: number): void {
    const { allocation, types } = this.core;
    if (types.of(o) === this.type && this.free.push(o)) allocation.index.removePlain(o);
    else this.core.free(o);
  }
}
