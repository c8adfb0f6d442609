// The control block: who the allocator says that it is, and its bitmaps against the arenas.

import { formatAddress } from "@obmalloc/abi";
import type { Report } from "./check-report.ts";
import { CONTROL, type ControlFacts, controlValues } from "./control-block.ts";
import type { StateView } from "./state-view.ts";

/** Verifies the constant fields of the control block, and every bit of the maps. */
export function checkControl(view: StateView, report: Report): void {
  const facts: Omit<ControlFacts, "countsCalls"> = view;
  for (const [name, expected] of Object.entries(controlValues(facts))) {
    const address = view.address + CONTROL[name as keyof typeof CONTROL] * 4;
    const found = view.pointer(address);
    if (found !== expected) report("control-block", address, `${name} is ${found}, expected ${expected}.`);
  }
  checkMap(view, "carved", (arena) => view.carvedPools(arena), report);
  if (view.rules.returnFreePools) {
    checkMap(view, "returned", (arena) => view.returnedPools(arena), report);
  }
}

/** Compares a bitmap word by word with the pools that should be in it. */
function checkMap(
  view: StateView,
  map: "carved" | "returned",
  poolsOf: (arena: ReturnType<StateView["arenas"]>[number]) => readonly number[],
  report: Report,
): void {
  const { poolBytes } = view.profile.pymalloc;
  const expected = new Map<number, number>();
  for (const arena of view.arenas()) {
    for (const pool of poolsOf(arena)) {
      const page = pool / poolBytes;
      expected.set(page >>> 5, ((expected.get(page >>> 5) ?? 0) | (1 << page)) >>> 0);
    }
  }
  for (let word = 0; word < view.poolMap.length; word++) {
    const address = (view.poolMap[map] + word) * 4;
    const wrong = (view.pointer(address) ^ (expected.get(word) ?? 0)) >>> 0;
    if (wrong === 0) continue;
    const pool = (word * 32 + 31 - Math.clz32(wrong)) * poolBytes;
    const found = (view.pointer(address) & wrong) === 0 ? "not there" : "there";
    report("pool-map", address, `The page at ${formatAddress(pool)} is ${found} in the map of ${map} pools.`);
  }
}
