// nfp2lasta: a finger on the last arena of each number of free pools, so that an arena's new place needs no search.

import { DamagedMemoryError } from "@obmalloc/abi";
import type { ArenasClass } from "../arenas.ts";
import type { ArenaLayout } from "./arena-layout.ts";

/** Keeps `usable_arenas` as 3.8 and later do. @see CPython 3.13 Objects/obmalloc.c, insert_to_freepool */
export function defineFingerOrder(Base: ArenasClass, layout: ArenaLayout): ArenasClass {
  const { nfp2lasta, pointer, nfreepools, prevarena } = layout;

  abstract class FingerOrder extends Base {
    protected override added(arena: number): void {
      this.words[this.state + nfp2lasta + this.words[arena + nfreepools]! * pointer] = arena << 2;
    }

    protected override taking(words: Uint32Array, head: number, count: number): void {
      const finger = (this.state + nfp2lasta + Math.imul(count, pointer)) | 0;
      if (words[finger]! >>> 2 === head) words[finger] = 0;
      if (count > 1) words[finger - pointer] = head << 2;
    }

    protected override entered(head: number): void {
      const finger = this.state + nfp2lasta + pointer;
      if (this.words[finger] === 0) this.words[finger] = head << 2;
    }

    protected override grewAtEnd(words: Uint32Array, arena: number, count: number): void {
      // The last of the list is the last of its count, and no other arena has more free pools.
      const finger = (this.state + nfp2lasta + Math.imul(count, pointer)) | 0;
      words[finger] = this.lastBefore(words, arena, count);
      words[finger + pointer] = arena << 2;
    }

    protected override leaving(arena: number, count: number): void {
      const finger = this.state + nfp2lasta + count * pointer;
      if (this.words[finger]! >>> 2 === arena) this.words[finger] = this.lastBefore(this.words, arena, count);
    }

    protected override settle(arena: number, count: number): void {
      const words = this.words;
      const finger = this.state + nfp2lasta + count * pointer;
      const last = words[finger]! >>> 2;
      if (last === 0) throw new DamagedMemoryError("free", finger * 4, "nfp2lasta does not know the arena.");
      if (last === arena) words[finger] = this.lastBefore(words, arena, count);
      if (words[finger + pointer] === 0) words[finger + pointer] = arena << 2;
      if (last !== arena) this.moveBehind(arena, last);
    }

    /** The address of the arena in front of `arena` when it has `count` free pools too, otherwise 0. */
    private lastBefore(words: Uint32Array, arena: number, count: number): number {
      const before = words[arena + prevarena]!;
      return before !== 0 && words[(before >>> 2) + nfreepools] === count ? before : 0;
    }
  }
  return FingerOrder;
}
