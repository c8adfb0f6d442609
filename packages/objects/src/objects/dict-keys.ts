// The keys of dicts: an open-addressing table of small indices, and behind it the entries in order of insertion.

import { fieldOffset } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { DomainAllocator } from "../core/domains.ts";
import { PythonError } from "../core/errors.ts";
import { FreeList } from "../core/free-list.ts";
import type { ObjectMemory } from "../core/memory.ts";
import type { Hashes } from "./hashes.ts";
import { indexBytes, LOG_MAX_PRESIZE, LOG_MIN_SIZE, usableFraction } from "./table-sizes.ts";

/** `DKIX_EMPTY`: what a lookup answers, and what a slot holds, when there is nothing. */
export const EMPTY = -1;
/** `DKIX_DUMMY`: a slot whose entry was deleted. */
const DUMMY = -2;
const PERTURB_SHIFT = 5;

/** What the entries are (`dk_kind`); up to 3.10 what `dk_lookup` points to. */
export const KeysKind = {
  /** Any keys: hash, key, value. */
  general: 0,
  /** Only strings. */
  unicode: 1,
  /** Only strings, and the values elsewhere, so that dicts can share the keys. */
  split: 2,
} as const;

/** Indices of `lookdict`, `lookdict_unicode_nodummy` and `lookdict_split`, which stand for their addresses. */
const LOOKUP_FUNCTIONS = [161, 162, 163] as const;

/**
 * Tables of keys, in the form that each version gives them.
 *
 * @see CPython 3.10 Objects/dict-common.h, 3.13 Include/internal/pycore_dict.h, Objects/dictobject.c
 */
export class DictKeys {
  /** The keys that all empty dicts share. */
  readonly empty: number;
  private readonly valueOffset: { readonly general: number; readonly unicode: number };
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly hashes: Hashes;
  private readonly domain: DomainAllocator;
  private readonly refcnt: number;
  private readonly usable: number;
  private readonly nentries: number;
  /** Byte offset of `dk_log2_size`, or -1 up to 3.10. */
  private readonly logSizeField: number;
  private readonly sizeField: number;
  /** Byte offset of `dk_kind`, up to 3.10 of `dk_lookup`. */
  private readonly kindField: number;
  private readonly headerBytes: number;
  private readonly entryBytes: { readonly general: number; readonly unicode: number };
  private readonly keyOffset: { readonly general: number; readonly unicode: number };
  private readonly free: FreeList;
  private readonly slipsAtBit3: boolean;

  constructor(core: Core, hashes: Hashes) {
    const { ground } = core;
    const { dictKeys, dictEntry, unicodeDictEntry } = ground.layouts;
    const { freeLists, dicts } = ground.profile.objects;
    this.core = core;
    this.memory = ground.memory;
    this.hashes = hashes;
    this.domain = ground.domains[dicts.keysDomain];
    this.refcnt = dictKeys.offsets.dk_refcnt;
    this.usable = dictKeys.offsets.dk_usable;
    this.nentries = dictKeys.offsets.dk_nentries;
    this.logSizeField = fieldOffset(dictKeys, "dk_log2_size");
    this.sizeField = fieldOffset(dictKeys, "dk_size");
    this.kindField = fieldOffset(dictKeys, this.logSizeField < 0 ? "dk_lookup" : "dk_kind");
    this.headerBytes = dictKeys.sizeBytes;
    const unicode = this.logSizeField < 0 ? dictEntry : unicodeDictEntry;
    this.entryBytes = { general: dictEntry.sizeBytes, unicode: unicode.sizeBytes };
    this.keyOffset = { general: dictEntry.offsets.me_key, unicode: unicode.offsets.me_key };
    this.valueOffset = { general: dictEntry.offsets.me_value, unicode: unicode.offsets.me_value };
    this.free = new FreeList(ground.memory, ground.statics, freeLists.dictKeys, 0);
    this.slipsAtBit3 = dicts.tableSize === "with-bit-3";
    this.empty = this.makeEmpty();
    core.reaper.dropKeys = (keys) => this.decref(keys);
    core.reaper.freeKeys = (keys) => this.release(keys);
  }

