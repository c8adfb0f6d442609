// `obmalloc demo churn`: how long objects live, and what that does to arenas.

import type { ObjectAddress, Profile } from "@obmalloc/abi";
import { bar } from "../../shared/bar.ts";
import { tableLines } from "../../shared/table.ts";
import { counted, formatBytes, formatCount, formatPercent } from "../../shared/units.ts";
import type { DemoContext, DemoStep } from "../demo.ts";
import { type Setting, setUp } from "./setting.ts";

/** So many that arenas come and go; each hundredth is kept. */
const OBJECTS = 100_000;
const SURVIVORS = OBJECTS / 100;
const BAR_WIDTH = 24;

interface Held {
  readonly arenas: number;
  readonly bytes: number;
  readonly liveBytes: number;
}

export function* churnDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const { arenaBytes, poolBytes } = profile.pymalloc;
  const start = held(setUp(profile));
  yield {
    title: "Arenas, pools, blocks",
    text:
      `pymalloc takes ${formatBytes(arenaBytes)} at a time from the system, and gives an arena back only when every one of its ` +
      `pools of ${formatBytes(poolBytes)} is empty. One object that lives on holds a pool, and with it the arena.`,
    lines: [
      `a new interpreter: ${counted(start.arenas, "arena")}, ${formatBytes(start.liveBytes)} in live blocks`,
    ],
  };

  const peak = churn(profile, () => true);
  yield {
    title: `${formatCount(OBJECTS)} instances, all alive`,
    text: "Each has an attribute of its own, a float. This is the peak of everything that follows.",
    lines: [heldLine("peak", peak, peak, look)],
  };

  const short = churn(profile, () => false, SURVIVORS);
  const none = churn(profile, () => false);
  yield {
    title: "Short lives cost little, together they cost a peak",
    text: "The same objects, once 1 % of them at a time, once all made before any dies. Afterwards nothing of them is left in both.",
    lines: [
      heldLine("in small groups", short, peak, look),
      heldLine("all at once, then gone", none, peak, look),
    ],
  };

  const spread = churn(profile, (i) => i % 100 === 0);
  const together = churn(profile, (i) => i < SURVIVORS);
  yield {
    title: "1 % survives: where they lie decides",
    text: `${formatCount(SURVIVORS)} objects are kept. In one run every hundredth, as a cache fills while work goes on; in the other the first ones, as configuration that is read at the start.`,
    lines: [
      heldLine("every hundredth", spread, peak, look),
      heldLine("the first ones", together, peak, look),
    ],
  };

  const copied = churn(profile, (i) => i % 100 === 0, OBJECTS, true);
  yield {
    title: "Copy the survivors, drop the originals",
    text: "New objects go into the fullest pools of the fullest arenas. A copy moves the survivors together, and the rest becomes free.",
    lines: [heldLine("spread", spread, peak, look), heldLine("after the copy", copied, peak, look)],
  };

  yield {
    title: "What to take from it",
    text: "Memory that stays after the work is done is seldom a leak: few survivors hold much. Make what lives long before what lives short, or elsewhere.",
    lines: tableLines(
      [{ heading: "survivors" }, { heading: "arenas", align: "right" }, { heading: "used", align: "right" }],
      (
        [
          ["none", none],
          ["the first ones", together],
          ["every hundredth", spread],
          ["copied", copied],
        ] as const
      ).map(([name, one]) => [name, formatCount(one.arenas), formatPercent(one.liveBytes / one.bytes)]),
      look.colors,
    ),
  };
}

/** Makes all objects, a group at a time, and keeps those that `keeps` says. */
function churn(profile: Profile, keeps: (i: number) => boolean, group = OBJECTS, isCopied = false): Held {
  const setting = setUp(profile);
  const { py } = setting;
  const Node = py.classes.new({ name: "Node" });
  const make = () => {
    const o = py.instances.new(Node);
    const value = py.floats.new(0.5);
    py.instances.setAttribute(o, "value", value);
    py.decref(value);
    return o;
  };
  const kept: ObjectAddress[] = [];
  for (let first = 0; first < OBJECTS; first += group) {
    const made = Array.from({ length: group }, make);
    made.forEach((o, i) => {
      if (keeps(first + i)) kept.push(o);
      else py.decref(o);
    });
  }
  if (isCopied) {
    py.gc.collect(); // or copies would take the places of floats that died all over the arenas
    const copies = kept.map(make);
    for (const o of kept) py.decref(o);
    kept.splice(0, kept.length, ...copies);
  }
  py.gc.collect(); // empties the free lists
  return held(setting);
}

function held({ memory }: Setting): Held {
  const { arenasCurrent, bytes } = memory.pymalloc.collectStats();
  return {
    arenas: arenasCurrent,
    bytes: arenasCurrent * memory.profile.pymalloc.arenaBytes,
    liveBytes: bytes.allocatedBlocks,
  };
}

function heldLine(name: string, one: Held, peak: Held, look: DemoContext["look"]): string {
  const drawn = bar(one.bytes / peak.bytes, BAR_WIDTH, look.unicode).padEnd(BAR_WIDTH);
  return `${name.padEnd(24)} ${drawn} ${formatBytes(one.bytes)} in ${counted(one.arenas, "arena")}, ${formatBytes(one.liveBytes)} live`;
}
