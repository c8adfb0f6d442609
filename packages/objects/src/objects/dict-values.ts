// The values of dicts that share their keys: an array in the order of the keys, with the order of insertion beside it
// where the version keeps that.

import type { InstanceValues } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import type { DictKeys } from "./dict-keys.ts";
import { usableFraction } from "./table-sizes.ts";

/**
 * Arrays of values, in the form that each version gives them.
 *
 * - "split-dict": the values, in order of insertion.
 * - "separate": in front of the values, growing downwards, the size of that prefix, how many values there are, and the
 *   number of each in order of insertion, a byte for each.
 * - "inline": a header, the values, and behind them the numbers in order of insertion.
 *
 * @see CPython 3.11 and 3.13 Include/internal/pycore_dict.h, Objects/dictobject.c, new_values
 */
export class DictValues {
  /** What a dict without items has in place of values: an array of its own up to 3.10, else nothing. */
  readonly empty: number;
  /** Whether the order of insertion is kept, so that values can come and go in any order. */
  readonly isOrdered: boolean;
  private readonly core: Core;
  private readonly keys: DictKeys;
  private readonly memory: ObjectMemory;
  readonly form: InstanceValues;
  private readonly first: number;
  private readonly header: { readonly capacity: number; readonly size: number };
  private readonly embeddedField: number;
  private readonly validField: number;

  constructor(core: Core, keys: DictKeys) {
    const { ground } = core;
    const { offsets } = ground.layouts.dictValues;
    this.core = core;
    this.keys = keys;
    this.memory = ground.memory;
    this.form = ground.profile.objects.instanceValues;
    this.isOrdered = this.form !== "split-dict";
    this.first = this.form === "inline" ? offsets.values : 0;
    this.header = offsets;
    this.embeddedField = offsets.embedded;
    this.validField = offsets.valid;
    this.empty = this.isOrdered ? 0 : ground.statics.allocate(ground.memory.pointerBytes);
  }

  /** New values, all NULL, for the dicts of `keys`. */
  new(keys: number): number {
    const capacity = this.capacityFor(keys);
    const prefixBytes = this.prefixBytes(capacity);
    const block = this.core.ground.domains.mem.malloc(prefixBytes + this.bytesFor(capacity));
    if (block === 0) throw new PythonError("MemoryError", "");
    const values = block + prefixBytes;
    this.init(values, capacity, false);
    return values;
  }

  /** Makes values of the bytes at `values`. */
  init(values: number, capacity: number, embedded: boolean): void {
    const { memory } = this;
    memory.clear(values, this.bytesFor(capacity));
    if (this.form === "separate") {
      memory.bytes[values - 1] = this.prefixBytes(capacity);
      memory.bytes[values - 2] = 0;
    } else if (this.form === "inline") {
      memory.bytes[values + this.header.capacity] = capacity;
      memory.bytes[values + this.embeddedField] = embedded ? 1 : 0;
      memory.bytes[values + this.validField] = 1;
    }
  }

  /** Bytes of values behind an object, or of a block without what is in front of the values. */
  bytesFor(capacity: number): number {
    const { pointerBytes } = this.memory;
    const order = this.form === "inline" ? Math.ceil(capacity / pointerBytes) * pointerBytes : 0;
    return this.first + capacity * pointerBytes + order;
  }

  /** Where the block of values begins, to be freed. */
  block(values: number): number {
    return this.form === "separate" ? values - this.memory.bytes[values - 1]! : values;
  }

  /** Values that the dicts of `keys` have room for. */
  capacityFor(keys: number): number {
    return this.isOrdered ? this.keys.capacity(keys) : usableFraction(this.keys.logSize(keys));
  }

  /** Bytes that `dict.__sizeof__` counts for the values. */
  countedBytes(keys: number): number {
    return this.capacityFor(keys) * this.memory.pointerBytes;
  }

  /** A copy with references of its own, for another dict of the same keys. */
  copy(values: number, keys: number): number {
    const copy = this.new(keys);
    const length = Math.min(this.capacity(values, keys), this.capacityFor(keys));
    for (let i = 0; i < length; i++) {
      const value = this.memory.readWord(this.address(values, i));
      this.memory.writeWord(this.address(copy, i), value);
      this.core.counts.xincref(value);
    }
    for (let i = 0; i < this.size(values); i++) this.addToOrder(copy, this.nth(values, i));
    return copy;
  }

  /** Places in `values`. */
  capacity(values: number, keys: number): number {
    if (this.form === "inline") return this.memory.bytes[values + this.header.capacity]!;
    if (this.form === "separate") return this.keys.count(keys);
    return this.capacityFor(keys);
  }

  /** Where the value of an entry stands. */
  address(values: number, index: number): number {
    return values + this.first + index * this.memory.pointerBytes;
  }

  /** The entry that was the `i`th to get its value. */
  nth(values: number, i: number): number {
    return this.isOrdered ? this.memory.bytes[this.orderAddress(values, i)]! : i;
  }

  /** How many values there are, where that is kept. */
  size(values: number): number {
    return this.isOrdered ? this.memory.bytes[this.sizeAddress(values)]! : 0;
  }

  addToOrder(values: number, index: number): void {
    if (!this.isOrdered) return;
    const size = this.size(values);
    this.memory.bytes[this.orderAddress(values, size)] = index;
    this.memory.bytes[this.sizeAddress(values)] = size + 1;
  }

  removeFromOrder(values: number, index: number): void {
    const size = this.size(values);
    let i = 0;
    while (this.nth(values, i) !== index) i++;
    for (; i < size - 1; i++) this.memory.bytes[this.orderAddress(values, i)] = this.nth(values, i + 1);
    this.memory.bytes[this.sizeAddress(values)] = size - 1;
  }

  /** Whether the values lie behind an instance. */
  isEmbedded(values: number): boolean {
    return this.form === "inline" && this.memory.bytes[values + this.embeddedField] === 1;
  }

  /** Whether values behind an instance are in use. */
  isValid(values: number): boolean {
    return this.memory.bytes[values + this.validField] === 1;
  }

  /** Marks values behind an instance as used by nobody, and sets them to NULL. */
  invalidate(values: number): void {
    this.memory.bytes[values + this.validField] = 0;
    const { pointerBytes } = this.memory;
    this.memory.clear(values + this.first, this.memory.bytes[values + this.header.capacity]! * pointerBytes);
  }

  /** Marks values behind an instance as not in use, whatever stands in them. */
  markInvalid(values: number): void {
    this.memory.bytes[values + this.validField] = 0;
  }

  /** Forgets the order, once all values are gone. */
  resetOrder(values: number): void {
    if (this.isOrdered) this.memory.bytes[this.sizeAddress(values)] = 0;
  }

  private prefixBytes(capacity: number): number {
    const { pointerBytes } = this.memory;
    return this.form === "separate" ? Math.ceil((capacity + 2) / pointerBytes) * pointerBytes : 0;
  }

  private sizeAddress(values: number): number {
    return this.form === "inline" ? values + this.header.size : values - 2;
  }

  private orderAddress(values: number, i: number): number {
    if (this.form === "separate") return values - 3 - i;
    const capacity = this.memory.bytes[values + this.header.capacity]!;
    return values + this.first + capacity * this.memory.pointerBytes + i;
  }
}
