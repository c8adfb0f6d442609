// int: digits of 30 bits, small ones cached.

import { fieldOffset, type ObjectAddress, objectAddress, roundUp, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { FreeList } from "../core/free-list.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Dealloc } from "../core/slots.ts";
import type { Singletons } from "./singletons.ts";

/** `PyLong_SHIFT`: bits of a digit. */
const DIGIT_BITS = 30;
const DIGIT_BYTES = 4;
const DIGIT_BASE = 2 ** DIGIT_BITS;
const SHIFT = BigInt(DIGIT_BITS);
const MASK = BigInt(DIGIT_BASE - 1);

/** Up to 3.11 the sign of `ob_size` is the int's; later `lv_tag` is the count of digits << 3 | sign. */
const TAG_SHIFT = 3;
const TAG_ZERO = 1;
const TAG_NEGATIVE = 2;

/**
 * Python's ints.
 *
 * @see CPython 3.13 Objects/longobject.c
 */
export class Ints {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly type: ObjectAddress;
  private readonly min: number;
  private readonly max: number;
  private readonly minDigits: number;
  private readonly small: readonly ObjectAddress[];
  /** Offset of `ob_size` or `lv_tag`. */
  private readonly size: number;
  private readonly isTagged: boolean;
  private readonly digits: number;
  private readonly free: FreeList | undefined;

  constructor(core: Core, singletons: Singletons) {
    const { ground, types, reaper } = core;
    const { values, freeLists } = ground.profile.objects;
    const { long } = ground.layouts;
    this.core = core;
    this.memory = ground.memory;
    this.type = types.builtin.int;
    this.min = values.smallInts.min;
    this.max = values.smallInts.max;
    this.minDigits = values.minDigits;
    this.isTagged = fieldOffset(long, "lv_tag") >= 0;
    this.size = fieldOffset(long, this.isTagged ? "lv_tag" : "ob_size");
    this.digits = long.offsets.ob_digit;
    this.free = freeLists.int && new FreeList(ground.memory, ground.statics, freeLists.int, 0);
    this.small = Array.from({ length: this.max - this.min + 1 }, (_, i) => this.makeSmall(this.min + i));
    this.write(singletons.true, 1n);
    this.write(singletons.false, 0n);
    reaper.register(Dealloc.int, { body: () => {}, finish: (o) => this.finish(o) });
  }

  /**
   * A new reference to the int `value`; small ones are the same object each time.
   *
   * @throws {RangeError} when a number is not whole.
   */
  new(value: number | bigint): ObjectAddress {
    if (value >= this.min && value <= this.max) {
      const o = this.small[Number(value) - this.min];
      if (o !== undefined) {
        this.core.counts.incref(o);
        return o;
      }
    }
    const big = BigInt(value);
    const digitCount = Math.max(countDigits(big), this.minDigits);
    const o = this.allocate(digitCount);
    this.write(o, big);
    return o;
  }

  /** A new instance of a subclass of int. */
  newOfClass(type: ObjectAddress, value: number | bigint): ObjectAddress {
    const { allocation, counts, heads, state, types } = this.core;
    types.checkType("int subclass", type, "type");
    const big = BigInt(value);
    const digits = Math.max(countDigits(big), 1) + 1; // and one that marks the end
    const bytes = types.slot(type, types.basicsize) + digits * DIGIT_BYTES;
    const size = roundUp(bytes, this.memory.pointerBytes);
    const o = allocation.newCollected(type, size, this.core.preHeaderBytes(type));
    this.memory.clear(
      o + types.obType + this.memory.pointerBytes,
      size - types.obType - this.memory.pointerBytes,
    );
    counts.incref(type);
    this.write(o, big);
    heads.track(o, state.lists[0]!);
    return o;
  }

  /** The value of an int or a bool. */
  value(o: ObjectAddress): bigint {
    this.core.types.checkFlag("int value", o, TypeFlag.LONG_SUBCLASS, "int");
    return this.read(o);
  }

  /** The value as a number, for ints whose size is known to fit. */
  toNumber(o: ObjectAddress): number {
    return Number(this.value(o));
  }

  /** Digits in use; 0 for 0. */
  digitCount(o: number): number {
    const word = this.memory.readSigned(o + this.size);
    return this.isTagged ? word >>> TAG_SHIFT : Math.abs(word);
  }

  /** Digits that the int has room for, as `int.__sizeof__` counts them. */
  sizedDigits(o: number): number {
    return Math.max(this.digitCount(o), this.minDigits);
  }

  /** The value, unchecked. */
  read(o: number): bigint {
    const { words } = this.memory;
    let magnitude = 0n;
    for (let i = this.digitCount(o) - 1; i >= 0; i--) {
      magnitude = (magnitude << SHIFT) | BigInt(words[(o + this.digits + i * DIGIT_BYTES) >>> 2]!);
    }
    return this.isNegative(o) ? -magnitude : magnitude;
  }

  /** Empties the free list, as a full collection does. */
  clearFreeList(): void {
    this.free?.drain((o) => this.core.ground.domains.object.free(o));
  }

  private isNegative(o: number): boolean {
    const word = this.memory.readSigned(o + this.size);
    return this.isTagged ? (word & ((1 << TAG_SHIFT) - 1)) === TAG_NEGATIVE : word < 0;
  }

  private allocate(digitCount: number): ObjectAddress {
    if (digitCount === 1 && this.free !== undefined) {
      const o = this.free.pop();
      if (o !== 0) return this.core.allocation.revivePlain(o, this.type);
    }
    return this.core.allocation.newPlain(this.type, this.digits + digitCount * DIGIT_BYTES);
  }

  private write(o: number, value: bigint): void {
    let magnitude = value < 0n ? -value : value;
    let count = 0;
    for (; magnitude > 0n; magnitude >>= SHIFT) {
      this.memory.writeInt(o + this.digits + count * DIGIT_BYTES, Number(magnitude & MASK));
      count++;
    }
    if (count === 0 && this.minDigits > 0) this.memory.writeInt(o + this.digits, 0);
    if (this.isTagged) {
      const sign = value === 0n ? TAG_ZERO : value < 0n ? TAG_NEGATIVE : 0;
      this.memory.writeWord(o + this.size, (count << TAG_SHIFT) | sign);
    } else {
      this.memory.writeSigned(o + this.size, value < 0n ? -count : count);
    }
  }

  private makeSmall(value: number): ObjectAddress {
    const { ground, types } = this.core;
    const o = ground.statics.allocate(this.digits + DIGIT_BYTES);
    const { immortality, values } = ground.profile.objects;
    this.memory.writeWord(o, immortality?.staticCount ?? values.constantCount);
    this.memory.writeWord(o + types.obType, this.type);
    this.write(o, BigInt(value));
    ground.index.addPlain(o);
    return objectAddress(o);
  }

  private finish(o: number): void {
    const { allocation, types } = this.core;
    if (
      this.free !== undefined &&
      this.digitCount(o) <= 1 &&
      types.of(o) === this.type &&
      this.free.push(o)
    ) {
      allocation.index.removePlain(o);
    } else {
      this.core.free(o);
    }
  }
}

function countDigits(value: bigint): number {
  let count = 0;
  for (let magnitude = value < 0n ? -value : value; magnitude > 0n; magnitude >>= SHIFT) count++;
  return count;
}
