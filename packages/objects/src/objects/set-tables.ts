// The tables of sets: open addressing, a few neighbours at a time.

import type { Core } from "../core/core.ts";
import type { ObjectMemory } from "../core/memory.ts";
import type { Hashes } from "./hashes.ts";

/** Slots that are looked at beside the one that the hash names. */
const LINEAR_PROBES = 9;
const PERTURB_SHIFT = 5;

/**
 * Looking up and entering keys; a table is named by its address and by its last slot's number.
 *
 * @see CPython 3.13 Objects/setobject.c, set_lookkey, set_insert_clean
 */
export class SetTables {
  /** Bytes of an entry, and from its start to the hash. */
  readonly entryBytes: number;
  readonly hashOffset: number;
  /** The key of an entry whose key was removed. */
  readonly dummy: number;
  private readonly memory: ObjectMemory;
  private readonly hashes: Hashes;

  constructor({ ground }: Core, hashes: Hashes) {
    const { setEntry, object } = ground.layouts;
    this.memory = ground.memory;
    this.hashes = hashes;
    this.entryBytes = setEntry.sizeBytes;
    this.hashOffset = setEntry.offsets.hash;
    this.dummy = ground.statics.allocate(object.sizeBytes);
  }

  /**
   * The entry of a key, or the unused one where the search ends.
   *
   * @param intoDummy whether an entry whose key was removed is given instead of an unused one.
   */
  find(table: number, mask: number, key: number, low: number, high: number, intoDummy = false): number {
    const { words } = this.memory;
    let dummy = 0;
    let perturbLow = low;
    let perturbHigh = high;
    for (let slot = low & mask; ; ) {
      const probes = slot + LINEAR_PROBES <= mask ? LINEAR_PROBES : 0;
      for (let probe = 0; probe <= probes; probe++) {
        const entry = table + (slot + probe) * this.entryBytes;
        const present = words[entry >>> 2]!;
        if (present === 0) return dummy !== 0 ? dummy : entry;
        if (present === this.dummy) {
          if (intoDummy) dummy = entry;
        } else if (this.matches(entry, present, key, low, high)) {
          return entry;
        }
      }
      perturbLow = (perturbLow >>> PERTURB_SHIFT) | (perturbHigh << (32 - PERTURB_SHIFT));
      perturbHigh >>>= PERTURB_SHIFT;
      slot = (Math.imul(slot, 5) + 1 + perturbLow) & mask;
    }
  }

  private matches(entry: number, present: number, key: number, low: number, high: number): boolean {
    const { words } = this.memory;
    const hash = (entry + this.hashOffset) >>> 2;
    if (words[hash] !== low || (this.memory.high === 1 && words[hash + 1] !== high)) return false;
    return present === key || this.hashes.equal(present, key);
  }

  /** Enters a key that is not in the table into the first slot that is free. */
  insertClean(table: number, mask: number, key: number, low: number, high: number): void {
    const { words } = this.memory;
    let perturbLow = low;
    let perturbHigh = high;
    for (let slot = low & mask; ; ) {
      const probes = slot + LINEAR_PROBES <= mask ? LINEAR_PROBES : 0;
      for (let probe = 0; probe <= probes; probe++) {
        const entry = table + (slot + probe) * this.entryBytes;
        if (words[entry >>> 2] === 0) {
          this.writeEntry(entry, key, low, high);
          return;
        }
      }
      perturbLow = (perturbLow >>> PERTURB_SHIFT) | (perturbHigh << (32 - PERTURB_SHIFT));
      perturbHigh >>>= PERTURB_SHIFT;
      slot = (Math.imul(slot, 5) + 1 + perturbLow) & mask;
    }
  }

  /** Writes a key with the two halves of its hash. */
  writeEntry(entry: number, key: number, low: number, high: number): void {
    const { memory } = this;
    const hash = (entry + this.hashOffset) >>> 2;
    memory.writeWord(entry, key);
    if (memory.high === 1) memory.words[hash + 1] = high;
    memory.words[hash] = low;
  }
}
