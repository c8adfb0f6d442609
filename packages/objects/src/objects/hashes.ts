// hash() and == of the objects that can be keys: numbers, strings, bytes, tuples, frozensets; all others by identity.

import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import type { Floats } from "./floats.ts";
import type { Ints } from "./ints.ts";
import type { Singletons } from "./singletons.ts";
import { sipHash } from "./siphash.ts";
import type { Strings } from "./strings.ts";
import type { Tuples } from "./tuples.ts";

/** What hashes are made of. */
export interface HashableValues {
  readonly singletons: Singletons;
  readonly ints: Ints;
  readonly floats: Floats;
  readonly strings: Strings;
  readonly tuples: Tuples;
}

/** Modulus of the hash of numbers: 2 to this power, less 1. */
const NUMBER_BITS = { 8: 61n, 4: 31n } as const;
const HASH_OF_INFINITY = 314159n;

const XXPRIME = {
  64: [11400714785074694791n, 14029467366897019727n, 2870177450012600261n, 31n],
  32: [2654435761n, 2246822519n, 374761393n, 13n],
} as const;

/**
 * Hashes as pairs of words, {@link low} and {@link high}; on ilp32 the low word is all of it.
 *
 * Strings are hashed with the key that `PYTHONHASHSEED=0` gives.
 * @see CPython 3.13 Python/pyhash.c, Objects/tupleobject.c, tuple_hash
 */
export class Hashes {
  /** The words of the hash computed last. */
  low = 0;
  high = 0;
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly values: HashableValues;
  private readonly bits: 64 | 32;
  private readonly modulus: bigint;
  private readonly scratch = new Uint32Array(2);

  constructor(core: Core, values: HashableValues) {
    this.core = core;
    this.memory = core.ground.memory;
    this.values = values;
    this.bits = core.ground.memory.pointerBytes === 8 ? 64 : 32;
    this.modulus = (1n << NUMBER_BITS[core.ground.memory.pointerBytes]) - 1n;
  }

  /**
   * Computes the hash of `o` into {@link low} and {@link high}.
   *
   * @throws {PythonError} TypeError for what has no hash.
   */
  compute(o: number): void {
    const { types } = this.core;
    const type = types.of(o);
    const { builtin } = types;
    if (type === builtin.str) this.hashString(o);
    else if (type === builtin.int || type === builtin.bool) this.hashInt(o);
    else if (type === builtin.tuple) this.setBig(this.tupleHash(o));
    else this.computeRare(o, type);
  }

  /** The hash of `o` as Python shows it. */
  of(o: number): bigint {
    this.compute(o);
    return this.signed();
  }

  /** Whether `a == b`, for objects with equal hashes. */
  equal(a: number, b: number): boolean {
    if (a === b) return true;
    const { types } = this.core;
    const { builtin } = types;
    const typeA = types.of(a);
    const typeB = types.of(b);
    if (this.isNumber(typeA) && this.isNumber(typeB)) {
      const x = this.number(a, typeA);
      const y = this.number(b, typeB);
      return x >= y && x <= y; // an int and a float are compared as they are, without conversion
    }
    if (typeA !== typeB) return false;
    if (typeA === builtin.str) return this.equalStrings(a, b);
    if (typeA === builtin.bytes) return this.equalBytes(this.bytesOf(a), this.bytesOf(b));
    if (typeA === builtin.tuple) return this.equalTuples(a, b);
    return false;
  }

  /** The hash of a string, from its cache. */
  hashString(o: number): void {
    const { words } = this.memory;
    const cache = this.values.strings.hashAddress(o) >>> 2;
    const { high } = this.memory;
    if (words[cache] === 0xffff_ffff && words[cache + high] === 0xffff_ffff) {
      const { start, end } = this.values.strings.data(o);
      this.hashBytes(start, end);
      words[cache + high] = this.high;
      words[cache] = this.low;
      return;
    }
    this.low = words[cache]!;
    this.high = high === 0 ? 0 : words[cache + 1]!;
  }

