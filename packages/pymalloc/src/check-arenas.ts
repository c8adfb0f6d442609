// Each arena by itself, and that no two overlap.

import { formatAddress } from "@obmalloc/abi";
import type { Report } from "./check-report.ts";
import type { ArenaSlot, StateView } from "./state-view.ts";

/** Verifies place, pool counts and list of free pools of every arena. */
export function checkArenas(view: StateView, report: Report): void {
  for (const arena of view.arenas()) {
    if (checkPlace(view, arena, report)) checkFreePools(view, arena, report);
  }
  const { arenaBytes } = view.profile.pymalloc;
  const byAddress = [...view.arenas()].sort((a, b) => a.address - b.address);
  byAddress.forEach((arena, position) => {
    const before = byAddress[position - 1];
    if (before !== undefined && before.address + arenaBytes > arena.address) {
      report(
        "arena-overlap",
        arena.object,
        `The arenas of slots ${before.index} and ${arena.index} overlap.`,
      );
    }
  });
}

function checkPlace(view: StateView, arena: ArenaSlot, report: Report): boolean {
  const { arenaBytes, poolBytes } = view.profile.pymalloc;
  const where = `The arena of slot ${arena.index} at ${formatAddress(arena.address)}`;
  if (
    arena.address % view.profile.model.pointerBytes !== 0 ||
    arena.address + arenaBytes > view.memory.byteLength
  ) {
    report("arena-place", arena.object, `${where} is not in the memory.`);
    return false;
  }
  const first = view.firstPool(arena);
  const total = view.poolCount(arena);
  if (arena.ntotalpools !== total) {
    report("arena-pools", arena.object, `${where} says ${arena.ntotalpools} pools and has ${total}.`);
  }
  const carved = (arena.pool_address - first) / poolBytes;
  if (!Number.isInteger(carved) || carved < 0 || carved > total) {
    report(
      "arena-carving",
      arena.object,
      `${where} would carve at ${formatAddress(arena.pool_address)} next.`,
    );
    return false;
  }
  return true;
}

function checkFreePools(view: StateView, arena: ArenaSlot, report: Report): void {
  const { items: pools, badLink } = view.freePools(arena);
  const where = `The arena of slot ${arena.index}`;
  if (badLink !== undefined) {
    const to = formatAddress(badLink.to);
    report(
      "free-pools",
      badLink.at,
      `The free pools of slot ${arena.index} lead to ${to}: none, or a cycle.`,
    );
  }
  const unused = pools.length + view.poolCount(arena) - view.carvedPools(arena).length;
  if (unused !== arena.nfreepools) {
    report("arena-pools", arena.object, `${where} says ${arena.nfreepools} free pools and has ${unused}.`);
  }
  const listed = new Set(pools);
  for (const pool of view.carvedPools(arena)) {
    const free = view.pool(pool).ref === 0;
    if (free === listed.has(pool)) continue;
    report(
      "free-pools",
      pool,
      `${where} ${free ? "does not list a free pool" : "lists a pool with blocks as free"}.`,
    );
  }
}
