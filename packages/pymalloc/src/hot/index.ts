// Putting the compiled classes of a profile together. Profiles with the same numbers share them, so that V8 has few
// classes to learn about.

import type { Profile } from "@obmalloc/abi";
import { Arenas, type ArenasClass, type ArenasParts } from "../arenas.ts";
import { PyMalloc, type PyMallocClass, type PyMallocParts } from "../pymalloc.ts";
import type { Rules } from "../variations.ts";
import { defineAllocating } from "./allocating.ts";
import { type ArenaLayout, arenaLayout } from "./arena-layout.ts";
import { defineChecking } from "./checking.ts";
import { defineCounting } from "./counting.ts";
import { defineExchangingPools } from "./exchanging-pools.ts";
import { defineFingerOrder } from "./finger-order.ts";
import { defineFreeing } from "./freeing.ts";
import { type HotLayout, hotLayout } from "./hot-layout.ts";
import { defineNoOrder, defineSearchedOrder } from "./other-orders.ts";
import { defineStartingPools } from "./starting-pools.ts";
import { defineWatching } from "./watching.ts";

/** What a class does beyond the plain one. */
export interface Extras {
  /** Whether others can grow the memory unseen. */
  readonly watching: boolean;
  readonly checked: boolean;
  readonly counting: boolean;
}

const pymallocs = new Map<string, PyMallocClass>();
const arenas = new Map<string, ArenasClass>();

/** The class whose code has the numbers of `profile` in it. */
export function pymallocClass(profile: Profile, extras: Extras): new (parts: PyMallocParts) => PyMalloc {
  const layout = hotLayout(profile);
  const key = keyOf({ ...layout, ...extras });
  const found = pymallocs.get(key) ?? definePyMalloc(layout, extras);
  pymallocs.set(key, found);
  return found as new (
    parts: PyMallocParts,
  ) => PyMalloc; // nothing of it is abstract any more
}

/** The class whose code has the numbers of `profile` and the rules in it. */
export function arenasClass(profile: Profile, rules: Rules): new (parts: ArenasParts) => Arenas {
  const layout = arenaLayout(profile, rules);
  const key = keyOf(layout);
  const found = arenas.get(key) ?? defineArenas(layout);
  arenas.set(key, found);
  return found as new (
    parts: ArenasParts,
  ) => Arenas;
}

function definePyMalloc(layout: HotLayout, extras: Extras): PyMallocClass {
  let defined = defineFreeing(defineAllocating(defineStartingPools(PyMalloc, layout), layout), layout);
  if (extras.watching) defined = defineWatching(defined);
  if (extras.checked) defined = defineChecking(defined);
  if (extras.counting) defined = defineCounting(defined);
  return defined;
}

function defineArenas(layout: ArenaLayout): ArenasClass {
  const exchanging = defineExchangingPools(Arenas, layout);
  if (layout.order === "unsorted") return defineNoOrder(exchanging);
  return (layout.order === "linear" ? defineSearchedOrder : defineFingerOrder)(exchanging, layout);
}

function keyOf(layout: object): string {
  return Object.values(layout).join(" ");
}