  private hashInt(o: number): void {
    if (this.values.ints.digitCount(o) <= 1) {
      const value = Number(this.values.ints.read(o));
      this.setSmall(value === -1 ? -2 : value);
    } else {
      this.setBig(this.reduce(this.values.ints.read(o)));
    }
  }

  private computeRare(o: number, type: number): void {
    const { types, ground } = this.core;
    const { builtin } = types;
    const { noneHash } = ground.profile.objects.values;
    if (type === builtin.float) this.setBig(this.floatHash(this.values.floats.read(o)));
    else if (type === builtin.bytes) this.hashBytes(...this.bytesOf(o));
    else if (type === builtin.NoneType && noneHash !== undefined) this.setSmall(noneHash);
    else if (type === builtin.frozenset) this.setBig(this.frozensetHash(o));
    else if (types.isSubtype(type, builtin.str)) this.hashString(o);
    else if (
      [builtin.list, builtin.dict, builtin.set, builtin.bytearray].some((t) => types.isSubtype(type, t))
    ) {
      throw new PythonError("TypeError", `unhashable type: '${types.nameOf(type)}'`);
    } else this.hashPointer(o);
  }

  /** An object without a hash of its own: its address, rotated by 4 bits. */
  private hashPointer(o: number): void {
    this.low = o >>> 4;
    this.high = this.bits === 64 ? (o << 28) >>> 0 : 0;
    if (this.bits === 32) this.low = ((o >>> 4) | (o << 28)) >>> 0;
  }

  private hashBytes(start: number, end: number): void {
    if (start === end) {
      this.setSmall(0);
      return;
    }
    const { sipHashRounds } = this.core.ground.profile.objects.values;
    sipHash(this.memory.bytes, start, end, sipHashRounds, this.scratch);
    const [low, high] = this.scratch as unknown as [number, number];
    const isMinusOne = low === 0xffff_ffff && (this.bits === 32 || high === 0xffff_ffff);
    this.low = isMinusOne ? 0xffff_fffe : low;
    this.high = this.bits === 32 ? 0 : high;
  }

  private setSmall(value: number): void {
    this.low = value >>> 0;
    this.high = this.bits === 64 ? Math.floor(value / 2 ** 32) >>> 0 : 0;
  }

  private setBig(value: bigint): void {
    const fixed = BigInt.asUintN(this.bits, value === -1n ? -2n : value);
    this.low = Number(fixed & 0xffff_ffffn);
    this.high = Number(fixed >> 32n);
  }

  private signed(): bigint {
    return BigInt.asIntN(this.bits, (BigInt(this.high) << 32n) | BigInt(this.low));
  }

  private reduce(value: bigint): bigint {
    return value < 0n ? -(-value % this.modulus) : value % this.modulus;
  }

  /** Numbers that are equal have equal hashes: the value as a fraction, modulo the modulus. */
  private floatHash(value: number): bigint {
    if (Number.isNaN(value)) return 0n; // up to 3.9; later the object's address, which no dict finds again either
    if (!Number.isFinite(value)) return value > 0 ? HASH_OF_INFINITY : -HASH_OF_INFINITY;
    let denominator = 1n;
    let scaled = value;
    while (!Number.isInteger(scaled)) {
      scaled *= 2;
      denominator *= 2n;
    }
    const bits = NUMBER_BITS[this.memory.pointerBytes];
    const shift = BigInt(denominator.toString(2).length - 1) % bits;
    const inverse = 1n << ((bits - shift) % bits); // 2 to the power of the modulus's bits is 1
    const magnitude = BigInt(Math.abs(scaled)) % this.modulus;
    const hash = (magnitude * inverse) % this.modulus;
    return value < 0 ? -hash : hash;
  }

  private tupleHash(o: number): bigint {
    const lanes = this.values.tuples.itemsOf(o).map((item) => BigInt.asUintN(this.bits, this.of(item)));
    return this.core.ground.profile.objects.values.tupleHash === "xxhash"
      ? this.xxHash(lanes)
      : this.multiplyHash(lanes);
  }