  /** The table for `slots` slots, as a power of two (`calculate_log2_keysize`). */
  logSizeFor(slots: number): number {
    const least = this.slipsAtBit3 ? slots | (1 << LOG_MIN_SIZE) : Math.max(slots, 1 << LOG_MIN_SIZE);
    return Math.max(32 - Math.clz32(least - 1), LOG_MIN_SIZE);
  }

  /** The table for so many items, as a power of two (`estimate_log2_keysize`). */
  logSizeForItems(items: number): number {
    return Math.min(this.logSizeFor(Math.floor((items * 3 + 1) / 2)), LOG_MAX_PRESIZE);
  }

  /**
   * New keys of 2^`logSize` slots, with a count of 1.
   *
   * @param unicode whether only strings will be keys, where the version makes a difference.
   */
  new(logSize: number, unicode: boolean): number {
    const isReusable = logSize === LOG_MIN_SIZE && (unicode || this.logSizeField < 0);
    let keys = isReusable ? this.free.pop() : 0;
    if (keys === 0) keys = this.domain.malloc(this.sizeFor(logSize, unicode));
    if (keys === 0) throw new PythonError("MemoryError", "");
    // up to 3.10 keys start out as strings' only, and become general with the first other one
    const kind = unicode || this.logSizeField < 0 ? KeysKind.unicode : KeysKind.general;
    this.init(keys, logSize, kind, usableFraction(logSize));
    return keys;
  }

  /** A copy of combined keys, with references of its own (`clone_combined_dict_keys`). */
  clone(keys: number): number {
    const sizeBytes = this.sizeOf(keys);
    const copy = this.domain.malloc(sizeBytes);
    if (copy === 0) throw new PythonError("MemoryError", "");
    this.memory.bytes.copyWithin(copy, keys, keys + sizeBytes);
    this.memory.writeWord(copy + this.refcnt, 1);
    for (let i = 0; i < this.count(copy); i++) {
      if (this.value(copy, i) === 0) continue;
      this.core.counts.incref(this.key(copy, i));
      this.core.counts.incref(this.value(copy, i));
    }
    return copy;
  }

  incref(keys: number): void {
    this.memory.words[(keys + this.refcnt) >>> 2]!++;
  }

  /**
   * Drops a reference; with the last one the entries are dropped and the keys freed, once the reaper gets to it: to be
   * called by the reaper, or between its `height` and its `drain`.
   */
  private decref(keys: number): void {
    const count = --this.memory.words[(keys + this.refcnt) >>> 2]!;
    if (count !== 0) return;
    const { reaper } = this.core;
    reaper.pushFreeKeys(keys);
    const entries = this.entries(keys);
    if (this.hasHashes(keys)) reaper.pushDictEntries(entries, this.count(keys));
    else reaper.pushUp(entries, 2 * this.count(keys));
  }

  /** Frees keys whose references are gone or were moved elsewhere. */
  release(keys: number): void {
    const isReusable =
      this.logSize(keys) === LOG_MIN_SIZE && (this.logSizeField < 0 || !this.hasHashes(keys));
    if (!isReusable || !this.free.push(keys)) this.domain.free(keys);
  }

  /** References to the keys: dicts and classes that use them. */
  refCount(keys: number): number {
    return this.memory.readWord(keys + this.refcnt);
  }

  kind(keys: number): number {
    if (this.logSizeField >= 0) return this.memory.bytes[keys + this.kindField]!;
    return this.memory.readWord(keys + this.kindField) - LOOKUP_FUNCTIONS[0];
  }

  setKind(keys: number, kind: number): void {
    if (this.logSizeField >= 0) this.memory.bytes[keys + this.kindField] = kind;
    else this.memory.writeWord(keys + this.kindField, LOOKUP_FUNCTIONS[kind]!);
  }

  /** Slots, as a power of two. */
  logSize(keys: number): number {
    if (this.logSizeField >= 0) return this.memory.bytes[keys + this.logSizeField]!;
    return 31 - Math.clz32(this.memory.readWord(keys + this.sizeField));
  }

  /** Entries in use, deleted ones included (`dk_nentries`). */
  count(keys: number): number {
    return this.memory.readWord(keys + this.nentries);
  }

  /** Entries that still fit (`dk_usable`). */
  room(keys: number): number {
    return this.memory.readSigned(keys + this.usable);
  }

