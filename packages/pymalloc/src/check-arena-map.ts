// The radix tree against the arenas that it should know: exactly those, and no address more.

import { type ArenaLookup, arenaCoverage, formatAddress } from "@obmalloc/abi";
import type { Report } from "./check-report.ts";
import type { StateView } from "./state-view.ts";
import { arenaMapCounts } from "./stats.ts";

type Radix = ArenaLookup & { readonly kind: "radix" };

interface Coverage {
  tailHi: number;
  tailLo: number;
}

/** Verifies every entry of every node. */
export function checkArenaMap(view: StateView, report: Report): void {
  const lookup = view.profile.pymalloc.arenaLookup;
  if (lookup.kind === "index") return;
  const expected = expectedCoverage(view);
  const root = view.stateAddress + view.layout.offsets.arena_map_root;
  const known = new Set<number>();
  if (lookup.rootBits === 0) {
    checkLeaf(view, lookup, root, 0, expected, known, report);
  } else {
    checkInterior(view, lookup, root, expected, known, report);
  }
  for (const region of expected.keys()) {
    if (known.has(region)) continue;
    const address = region * view.profile.pymalloc.arenaBytes;
    report("arena-map", address, `No leaf of the arena map covers the arena at ${formatAddress(address)}.`);
  }
}

/** What each arena-sized region of addresses should hold, from the arenas themselves. */
function expectedCoverage(view: StateView): Map<number, Coverage> {
  const { arenaBytes } = view.profile.pymalloc;
  const expected = new Map<number, Coverage>();
  const at = (region: number) => {
    const coverage = expected.get(region) ?? { tailHi: 0, tailLo: 0 };
    expected.set(region, coverage);
    return coverage;
  };
  for (const { address } of view.arenas()) {
    const offset = address % arenaBytes;
    const region = (address - offset) / arenaBytes;
    at(region).tailHi = offset === 0 ? -1 : offset;
    if (offset !== 0) at(region + 1).tailLo = offset;
  }
  return expected;
}

function checkInterior(
  view: StateView,
  lookup: Radix,
  root: number,
  expected: Map<number, Coverage>,
  known: Set<number>,
  report: Report,
): void {
  const { pointerBytes } = view.profile.model;
  const midBytes = 2 ** lookup.midBits * pointerBytes;
  const leafBytes = 2 ** lookup.leafBits * arenaCoverage(view.profile.model).sizeBytes;
  let midNodes = 0;
  let leafNodes = 0;
  for (let top = 0; top < 2 ** lookup.rootBits; top++) {
    const mid = nodeAt(view, root + top * pointerBytes, midBytes, report);
    if (mid === 0) continue;
    midNodes++;
    for (let index = 0; index < 2 ** lookup.midBits; index++) {
      const leaf = nodeAt(view, mid + index * pointerBytes, leafBytes, report);
      if (leaf === 0) continue;
      leafNodes++;
      const firstRegion = (top * 2 ** lookup.midBits + index) * 2 ** lookup.leafBits;
      checkLeaf(view, lookup, leaf, firstRegion, expected, known, report);
    }
  }
  const counted = arenaMapCounts(view);
  if (counted.midNodes !== midNodes || counted.leafNodes !== leafNodes) {
    const found = `${midNodes} middle nodes and ${leafNodes} leaves`;
    report(
      "arena-map",
      root,
      `${found} are in the map; ${counted.midNodes} and ${counted.leafNodes} are counted.`,
    );
  }
}

function checkLeaf(
  view: StateView,
  lookup: Radix,
  leaf: number,
  firstRegion: number,
  expected: Map<number, Coverage>,
  known: Set<number>,
  report: Report,
): void {
  const { sizeBytes, offsets } = arenaCoverage(view.profile.model);
  for (let index = 0; index < 2 ** lookup.leafBits; index++) {
    const entry = leaf + index * sizeBytes;
    const tailHi = view.pointer(entry + offsets.tail_hi) | 0;
    const tailLo = view.pointer(entry + offsets.tail_lo) | 0;
    const right = expected.get(firstRegion + index) ?? { tailHi: 0, tailLo: 0 };
    known.add(firstRegion + index);
    if (tailHi === right.tailHi && tailLo === right.tailLo) continue;
    const found = `tail_hi ${tailHi} and tail_lo ${tailLo}`;
    report("arena-map", entry, `A leaf entry has ${found}, expected ${right.tailHi} and ${right.tailLo}.`);
  }
}

/** The node that the pointer at `slot` leads to; 0 for none and for one that is not in the memory. */
function nodeAt(view: StateView, slot: number, nodeBytes: number, report: Report): number {
  const node = view.pointer(slot);
  if (node === 0 || (node % 4 === 0 && node + nodeBytes <= view.memory.byteLength)) return node;
  report("arena-map", slot, `The arena map leads to ${formatAddress(node)}, where no node can be.`);
  return 0;
}