  private xxHash(lanes: readonly bigint[]): bigint {
    const [prime1, prime2, prime5, rotation] = XXPRIME[this.bits];
    const width = BigInt(this.bits);
    const wrap = (value: bigint) => BigInt.asUintN(this.bits, value);
    let sum: bigint = prime5;
    for (const lane of lanes) {
      sum = wrap(sum + lane * prime2);
      sum = wrap((sum << rotation) | (sum >> (width - rotation)));
      sum = wrap(sum * prime1);
    }
    sum = wrap(sum + (BigInt(lanes.length) ^ (prime5 ^ 3527539n)));
    return sum === wrap(-1n) ? 1546275796n : BigInt.asIntN(this.bits, sum);
  }

  /** The hash of tuples in 3.7. */
  private multiplyHash(lanes: readonly bigint[]): bigint {
    const wrap = (value: bigint) => BigInt.asUintN(this.bits, value);
    let hash = 0x345678n;
    let multiplier = 1000003n;
    lanes.forEach((lane, i) => {
      hash = wrap((hash ^ lane) * multiplier);
      const left = BigInt(lanes.length - 1 - i);
      multiplier = wrap(multiplier + 82520n + left + left);
    });
    return BigInt.asIntN(this.bits, wrap(hash + 97531n));
  }

  /** `frozenset_hash`: independent of order, and cached in the object. */
  private frozensetHash(o: number): bigint {
    const { set, setEntry } = this.core.ground.layouts;
    const { memory } = this;
    const wrap = (value: bigint) => BigInt.asUintN(this.bits, value);
    const shuffle = (hash: bigint) => wrap((hash ^ 89869747n ^ wrap(hash << 16n)) * 3644798167n);
    const table = memory.readWord(o + set.offsets.table);
    const mask = memory.readWord(o + set.offsets.mask);
    let hash = 0n;
    for (let i = 0; i <= mask; i++) {
      const at = (table + i * setEntry.sizeBytes + setEntry.offsets.hash) >>> 2;
      const high = memory.high === 0 ? 0 : memory.words[at + 1]!;
      hash ^= shuffle((BigInt(high) << 32n) | BigInt(memory.words[at]!));
    }
    const used = BigInt(memory.readWord(o + set.offsets.used));
    const fill = BigInt(memory.readWord(o + set.offsets.fill));
    if (((BigInt(mask) + 1n - fill) & 1n) === 1n) hash ^= shuffle(0n);
    if (((fill - used) & 1n) === 1n) hash ^= shuffle(wrap(-1n));
    hash ^= wrap((used + 1n) * 1927868237n);
    hash = wrap((hash ^ (hash >> 11n) ^ (hash >> 25n)) * 69069n + 907133923n);
    return hash === wrap(-1n) ? 590923713n : BigInt.asIntN(this.bits, hash);
  }

  private isNumber(type: number): boolean {
    const { builtin } = this.core.types;
    return type === builtin.int || type === builtin.bool || type === builtin.float;
  }

  private number(o: number, type: number): bigint | number {
    return type === this.core.types.builtin.float ? this.values.floats.read(o) : this.values.ints.read(o);
  }

  private bytesOf(o: number): [start: number, end: number] {
    const { offsets } = this.core.ground.layouts.bytes;
    const start = o + offsets.ob_sval;
    return [start, start + this.memory.readWord(o + offsets.ob_size)];
  }

  private equalStrings(a: number, b: number): boolean {
    const { strings } = this.values;
    if (strings.kindOf(a) !== strings.kindOf(b)) return false;
    const [x, y] = [strings.data(a), strings.data(b)];
    return this.equalBytes([x.start, x.end], [y.start, y.end]);
  }

  private equalBytes([start, end]: [number, number], [from, to]: [number, number]): boolean {
    if (end - start !== to - from) return false;
    const { bytes } = this.memory;
    for (let i = 0; i < end - start; i++) if (bytes[start + i] !== bytes[from + i]) return false;
    return true;
  }

  private equalTuples(a: number, b: number): boolean {
    const x = this.values.tuples.itemsOf(a);
    const y = this.values.tuples.itemsOf(b);
    return x.length === y.length && x.every((item, i) => this.equalValues(item, y[i]!));
  }

  private equalValues(a: number, b: number): boolean {
    return a === b || (this.of(a) === this.of(b) && this.equal(a, b));
  }
}