  setRoom(keys: number, room: number): void {
    this.memory.writeSigned(keys + this.usable, room);
  }

  /** Entries that fit together with those in use: values that a dict sharing the keys has room for. */
  capacity(keys: number): number {
    return this.count(keys) + this.room(keys);
  }

  /** Bytes of the whole table (`_PyDict_KeysSize`). */
  sizeOf(keys: number): number {
    return this.sizeFor(this.logSize(keys), !this.hasHashes(keys));
  }

  /** The key of an entry, borrowed; 0 when it was deleted. */
  key(keys: number, index: number): number {
    return this.memory.readWord(this.entry(keys, index) + this.form(keys, this.keyOffset));
  }

  /** The value of an entry, borrowed; 0 when it was deleted or is elsewhere. */
  value(keys: number, index: number): number {
    return this.memory.readWord(this.valueAddress(keys, index));
  }

  /** Where the value of an entry stands. */
  valueAddress(keys: number, index: number): number {
    return this.entry(keys, index) + this.form(keys, this.valueOffset);
  }

  /** Byte address of the first entry. */
  entries(keys: number): number {
    return keys + this.headerBytes + indexBytes(this.logSize(keys));
  }

  /** Whether the entries hold hashes, and so any keys. */
  hasHashes(keys: number): boolean {
    return this.logSizeField < 0 || this.memory.bytes[keys + this.kindField] === KeysKind.general;
  }

  /** Bytes from one entry to the next. */
  entryStride(keys: number): number {
    return this.form(keys, this.entryBytes);
  }

  /** The entry whose key equals `key`, or {@link EMPTY}. */
  find(keys: number, key: number): number {
    this.hashes.compute(key);
    return this.findHashed(keys, key, this.hashes.low, this.hashes.high);
  }

  /** The same for a key whose hash is known. */
  findHashed(keys: number, key: number, low: number, high: number): number {
    const mask = (1 << this.logSize(keys)) - 1;
    let perturbLow = low;
    let perturbHigh = high;
    for (let slot = low & mask; ; ) {
      const index = this.index(keys, slot);
      if (index === EMPTY) return EMPTY;
      if (index >= 0 && this.matches(keys, index, key, low, high)) return index;
      perturbLow = (perturbLow >>> PERTURB_SHIFT) | (perturbHigh << (32 - PERTURB_SHIFT));
      perturbHigh >>>= PERTURB_SHIFT;
      slot = (Math.imul(slot, 5) + perturbLow + 1) & mask;
    }
  }

  /**
   * Adds an entry, taking over the references; there must be room, and no entry with that key.
   *
   * @param value 0 when the values are elsewhere.
   * @returns the entry's number.
   */
  append(keys: number, key: number, low: number, high: number, value: number): number {
    const index = this.count(keys);
    this.setIndex(keys, this.freeSlot(keys, low, high), index);
    this.writeEntry(keys, index, key, low, high, value);
    this.memory.writeWord(keys + this.nentries, index + 1);
    this.setRoom(keys, this.room(keys) - 1);
    return index;
  }

  /** Empties an entry and marks its slot as deleted; its references are the caller's then. */
  remove(keys: number, index: number): void {
    const key = this.key(keys, index);
    this.hashes.compute(key);
    const mask = (1 << this.logSize(keys)) - 1;
    let { low: perturbLow, high: perturbHigh } = this.hashes;
    let slot = perturbLow & mask;
    while (this.index(keys, slot) !== index) {
      perturbLow = (perturbLow >>> PERTURB_SHIFT) | (perturbHigh << (32 - PERTURB_SHIFT));
      perturbHigh >>>= PERTURB_SHIFT;
      slot = (Math.imul(slot, 5) + perturbLow + 1) & mask;
    }
    this.setIndex(keys, slot, DUMMY);
    const entry = this.entry(keys, index);
    this.memory.writeWord(entry + this.form(keys, this.keyOffset), 0);
    this.memory.writeWord(entry + this.form(keys, this.valueOffset), 0);
  }

  /** Empties the free list, as a full collection does. */
  clearFreeList(): void {
    this.free.drain((keys) => this.domain.free(keys));
  }

  private entry(keys: number, index: number): number {
    return this.entries(keys) + index * this.form(keys, this.entryBytes);
  }

