// The choice between the two ways to tell whether an address lies in an arena.

import { ArenaIndex } from "./arena-index.ts";
import { ArenaMap } from "./arena-map.ts";
import { ArenaMapLeaf } from "./arena-map-leaf.ts";
import type { ArenaMembership, MembershipOptions } from "./arena-membership.ts";

/** The membership test that the profile names. */
export function makeMembership(options: MembershipOptions): ArenaMembership {
  const lookup = options.profile.pymalloc.arenaLookup;
  if (lookup.kind === "index") return new ArenaIndex(options);
  return lookup.rootBits > 0 ? new ArenaMap(options, lookup) : new ArenaMapLeaf(options);
}
