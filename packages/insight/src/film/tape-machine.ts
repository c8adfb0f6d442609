// A replay that writes down the life of every block, from a moment on.

import { sizeClassOf } from "@obmalloc/abi";
import type { Op } from "@obmalloc/trace";
import { HistoryMachine } from "../history/history-machine.ts";

export class TapeMachine extends HistoryMachine {
  private isLogging = false;

  /** From now on every event is written down; what lives, and what lies in free lists, at once. */
  begin(): void {
    this.isLogging = true;
    const { arenaBytes } = this.profile.pymalloc;
    for (const { linear: start } of this.arenas.all()) {
      this.live.each(start, start + arenaBytes, (record, linear) => {
        const [sizeBytes, stack] = [this.live.sizeOf(record), this.live.stackOf(record)];
        this.log.birth(linear, sizeBytes, this.live.classOf(linear), this.birthOf(record), stack);
      });
    }
    this.enterFreeLists();
  }

  /** Blocks in free lists died before the tape, in an order of which only the order in each list is known. */
  private enterFreeLists(): void {
    const ghosts: { address: number; szidx: number; order: number }[] = [];
    // Of another tool's capture no free list is known: its engine has no arenas.
    for (const { heap } of this.allHeaps()) {
      const pools = heap.engine.inspect().arenas.flatMap((arena) => arena.pools);
      for (const { freeBlocks, szidx, nextoffset, address, blockBytes } of pools) {
        if (szidx === null) continue;
        // The end of a list, where it was carved last, is known to be there without a life.
        const isAhead = freeBlocks.at(-1) === address + nextoffset - blockBytes;
        for (const [index, block] of (isAhead ? freeBlocks.slice(0, -1) : freeBlocks).entries())
          ghosts.push({ address: block, szidx, order: Math.max(0, this.clock - 1 - index) });
      }
    }
    ghosts.sort((a, b) => a.order - b.order);
    for (const { address, szidx, order } of ghosts) {
      this.log.birth(address, 0, szidx, order, 0);
      this.log.death(address, order);
    }
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
