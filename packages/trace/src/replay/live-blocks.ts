// What is known of each live block inside arenas: what was asked for, by whom, and what a machine wants to add. A record for
// each block that a pool has room for: an event touches one cache line, and memory follows the heap, not the length of
// the trace.
//
//   word 0 │ requested bytes: 10 bits │ mem domain: 1 bit │ offset in its pool / 16: 10 bits │  0: no live block
//   word 1 │ stack id                                                                        │  where stacks are kept
//   word 2 │ a machine's own                                                                 │  where it asks for it

import { type Profile, sizeClassCount } from "@obmalloc/abi";
import { LinearMemory } from "@obmalloc/raw-heap";
import { Domain } from "../format/constants.ts";

const UNIT_SHIFT = 4;
const SIZE_BITS = 10;
const SIZE_MASK = (1 << SIZE_BITS) - 1;
const MEM_FLAG = 1 << SIZE_BITS;
const OFFSET_SHIFT = SIZE_BITS + 1;
/** Bits behind the point of a reciprocal: quotients of numbers below 2^11 by numbers below 2^7 come out right. */
const RECIPROCAL_SHIFT = 18;

/** 32-bit numbers, all 0. The host gives memory page by page, when it is written. @throws {RangeError} when it has no room. */
export function columnOf(entries: number): Uint32Array {
  const sizeBytes = entries * 4;
  return new LinearMemory({ initialBytes: sizeBytes, maxBytes: sizeBytes }).u32;
}

/** Requested size, domain and stack of the blocks that live at linear addresses, which are multiples of 16. */
export class LiveBlocks {
  /** All records; see the top of this file. A record is named by the index of its first word. */
  readonly records: Uint32Array;
  /** The record of the block that began to live last. */
  lastBegun = 0;
  /** The record of the block that died last: but for word 0 it is as it was. And its requested bytes. */
  lastEnded = 0;
  lastEndedBytes = 0;

  private readonly words: number;
  private readonly poolShift: number;
  private readonly poolMask: number;
  private readonly classShift: number;
  /** By address / pool size: size class + 1 of the pool's last use; 0 for none. */
  private readonly classes: Uint8Array;
  /** By that: what an offset / 16 is multiplied with to have the number of the block. */
  private readonly reciprocals: Uint32Array;
  /** What {@link recordsWithin} found last. */
  private gathered: Uint32Array = new Uint32Array(0);

  /** @param end of the addresses that blocks may have; @param words of each record, 1 to 3. @throws {RangeError} */
  constructor(end: number, profile: Profile, words: number) {
    const { poolBytes, alignmentBytes } = profile.pymalloc;
    this.words = words;
    this.poolShift = Math.log2(poolBytes);
    this.poolMask = poolBytes - 1;
    this.classShift = Math.log2(alignmentBytes);
    const pools = Math.ceil(end / poolBytes);
    this.classes = new Uint8Array(pools);
    this.records = columnOf((pools * poolBytes * words) >>> UNIT_SHIFT);
    const perUnit = 2 ** (RECIPROCAL_SHIFT + UNIT_SHIFT);
    this.reciprocals = Uint32Array.from({ length: sizeClassCount(profile) + 1 }, (_, index) =>
      index === 0 ? 0 : Math.ceil(perUnit / (index * alignmentBytes)),
    );
  }

  /** A block begins to live where none does. */
  begin(address: number, sizeBytes: number, domainBit: number, stack: number): void {
    const szidx = ((sizeBytes - 1) >>> this.classShift) + 1;
    this.classes[address >>> this.poolShift] = szidx;
    const unit = (address & this.poolMask) >>> UNIT_SHIFT;
    const record = this.recordAt(address, unit, szidx);
    this.records[record] = sizeBytes | (domainBit << SIZE_BITS) | (unit << OFFSET_SHIFT);
    if (this.words > 1) this.records[record + 1] = stack;
    this.lastBegun = record;
  }

  /** A block dies; false when none lives at that address. */
  end(address: number): boolean {
    const unit = (address & this.poolMask) >>> UNIT_SHIFT;
    const record = this.recordAt(address, unit, this.classes[address >>> this.poolShift]!);
    const head = this.records[record]!;
    if (head >>> OFFSET_SHIFT !== unit || head === 0) return false;
    this.records[record] = 0;
    this.lastEnded = record;
    this.lastEndedBytes = head & SIZE_MASK;
    return true;
  }

