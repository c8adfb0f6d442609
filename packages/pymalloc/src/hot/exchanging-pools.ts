// Pools on their way between an arena and the rings, with the numbers of the profile as constants of the code.

import type { ArenasClass } from "../arenas.ts";
import type { ArenaLayout } from "./arena-layout.ts";

/** Adds `takePool` and `putPool`. @see CPython 3.13 Objects/obmalloc.c, allocate_from_new_pool, insert_to_freepool */
export function defineExchangingPools(Base: ArenasClass, layout: ArenaLayout): ArenasClass {
  const { keepsLast, returnsPools, arenas, usableArenas, nextpool, arenaindex } = layout;
  const { nfreepools, freepools, nextarena, prevarena, arenaWords } = layout;

  abstract class ExchangingPools extends Base {
    override takePool(words: Uint32Array): number {
      const arena = words[(this.state + usableArenas) | 0]! >>> 2;
      const pool = words[arena + freepools]!;
      if (arena === 0 || pool === 0) return this.takeUnlistedPool();
      words[arena + freepools] = words[(pool >>> 2) + nextpool]!;
      this.countTaken(words, arena);
      return pool;
    }

    override putPool(words: Uint32Array, header: number): void {
      const table = words[(this.state + arenas) | 0]! >>> 2;
      const arena = (table + Math.imul(words[header + arenaindex]!, arenaWords)) | 0;
      if (returnsPools) {
        this.returnPool(header);
      } else {
        words[header + nextpool] = words[arena + freepools]!;
        words[arena + freepools] = header << 2;
      }
      const count = words[arena + nfreepools]!;
      words[arena + nfreepools] = count + 1;
      if (count !== 0 && keepsLast && words[arena + nextarena] === 0) this.grewAtEnd(words, arena, count);
      else this.place(arena, count);
    }

    protected override countTaken(words: Uint32Array, arena: number): void {
      const count = words[arena + nfreepools]!;
      this.taking(words, arena, count);
      words[arena + nfreepools] = count - 1;
      if (count !== 1) return;
      const next = words[arena + nextarena]!;
      words[(this.state + usableArenas) | 0] = next;
      if (next !== 0) words[(next >>> 2) + prevarena] = 0;
    }
  }
  return ExchangingPools;
}
