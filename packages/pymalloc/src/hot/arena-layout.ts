// What the hot paths of arenas know of a profile and of the rules.

import type { Profile } from "@obmalloc/abi";
import { obmallocState } from "../state-layout.ts";
import type { Rules } from "../variations.ts";
import { wordOffsets } from "../word-offsets.ts";

/** Offsets in words. Two that agree in everything share the compiled class. */
export interface ArenaLayout {
  readonly order: "fingers" | "linear" | "unsorted";
  /** Whether an arena that becomes empty stays when it is the last of usable_arenas, whatever else is empty. */
  readonly keepsLast: boolean;
  readonly returnsPools: boolean;
  /** Words of a pointer. */
  readonly pointer: number;
  // In struct _obmalloc_state.
  readonly arenas: number;
  readonly usableArenas: number;
  readonly nfp2lasta: number;
  // In an arena object, and its words.
  readonly nfreepools: number;
  readonly freepools: number;
  readonly nextarena: number;
  readonly prevarena: number;
  readonly arenaWords: number;
  // In a pool header.
  readonly nextpool: number;
  readonly arenaindex: number;
}

export function arenaLayout(profile: Profile, rules: Rules): ArenaLayout {
  const { pointer, arena, pool, arenaWords } = wordOffsets(profile.model);
  const { emptyArenas, usableArenasOrder } = profile.pymalloc;
  const state = obmallocState(profile).offsets;
  return {
    order: rules.fullestFirst ? usableArenasOrder : "unsorted",
    keepsLast: emptyArenas === "keep-last" && rules.keptEmptyArenas === undefined,
    returnsPools: rules.returnFreePools,
    pointer,
    arenas: state.arenas >>> 2,
    usableArenas: state.usable_arenas >>> 2,
    nfp2lasta: state.nfp2lasta >>> 2,
    nfreepools: arena.nfreepools,
    freepools: arena.freepools,
    nextarena: arena.nextarena,
    prevarena: arena.prevarena,
    arenaWords,
    nextpool: pool.nextpool,
    arenaindex: pool.arenaindex,
  };
}
