// Every invariant of the allocator, verified from its bytes alone. O(pools + free blocks), on damaged memory too.

import { formatAddress, type Violation } from "@obmalloc/abi";
import { checkArenaMap } from "./check-arena-map.ts";
import { checkArenas } from "./check-arenas.ts";
import { checkControl } from "./check-control.ts";
import { checkHighWords } from "./check-high-words.ts";
import { checkArenaLists } from "./check-lists.ts";
import { checkPools } from "./check-pools.ts";
import type { Report } from "./check-report.ts";
import { type Machine, StateView } from "./state-view.ts";

/**
 * All violated invariants of `machine`, none for a sound one.
 *
 * When `arenas[]` itself cannot be found, that is the only violation reported.
 */
export function check(machine: Machine): Violation[] {
  const violations: Violation[] = [];
  const report: Report = (rule, address, message) => {
    violations.push(Object.freeze({ rule, address, message }));
  };
  const view = new StateView(machine);
  if (!view.tableFits()) {
    const { arenas, maxarenas } = view.state;
    report(
      "arenas-table",
      machine.stateAddress,
      `arenas[] cannot be ${maxarenas} slots at ${formatAddress(arenas)}.`,
    );
    return violations;
  }
  checkCounters(view, report);
  checkArenaLists(view, report);
  checkArenas(view, report);
  checkPools(view, report);
  checkArenaMap(view, report);
  checkControl(view, report);
  checkHighWords(view, report);
  return violations;
}

function checkCounters(view: StateView, report: Report): void {
  const { state, stateAddress, layout } = view;
  const current = view.arenas().length;
  const expect = (name: keyof typeof layout.offsets, holds: boolean, expected: string) => {
    if (holds) return;
    report(
      "counters",
      stateAddress + layout.offsets[name],
      `${name} is ${state[name]}, expected ${expected}.`,
    );
  };
  const { narenas_highwater, ntimes_arena_allocated, raw_allocated_blocks, maxarenas } = state;
  expect("narenas_currently_allocated", state.narenas_currently_allocated === current, `${current}`);
  expect("narenas_highwater", narenas_highwater >= current, `at least ${current}`);
  expect(
    "ntimes_arena_allocated",
    ntimes_arena_allocated >= narenas_highwater,
    `at least ${narenas_highwater}`,
  );
  expect("raw_allocated_blocks", raw_allocated_blocks >= 0, "at least 0");
  const doublings = Math.log2(maxarenas / view.profile.pymalloc.initialArenaObjects);
  expect(
    "maxarenas",
    maxarenas === 0 || (Number.isInteger(doublings) && doublings >= 0),
    "a doubled first size",
  );
  expect("maxarenas", narenas_highwater <= maxarenas, `at least ${narenas_highwater}`);
}
