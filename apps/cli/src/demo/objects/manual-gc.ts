// `obmalloc demo manual-gc`: thresholds, switching the collector off, freezing: how many collections, and what they look at.

import type { ObjectAddress, Profile } from "@obmalloc/abi";
import { tableLines } from "../../shared/table.ts";
import { formatCount } from "../../shared/units.ts";
import type { DemoContext, DemoStep } from "../demo.ts";
import { giveItem, type Setting, setUp } from "./setting.ts";

const KEPT = 20_000;
const REQUESTS = 200;
const PER_REQUEST = 20;
const REQUESTS_PER_COLLECTION = 20;

interface Run {
  readonly collections: number;
  readonly looked: number;
  readonly collected: number;
  readonly pauseMs: number;
  readonly left: number;
}

export function* manualGcDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const standard = profile.objects.gc.thresholds;
  yield {
    title: "When the collector runs by itself",
    text:
      `There are counts and thresholds: (${standard.join(", ")}) in CPython ${profile.version}. ` +
      (profile.objects.gc.trigger === "allocation"
        ? "The allocation that makes the first count exceed its threshold runs a collection before it returns."
        : "The allocation that makes the first count exceed its threshold asks for a collection, which runs between two bytecodes."),
    lines: thresholdLines(profile),
  };

  const rows = [
    [`standard (${standard[0]})`, building(profile, standard[0]!)],
    ["threshold 10,000", building(profile, 10_000)],
    ["gc.disable()", building(profile, 0)],
  ] as const;
  yield {
    title: `Building ${formatCount(KEPT)} lists that all stay`,
    text: "None of them is garbage: every look at them is for nothing. Programs that load much at their start raise the threshold, or switch the collector off meanwhile.",
    lines: table(rows, look),
  };

  const serving = [
    ["gc.collect()", serve(profile, false)],
    ["gc.freeze() first", serve(profile, true)],
  ] as const;
  yield {
    title: `${REQUESTS} requests that leave cycles behind, beside all that`,
    text: `gc.collect() after every ${REQUESTS_PER_COLLECTION}th of them walks everything that is alive. gc.freeze() moves what is there into a generation that is never looked at.`,
    lines: table(serving, look),
  };

  const manual = [
    ["by itself", idle(profile, false)],
    ["gc.collect(0) when idle", idle(profile, true)],
  ] as const;
  yield {
    title: "Or collect when nobody waits",
    text: "With the collector off, and gc.collect(0) between two requests, no request is ever paused; what a young collection looks at is little.",
    lines: table(manual, look),
  };
}

function thresholdLines(profile: Profile): string[] {
  const { py } = setUp(profile);
  const lines = [`gc.get_threshold() -> (${py.gc.getThreshold().join(", ")})`];
  py.gc.collect();
  lines.push(`gc.get_count()     -> (${py.gc.getCount().join(", ")}) after gc.collect()`);
  const made = Array.from({ length: 5 }, () => py.lists.new());
  lines.push(`gc.get_count()     -> (${py.gc.getCount().join(", ")}) after five new lists`);
  for (const o of made) py.decref(o);
  return lines;
}

/** A watch over what a piece of work costs in collections. */
function watch(profile: Profile, work: (setting: Setting) => void): Run {
  let startedAt = 0;
  let looked = 0;
  let pauseMs = 0;
  const setting = setUp(profile);
  const { py } = setting;
  const callback = py.functions.newBuiltin("watch", (phase: ObjectAddress, info: ObjectAddress) => {
    const now = performance.now();
    if (py.strings.value(phase) === "start") {
      startedAt = now;
      const key = py.strings.name("generation");
      const generation = py.ints.toNumber(py.dicts.getItem(info, key));
      py.decref(key);
      looked += lookedAt(py, generation);
    } else {
      pauseMs = Math.max(pauseMs, now - startedAt);
    }
  });
  py.lists.append(py.gc.callbacks, callback);
  const before = py.gc.getStats();
  work(setting);
  const after = py.gc.getStats();
  const sum = (name: "collections" | "collected") =>
    after.reduce((total, one, i) => total + one[name] - before[i]![name], 0);
  return {
    collections: sum("collections"),
    looked,
    collected: sum("collected"),
    pauseMs,
    left: py.gc.getObjects().length,
  };
}

/** Objects in a generation and those younger than it. */
function lookedAt(py: Setting["py"], generation: number): number {
  const { heads, state } = py.core;
  return state.lists.slice(0, generation + 1).reduce((sum, list) => sum + heads.size(list), 0);
}

function build({ py }: Setting, count: number): ObjectAddress {
  const kept = py.lists.new();
  for (let i = 0; i < count; i++) {
    giveItem(py, kept, py.lists.new());
    py.gc.checkEvalBreaker();
  }
  return kept;
}

function building(profile: Profile, threshold: number): Run {
  return watch(profile, (setting) => {
    const { py } = setting;
    py.gc.setThreshold(threshold);
    py.gc.enable();
    build(setting, KEPT);
    py.gc.disable();
  });
}

function request({ py }: Setting): void {
  for (let i = 0; i < PER_REQUEST; i++) {
    const list = py.lists.new();
    giveItem(py, list, list);
    py.gc.checkEvalBreaker();
  }
}

function serve(profile: Profile, isFrozen: boolean): Run {
  return watch(profile, (setting) => {
    const { py } = setting;
    build(setting, KEPT);
    py.gc.collect();
    if (isFrozen) py.gc.freeze();
    for (let i = 1; i <= REQUESTS; i++) {
      request(setting);
      if (i % REQUESTS_PER_COLLECTION === 0) py.gc.collect();
    }
    py.gc.unfreeze();
  });
}

function idle(profile: Profile, isManual: boolean): Run {
  return watch(profile, (setting) => {
    const { py } = setting;
    build(setting, KEPT);
    py.gc.collect();
    py.gc.setThreshold(100, 5, 5);
    if (!isManual) py.gc.enable();
    for (let i = 0; i < REQUESTS; i++) {
      request(setting);
      if (isManual) py.gc.collect(0);
    }
    py.gc.disable();
  });
}

function table(rows: readonly (readonly [name: string, run: Run])[], look: DemoContext["look"]): string[] {
  const right = (heading: string) => ({ heading, align: "right" as const });
  return tableLines(
    [
      { heading: "" },
      right("collections"),
      right("objects looked at"),
      right("collected"),
      right("longest pause"),
    ],
    rows.map(([name, run]) => [
      name,
      formatCount(run.collections),
      formatCount(run.looked),
      formatCount(run.collected),
      `${run.pauseMs.toFixed(2)} ms`,
    ]),
    look.colors,
  );
}