  private form(keys: number, offsets: { readonly general: number; readonly unicode: number }): number {
    return this.hasHashes(keys) ? offsets.general : offsets.unicode;
  }

  private sizeFor(logSize: number, unicode: boolean): number {
    const entryBytes = unicode ? this.entryBytes.unicode : this.entryBytes.general;
    return this.headerBytes + indexBytes(logSize) + entryBytes * usableFraction(logSize);
  }

  private matches(keys: number, index: number, key: number, low: number, high: number): boolean {
    const present = this.key(keys, index);
    if (present === key) return true;
    if (present === 0) return false;
    if (this.hasHashes(keys)) {
      const { words } = this.memory;
      const hash = this.entry(keys, index) >>> 2;
      if (words[hash] !== low || (this.memory.high === 1 && words[hash + 1] !== high)) return false;
    } else {
      this.hashes.hashString(present);
      if (this.hashes.low !== low || this.hashes.high !== high) return false;
    }
    return this.hashes.equal(present, key);
  }

  private freeSlot(keys: number, low: number, high: number): number {
    const mask = (1 << this.logSize(keys)) - 1;
    let perturbLow = low;
    let perturbHigh = high;
    let slot = low & mask;
    while (this.index(keys, slot) >= 0) {
      perturbLow = (perturbLow >>> PERTURB_SHIFT) | (perturbHigh << (32 - PERTURB_SHIFT));
      perturbHigh >>>= PERTURB_SHIFT;
      slot = (Math.imul(slot, 5) + perturbLow + 1) & mask;
    }
    return slot;
  }

  private writeEntry(
    keys: number,
    index: number,
    key: number,
    low: number,
    high: number,
    value: number,
  ): void {
    const { memory } = this;
    const entry = this.entry(keys, index);
    if (this.hasHashes(keys)) {
      if (memory.high === 1) memory.words[(entry >>> 2) + 1] = high;
      memory.words[entry >>> 2] = low;
    }
    memory.writeWord(entry + this.form(keys, this.keyOffset), key);
    memory.writeWord(entry + this.form(keys, this.valueOffset), value);
  }

  /** What a slot of the index holds: an entry's number, {@link EMPTY} or {@link DUMMY}. */
  private index(keys: number, slot: number): number {
    const { bytes, words } = this.memory;
    const logSize = this.logSize(keys);
    const indices = keys + this.headerBytes;
    if (logSize < 8) return (bytes[indices + slot]! << 24) >> 24;
    if (logSize >= 16) return words[(indices >>> 2) + slot]! | 0;
    const at = indices + 2 * slot;
    return ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16;
  }

  private setIndex(keys: number, slot: number, index: number): void {
    const { bytes, words } = this.memory;
    const logSize = this.logSize(keys);
    const indices = keys + this.headerBytes;
    if (logSize < 8) {
      bytes[indices + slot] = index;
    } else if (logSize >= 16) {
      words[(indices >>> 2) + slot] = index;
    } else {
      bytes[indices + 2 * slot] = index;
      bytes[indices + 2 * slot + 1] = index >> 8;
    }
  }

  private init(keys: number, logSize: number, kind: number, usable: number): void {
    const { memory } = this;
    memory.clear(keys, this.headerBytes);
    memory.writeWord(keys + this.refcnt, 1);
    if (this.logSizeField >= 0) {
      memory.bytes[keys + this.logSizeField] = logSize;
      memory.bytes[keys + this.logSizeField + 1] = Math.log2(indexBytes(logSize));
    } else {
      memory.writeWord(keys + this.sizeField, 2 ** logSize);
    }
    this.setKind(keys, kind);
    this.setRoom(keys, usable);
    const entries = keys + this.headerBytes + indexBytes(logSize);
    memory.bytes.fill(0xff, keys + this.headerBytes, entries);
    memory.clear(entries, usable * this.form(keys, this.entryBytes));
  }

  /** One slot and no room, in static memory. */
  private makeEmpty(): number {
    const keys = this.core.ground.statics.allocate(this.headerBytes + indexBytes(LOG_MIN_SIZE));
    this.init(keys, 0, this.logSizeField < 0 ? KeysKind.split : KeysKind.unicode, 0);
    return keys;
  }
}
