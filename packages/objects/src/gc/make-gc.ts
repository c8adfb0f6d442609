// Puts the collector of a version together.

import type { ObjectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { CollectionPhases, type PhaseParts } from "./collection-phases.ts";
import { underflow } from "./collector.ts";
import { CountedHeads } from "./counted-heads.ts";
import { CountedPasses } from "./counted-passes.ts";
import { Deduction } from "./deduction.ts";
import { Gc } from "./gc.ts";
import { type CallbackParts, GcCallbacks } from "./gc-callbacks.ts";
import { GcReport } from "./gc-report.ts";
import type { CollectionResult } from "./gc-state.ts";
import { GcStatistics } from "./gc-statistics.ts";
import { GenerationalCollector } from "./generational.ts";
import { IncrementalCollector } from "./incremental.ts";
import type { Passes } from "./passes.ts";
import { SpacedHeads } from "./spaced-heads.ts";
import type { TaggedHeads } from "./tagged-heads.ts";
import { TaggedPasses } from "./tagged-passes.ts";

/** What the collector needs beside the core. */
export interface GcOptions {
  readonly objects: PhaseParts & CallbackParts;
  readonly stderr: (text: string) => void;
  readonly clock: () => number;
  readonly clearFreeLists: () => void;
  /** Objects that the program holds, from which an incremental collector marks first. */
  readonly roots: () => Iterable<ObjectAddress>;
}

/** The gc module of a version, with its collector. */
export function makeGc(core: Core, { objects, stderr, clock, clearFreeLists, roots }: GcOptions): Gc {
  const statistics = new GcStatistics(core.ground, core.state);
  const callbacks = new GcCallbacks(core, objects);
  const parts = {
    ...makePasses(core, objects),
    phases: new CollectionPhases(core, objects),
    statistics,
    report: new GcReport(core, stderr),
    clock,
    invokeCallbacks: (phase: "start" | "stop", generation: number, result: CollectionResult) =>
      callbacks.invoke(phase, generation, result),
    clearFreeLists,
  };
  const isIncremental = core.ground.profile.objects.gc.collector === "incremental";
  const collector = isIncremental
    ? new IncrementalCollector(core, parts, roots)
    : new GenerationalCollector(core, parts);
  return new Gc(core, { collector, statistics, lists: objects.lists });
}

function makePasses(core: Core, { tuples }: PhaseParts): { passes: Passes; deduction: Deduction } {
  const { counts, ground, heads, state, traversal, types } = core;
  const { index, memory } = ground;
  const { gc } = ground.profile.objects;
  const onImmortal = (head: number) => {
    if (gc.immortals === "permanent") heads.move(head, state.permanent);
    else heads.untrack(heads.object(head));
  };
  const untrackTuple = (o: number) => {
    if (types.of(o) === types.builtin.tuple) tuples.maybeUntrack(o);
  };
  const onReachable = gc.tuplesUntracked === "while-moving" ? untrackTuple : undefined;
  const onUnderflow = (head: number) => underflow(core, head);
  const parts = { memory, index, counts, types, traversal, onImmortal, onReachable, onUnderflow };
  const deduction = new Deduction({ ...parts, heads });
  const passes =
    heads instanceof CountedHeads
      ? new CountedPasses({ ...parts, heads })
      : new TaggedPasses({
          ...parts,
          heads: heads as TaggedHeads,
          unreachableMark: heads instanceof SpacedHeads ? 2 : 1,
        });
  return { passes, deduction };
}
