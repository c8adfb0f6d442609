// usable_arenas, unused_arena_objects and nfp2lasta: who is on them, in which order.

import { formatAddress, maxPoolsInArena } from "@obmalloc/abi";
import type { Report } from "./check-report.ts";
import type { ArenaSlot, StateView } from "./state-view.ts";

/** Verifies the lists of arena objects and the fingers into one of them. */
export function checkArenaLists(view: StateView, report: Report): void {
  checkUnused(view, report);
  checkUsable(view, report);
  checkFingers(view, report);
}

function checkUnused(view: StateView, report: Report): void {
  const { items: slots, badLink } = view.unusedSlots();
  if (badLink !== undefined) {
    const to = formatAddress(badLink.to);
    report("unused-list", badLink.at, `unused_arena_objects leads to ${to}: no slot, or a cycle.`);
  }
  const listed = new Set(slots);
  for (const slot of view.slots) {
    if (listed.has(slot) === (slot.address === 0)) continue;
    const found = listed.has(slot)
      ? "has an arena but is listed as unused"
      : "has no arena and is not listed";
    report("unused-list", slot.object, `Slot ${slot.index} ${found}.`);
  }
}

function checkUsable(view: StateView, report: Report): void {
  const { items: slots, badLink } = view.usableArenas();
  if (badLink !== undefined) {
    const to = formatAddress(badLink.to);
    report("usable-list", badLink.at, `usable_arenas leads to ${to}: no slot, or a cycle.`);
  }
  const listed = new Set(slots);
  for (const slot of view.arenas()) {
    if (listed.has(slot) === slot.nfreepools > 0) continue;
    const found = listed.has(slot) ? "is listed without a free pool" : "has free pools and is not listed";
    report("usable-list", slot.object, `The arena of slot ${slot.index} ${found}.`);
  }
  slots.forEach((slot, position) => {
    const before = slots[position - 1];
    if (slot.address === 0) {
      report("usable-list", slot.object, `Slot ${slot.index} is listed as usable and has no arena.`);
    }
    if (slot.prevarena !== (before?.object ?? 0)) {
      report("usable-links", slot.object, `prevarena of slot ${slot.index} is not the arena before it.`);
    }
    if (before !== undefined && view.rules.fullestFirst && before.nfreepools > slot.nfreepools) {
      report(
        "usable-order",
        slot.object,
        `Slot ${slot.index} with ${slot.nfreepools} free pools comes after one with ${before.nfreepools}.`,
      );
    }
  });
  checkEmpty(view, slots, report);
}

/** Arenas without a block in use, but for those that the rules keep, have been given back. */
function checkEmpty(view: StateView, usable: readonly ArenaSlot[], report: Report): void {
  const { keptEmptyArenas } = view.rules;
  const empty = usable.filter((slot) => slot.nfreepools === slot.ntotalpools);
  const keepsLast = keptEmptyArenas === undefined && view.profile.pymalloc.emptyArenas === "keep-last";
  const surplus = keepsLast
    ? empty.filter((slot) => slot !== usable.at(-1))
    : empty.slice(keptEmptyArenas ?? 0);
  for (const slot of surplus) {
    report("empty-arena", slot.object, `The arena of slot ${slot.index} is empty and was not given back.`);
  }
}

function checkFingers(view: StateView, report: Report): void {
  if (view.profile.pymalloc.usableArenasOrder !== "fingers") return;
  const last = new Map<number, number>();
  const sorted = view.rules.fullestFirst ? view.usableArenas().items : [];
  for (const slot of sorted) last.set(slot.nfreepools, slot.object);
  for (let count = 0; count <= maxPoolsInArena(view.profile); count++) {
    const expected = last.get(count) ?? 0;
    const found = view.finger(count);
    if (found === expected) continue;
    report(
      "nfp2lasta",
      view.fingerAddress(count),
      `nfp2lasta[${count}] is ${formatAddress(found)}, the last such arena is ${formatAddress(expected)}.`,
    );
  }
}
