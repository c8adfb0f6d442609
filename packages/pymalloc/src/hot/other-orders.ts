// usable_arenas without fingers: sorted by a search, or not at all.

import { DamagedMemoryError } from "@obmalloc/abi";
import type { ArenasClass } from "../arenas.ts";
import type { ArenaLayout } from "./arena-layout.ts";

/** Every arena stays where it entered (no version of CPython). */
export function defineNoOrder(Base: ArenasClass): ArenasClass {
  abstract class NoOrder extends Base {
    protected override added(): void {}
    protected override taking(): void {}
    protected override entered(): void {}
    protected override grewAtEnd(): void {}
    protected override leaving(): void {}
    protected override settle(_arena: number, _count: number): void {}
  }
  return NoOrder;
}

/** Walks to the right for the new place (3.7). @see CPython 3.7 Objects/obmalloc.c, pymalloc_free */
export function defineSearchedOrder(Base: ArenasClass, layout: ArenaLayout): ArenasClass {
  const { nfreepools, nextarena } = layout;

  abstract class SearchedOrder extends defineNoOrder(Base) {
    protected override settle(arena: number, count: number): void {
      const words = this.words;
      let left = arena;
      for (let steps = this.slots.currentCount; ; steps--) {
        const right = words[left + nextarena]! >>> 2;
        if (right === 0 || words[right + nfreepools]! > count) break;
        if (steps === 0) throw new DamagedMemoryError("free", right * 4, "usable_arenas has no end.");
        left = right;
      }
      if (left !== arena) this.moveBehind(arena, left);
    }
  }
  return SearchedOrder;
}
