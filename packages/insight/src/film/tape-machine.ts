// A replay that writes down the life of every block, from a moment on.

import { sizeClassOf } from "@obmalloc/abi";
import type { Op } from "@obmalloc/trace";
import { HistoryMachine } from "../history/history-machine.ts";

/** A block that is there, or free, when a tape begins. */
interface Standing {
  readonly linear: number;
  /** 0 of a free one. */
  readonly sizeBytes: number;
  readonly szidx: number;
  readonly born: number;
  readonly stack: number;
}

export class TapeMachine extends HistoryMachine {
  private isLogging = false;

  /** From now on every event is written down; what lives, and what lies in free lists, at once and in the order of births. */
  begin(): void {
    this.isLogging = true;
    const standing = [...this.living(), ...this.inFreeLists()];
    standing.sort((a, b) => a.born - b.born);
    for (const { linear, sizeBytes, szidx, born, stack } of standing) {
      this.log.birth(linear, sizeBytes, szidx, born, stack);
      if (sizeBytes === 0) this.log.death(linear, born);
    }
  }

  private living(): Standing[] {
    const { arenaBytes } = this.profile.pymalloc;
    const { live } = this;
    const found: Standing[] = [];
    for (const { linear: start } of this.arenas.all()) {
      for (const record of live.recordsWithin(start, start + arenaBytes)) {
        const linear = live.addressOf(record);
        const [sizeBytes, stack] = [live.sizeOf(record), live.stackOf(record)];
        found.push({ linear, sizeBytes, szidx: live.classOf(linear), born: this.birthOf(record), stack });
      }
    }
    return found;
  }

  /** These died before the tape, in an order of which only the order in each list is known. */
  private inFreeLists(): Standing[] {
    const found: Standing[] = [];
    // Of another tool's capture no free list is known: its engine has no arenas.
    for (const { heap } of this.allHeaps()) {
      const pools = heap.engine.inspect().arenas.flatMap((arena) => arena.pools);
      for (const { freeBlocks, szidx, nextoffset, address, blockBytes } of pools) {
        if (szidx === null) continue;
        // The end of a list, where it was carved last, is known to be there without a life.
        const isAhead = freeBlocks.at(-1) === address + nextoffset - blockBytes;
        for (const [index, linear] of (isAhead ? freeBlocks.slice(0, -1) : freeBlocks).entries())
          found.push({ linear, sizeBytes: 0, szidx, born: Math.max(0, this.clock - 1 - index), stack: 0 });
      }
    }
    return found;
  }

  override allocate(address: number, sizeBytes: number, domainBit: number, stack: number, op: Op): boolean {
    if (!super.allocate(address, sizeBytes, domainBit, stack, op)) return false;
    if (this.isLogging)
      this.log.birth(address, sizeBytes, sizeClassOf(this.profile, sizeBytes), this.clock - 1, stack);
    return true;
  }

  override reallocate(
    address: number,
    old: number,
    sizeBytes: number,
    domainBit: number,
    stack: number,
  ): boolean {
    const before = this.isLogging && old === address ? this.log.lifeOf(old) : -1;
    if (!super.reallocate(address, old, sizeBytes, domainBit, stack)) return false;
    if (!this.isLogging) return true;
    // Where a block stays with another size, one life ends and another begins.
    const szidx = before < 0 ? sizeClassOf(this.profile, sizeBytes) : this.log.lives.classes[before]!;
    if (old === address) this.log.death(old, this.clock - 1);
    this.log.birth(address, sizeBytes, szidx, this.clock - 1, stack);
    return true;
  }
}