  /** The block that lives at `address` has another size, domain and stack now. */
  change(address: number, sizeBytes: number, domainBit: number, stack: number): void {
    const record = this.recordOf(address);
    const unit = (address & this.poolMask) >>> UNIT_SHIFT;
    this.records[record] = sizeBytes | (domainBit << SIZE_BITS) | (unit << OFFSET_SHIFT);
    if (this.words > 1) this.records[record + 1] = stack;
  }

  /** The record of the block that lives at `address`; -1 when none does. */
  recordOf(address: number): number {
    const unit = (address & this.poolMask) >>> UNIT_SHIFT;
    const record = this.recordAt(address, unit, this.classes[address >>> this.poolShift]!);
    const head = this.records[record] ?? 0;
    return head !== 0 && head >>> OFFSET_SHIFT === unit ? record : -1;
  }

  /** Requested bytes of the block at `address`; 0 when none begins there. */
  sizeAt(address: number): number {
    const record = this.recordOf(address);
    return record < 0 ? 0 : this.sizeOf(record);
  }

  domainAt(address: number): Domain {
    return (this.records[this.recordOf(address)]! & MEM_FLAG) !== 0 ? Domain.mem : Domain.obj;
  }

  /** Stack id of the block that lives at `address`; 0 when stacks are not kept. */
  stackAt(address: number): number {
    return this.stackOf(this.recordOf(address));
  }

  /** Requested bytes of a record's block; 0 when it has none. */
  sizeOf(record: number): number {
    return this.records[record]! & SIZE_MASK;
  }

  /** The size class of the pool that a live block lies in. */
  classOf(address: number): number {
    return this.classes[address >>> this.poolShift]! - 1;
  }

  stackOf(record: number): number {
    return this.words > 1 ? this.records[record + 1]! : 0;
  }

  /** The address of a record's live block. */
  addressOf(record: number): number {
    const poolBytes = this.poolMask + 1;
    const perPool = (poolBytes >>> UNIT_SHIFT) * this.words;
    const offset = (this.records[record]! >>> OFFSET_SHIFT) << UNIT_SHIFT;
    return Math.floor(record / perPool) * poolBytes + offset;
  }

  /** The records of the blocks that live in `[from, to)`, by address: a view that holds until the next call. */
  recordsWithin(from: number, to: number): Uint32Array {
    const poolBytes = this.poolMask + 1;
    let count = 0;
    for (let pool = Math.floor(from / poolBytes); pool * poolBytes < to; pool++)
      count = this.gather(pool * poolBytes, from, to, count);
    return this.gathered.subarray(0, count);
  }

  /** Addresses of the blocks that live in `[from, to)`, ascending. */
  within(from: number, to: number): number[] {
    return Array.from(this.recordsWithin(from, to), (record) => this.addressOf(record));
  }

  /** Puts the records of one pool's blocks behind the `count` that are gathered; how many there are then. */
  private gather(start: number, from: number, to: number, count: number): number {
    const { records, words } = this;
    const szidx = this.classes[start >>> this.poolShift] ?? 0;
    if (szidx === 0) return count;
    const lastUnit = this.poolMask >>> UNIT_SHIFT;
    if (count + lastUnit >= this.gathered.length) this.makeRoom();
    const { gathered } = this;
    const end = this.recordAt(start, lastUnit, szidx);
    let next = count;
    for (let record = this.recordAt(start, 0, szidx); record <= end; record += words) {
      const head = records[record]!;
      if (head === 0) continue;
      const address = start + ((head >>> OFFSET_SHIFT) << UNIT_SHIFT);
      if (address >= from && address < to) gathered[next++] = record;
    }
    return next;
  }

  private makeRoom(): void {
    const larger = new Uint32Array(this.gathered.length * 2 + this.poolMask + 1);
    larger.set(this.gathered);
    this.gathered = larger;
  }

  private recordAt(address: number, unit: number, szidx: number): number {
    const inPool = Math.imul(unit, this.reciprocals[szidx]!) >>> RECIPROCAL_SHIFT;
    return (((address >>> this.poolShift) << (this.poolShift - UNIT_SHIFT)) + inPool) * this.words;
  }
}
