// The radix tree against the arenas that it should know: exactly those, and no address more.

import { type ArenaLookup, arenaCoverage, formatAddress } from "@obmalloc/abi";
import type { Report } from "./check-report.ts";
import type { StateView } from "./state-view.ts";
import { arenaMapCounts } from "./stats.ts";

type Radix = ArenaLookup & { readonly kind: "radix" };

/** Wrong entries that are reported of one leaf. */
const MOST_REPORTED = 10;

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
  const { profile } = view;
  const midBytes = 2 ** lookup.midBits * profile.model.pointerBytes;
  const leafBytes = 2 ** lookup.leafBits * arenaCoverage(profile.model).sizeBytes;
  // Addresses end at 4 GiB: one entry of the root can be in use, and these of a middle node.
  const leavesBelow4GiB = Math.ceil(2 ** 32 / (profile.pymalloc.arenaBytes * 2 ** lookup.leafBits));
  const [mid = 0] = nodesAt(view, root, 2 ** lookup.rootBits, 1, midBytes, report);
  const leaves = mid === 0 ? [] : nodesAt(view, mid, 2 ** lookup.midBits, leavesBelow4GiB, leafBytes, report);
  leaves.forEach((leaf, index) => {
    if (leaf !== 0) checkLeaf(view, lookup, leaf, index * 2 ** lookup.leafBits, expected, known, report);
  });
  const counted = arenaMapCounts(view);
  const midNodes = mid === 0 ? 0 : 1;
  const leafNodes = leaves.filter((leaf) => leaf !== 0).length;
  if (counted.midNodes !== midNodes || counted.leafNodes !== leafNodes) {
    const found = `${midNodes} middle nodes and ${leafNodes} leaves`;
    report(
      "arena-map",
      root,
      `${found} are in the map; ${counted.midNodes} and ${counted.leafNodes} are counted.`,
    );
  }
}

/** Compares the entries of one leaf; what is wrong with more than a few of them is wrong with the whole leaf. */
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
  let wrong = 0;
  for (let index = 0; index < 2 ** lookup.leafBits; index++) {
    const region = firstRegion + index;
    const entry = leaf + index * sizeBytes;
    const right = expected.get(region) ?? { tailHi: 0, tailLo: 0 };
    if (expected.has(region)) known.add(region);
    const tailHi = view.pointer(entry + offsets.tail_hi) | 0;
    const tailLo = view.pointer(entry + offsets.tail_lo) | 0;
    if (tailHi === right.tailHi && tailLo === right.tailLo) continue;
    const where = formatAddress(region * view.profile.pymalloc.arenaBytes);
    const found = `tail_hi ${tailHi} and tail_lo ${tailLo} for the region at ${where}`;
    report("arena-map", entry, `The map has ${found}, expected ${right.tailHi} and ${right.tailLo}.`);
    if (++wrong === MOST_REPORTED) return;
  }
}

/**
 * The pointers of a node that may be in use, 0 for those that lead to no place for a node. All others must be NULL;
 * the first one that is not is reported.
 */
function nodesAt(
  view: StateView,
  node: number,
  length: number,
  usable: number,
  nodeBytes: number,
  report: Report,
): number[] {
  const { pointerBytes } = view.profile.model;
  const nodes: number[] = [];
  for (let index = 0; index < length; index++) {
    const slot = node + index * pointerBytes;
    const next = view.pointer(slot);
    const high = pointerBytes === 8 ? view.pointer(slot + 4) : 0;
    const fits = next % 4 === 0 && next + nodeBytes <= view.memory.byteLength && high === 0;
    if ((next !== 0 || high !== 0) && (index >= usable || !fits)) {
      report("arena-map", slot, `The arena map leads to ${formatAddress(next)}, where no node can be.`);
      if (index >= usable) break;
    }
    if (index < usable) nodes.push(fits ? next : 0);
  }
  return nodes;
}
