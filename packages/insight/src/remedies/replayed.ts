// Remedies that need the whole recording once more, with an edit: what each would have held at the moment.

import { classBytes, type Profile, profiles, sizeClassCount } from "@obmalloc/abi";
import type { Frame, Pin, TraceReader } from "@obmalloc/trace";
import type { ClassLifetimes } from "../answer/lifetimes.ts";
import type { Examination } from "../history/examine.ts";
import { tallyGrowth, tallyLines } from "../history/tally.ts";
import { ChunkedMachine, LongLivedFirstMachine, PaddedMachine, ReHomedMachine } from "../what-if/edits.ts";
import { recordedSettings, runMachine, runMachines } from "../what-if/what-if.ts";
import { WhatIfMachine } from "../what-if/what-if-machine.ts";
import { collectOftener } from "./garbage.ts";
import type { PlannedRemedy, Remedy } from "./remedy.ts";
import { birthsOfSurvivors, flagsOf, sizesOfSurvivors } from "./survivors.ts";

export interface PlanOptions {
  readonly pins: readonly Pin[];
  readonly lifetimes: readonly ClassLifetimes[];
}

/** Temporaries are cleared when this share of their number at the peak has gathered. */
const CHUNK_SHARE = 0.01;
/** Lines whose temporaries make up this share of what died since the peak. */
const TEMPORARY_SHARE = 0.995;

/** What is worth a replay for this recording; nothing without pools or stacks, or where no line pins an arena. */
export function planReplays(examination: Examination, { pins, lifetimes }: PlanOptions): PlannedRemedy[] {
  const { trace, replay } = examination;
  const top = pins
    .filter((pin) => pin.frame !== undefined)
    .reduce<Pin | undefined>((best, pin) => (best && weight(best) >= weight(pin) ? best : pin), undefined);
  if (!replay.hasPools) return [];
  const others = [...collectOftener(examination), ...otherGeometries(examination)];
  if (top === undefined || trace.info.stacks === "none") return others;
  return [
    reHoming(examination, top),
    clearInChunks(examination),
    ...otherSizeClass(examination, top, lifetimes),
    longLivedFirst(examination, top),
    ...others,
  ].filter((plan) => plan !== undefined);
}

/** Runs what was planned; best first is the caller's business. */
export function runPlans(
  { trace, moment, replay }: Examination,
  plans: readonly PlannedRemedy[],
  arenasNow: number,
  onProgress?: (events: number) => void,
): Remedy[] {
  const isDerived = trace.info.derivedFrom !== undefined;
  const arenas = isDerived && plans.length > 0 ? modelledArenas(trace, moment.event) : arenasNow;
  const heldNow = arenas * replay.profile.pymalloc.arenaBytes;
  const resultOf = (machine: WhatIfMachine, index: number): Remedy => {
    const held = machine.arenas * machine.profile.pymalloc.arenaBytes;
    // Of a capture, arenas that follow from addresses and those of such a heap are not the same ones.
    const arenasAfter = isDerived ? undefined : machine.arenas;
    return { ...plans[index]!.remedy, savingBytes: heldNow - held, arenasAfter };
  };
  const makes = plans.map(({ make }) => make);
  return versionsTogether(plans, runMachines(trace, makes, moment.event, resultOf, onProgress));
}

/** Other versions that save the same are one remedy. */
function versionsTogether(plans: readonly PlannedRemedy[], remedies: readonly Remedy[]): Remedy[] {
  const versionsOf = new Map<string, string[]>();
  const keyOf = ({ savingBytes, arenasAfter }: Remedy) => `${savingBytes} ${arenasAfter}`;
  for (const [index, { version }] of plans.entries()) {
    const key = keyOf(remedies[index]!);
    if (version !== undefined) versionsOf.set(key, [...(versionsOf.get(key) ?? []), version]);
  }
  return remedies.flatMap((remedy, index) => {
    const { version } = plans[index]!;
    if (version === undefined) return [remedy];
    const versions = versionsOf.get(keyOf(remedy))!;
    return versions[0] === version ? [{ ...remedy, title: otherVersionTitle(versions) }] : [];
  });
}

/** `3.7, 3.8 or 3.9`. */
function otherVersionTitle(versions: readonly string[]): string {
  const all = [versions.slice(0, -1).join(", "), ...versions.slice(-1)].filter((text) => text !== "");
  return `Run it on CPython ${all.join(" or ")}, as far as arenas and pools go`;
}

/** What the same operations need in a heap that begins empty: what edits of them are compared with where nothing was replayed. */
function modelledArenas(trace: TraceReader, event: number): number {
  const machine = new WhatIfMachine(trace, recordedSettings(trace));
  runMachine(trace, machine, event);
  return machine.arenas;
}

/** Re-homing for traces whose heap cannot go on, since nobody knows its free lists. */
function reHoming(examination: Examination, pin: Pin): PlannedRemedy | undefined {
  const { trace } = examination;
  if (trace.info.derivedFrom === undefined) return undefined;
  const flags = flagsOf(examination, new Set([pin.frame]));
  const survives = birthsOfSurvivors(examination).has;
  return {
    make: () => new ReHomedMachine(trace, recordedSettings(trace), flags, survives),
    remedy: {
      kind: "re-home",
      title: "Copy what this line keeps once the work is done, and drop the originals",
      frame: pin.frame,
      cost: `${pin.blocks} copies, ${pin.liveBytes} bytes, at one moment; whoever else holds an original has to let go of it`,
      grade: "modelled",
      parameter: undefined,
      basis: "the captured operations in a heap that begins empty; all copies made, then the originals freed",
    },
  };
}

const weight = (pin: Pin) => pin.heldBytes + pin.sharedBytes;

function clearInChunks(examination: Examination): PlannedRemedy | undefined {
  const { trace, stacks, atPeak, now } = examination;
  const died = tallyLines(tallyGrowth(atPeak, now), stacks).filter((line) => line.inPools > 0);
  const total = died.reduce((sum, line) => sum + line.inPools, 0);
  const frames = new Set<Frame | undefined>();
  let covered = 0;
  for (const line of died.sort((a, b) => b.inPools - a.inPools)) {
    if (covered >= total * TEMPORARY_SHARE) break;
    covered += line.inPools;
    if (line.frame !== undefined) frames.add(line.frame);
  }
  const first = died[0]?.frame;
  if (first === undefined || frames.size === 0) return undefined;
  const flags = flagsOf(examination, frames);
  const survives = birthsOfSurvivors(examination).has;
  const chunkBlocks = Math.max(1000, Math.round(blocksAtPeak(examination, flags) * CHUNK_SHARE));
  return {
    make: () => new ChunkedMachine(trace, recordedSettings(trace), flags, survives, chunkBlocks),
    remedy: {
      kind: "clear-in-chunks",
      title: "Clear the temporaries of this line in chunks while the work goes on, not all at its end",
      frame: first,
      cost: `work in about 100 rounds; ${chunkBlocks} temporary blocks alive at most`,
      grade: "modelled",
      parameter: chunkBlocks,
      basis: `replayed with the temporaries of ${frames.size} lines freed whenever ${chunkBlocks} of them are alive`,
    },
  };
}

/** Live blocks of the flagged stacks at the peak. The look at all blocks was taken a little before it: the rest is scaled. */
function blocksAtPeak({ atPeak, timeline }: Examination, flags: Uint8Array): number {
  let blocks = 0;
  let bytesSeen = 0;
  for (let stack = 0; stack < flags.length; stack++) {
    bytesSeen += atPeak.inPools[stack]! + atPeak.outside[stack]!;
    if (flags[stack] === 1) blocks += atPeak.blocks[stack]!;
  }
  const peak = timeline.reduce((most, point) => Math.max(most, point.liveBytes + point.outsideBytes), 0);
  return bytesSeen === 0 ? 0 : (blocks * peak) / bytesSeen;
}

/** The nearest larger class in which next to nothing is born: there the survivors are among themselves. */
function otherSizeClass(
  examination: Examination,
  top: Pin,
  lifetimes: readonly ClassLifetimes[],
): PlannedRemedy[] {
  const { trace, replay } = examination;
  const flags = flagsOf(examination, new Set([top.frame]));
  const sizes = sizesOfSurvivors(examination, flags);
  const largest = sizes.reduce((max, size) => Math.max(max, size), 0);
  const smallest = sizes.reduce((min, size) => Math.min(min, size), largest);
  const { alignmentBytes } = replay.profile.pymalloc;
  const szidx = Math.ceil(largest / alignmentBytes) - 1;
  const deaths = (index: number) => lifetimes.find((row) => row.szidx === index)?.deaths ?? 0;
  for (let target = szidx + 1; target < Math.min(szidx + 9, sizeClassCount(replay.profile)); target++) {
    if (deaths(target) > deaths(szidx) / 20) continue;
    const added = target * alignmentBytes + 1 - smallest;
    if (added + largest > (target + 1) * alignmentBytes) continue;
    const survives = birthsOfSurvivors(examination).has;
    const padding = { fromBytes: smallest, toBytes: largest, addedBytes: added };
    return [
      {
        make: () => new PaddedMachine(trace, recordedSettings(trace), flags, survives, padding),
        remedy: {
          kind: "other-size-class",
          title: `Make what this line keeps ${added} bytes larger, so that it shares no pools with the temporaries`,
          frame: top.frame,
          cost: `${sizes.length * (classBytes(replay.profile, target) - classBytes(replay.profile, szidx))} bytes more in blocks`,
          grade: "modelled",
          parameter: added,
          basis: `replayed with what the line keeps ${added} bytes larger, in the class of ${classBytes(replay.profile, target)} bytes`,
        },
      },
    ];
  }
  return [];
}

function longLivedFirst(examination: Examination, top: Pin): PlannedRemedy {
  const { trace } = examination;
  const flags = flagsOf(examination, new Set([top.frame]));
  const sizes = sizesOfSurvivors(examination, flags);
  const survives = birthsOfSurvivors(examination).has;
  return {
    make: () => new LongLivedFirstMachine(trace, recordedSettings(trace), flags, survives, sizes),
    remedy: {
      kind: "long-lived-first",
      title: "Make what this line keeps before the temporaries, in a pass of its own",
      frame: top.frame,
      cost: "two passes over the input",
      grade: "modelled",
      parameter: undefined,
      basis: `replayed with the line's ${sizes.length} survivors allocated when the first of them was`,
    },
  };
}

/** Other versions that differ in what decides where blocks go. */
function otherGeometries({ trace, replay }: Examination): PlannedRemedy[] {
  const key = ({ pymalloc }: Profile) =>
    [pymalloc.arenaBytes, pymalloc.poolBytes, pymalloc.emptyArenas, pymalloc.usableArenasOrder].join();
  const seen = new Set([key(replay.profile)]);
  const found: PlannedRemedy[] = [];
  for (const profile of profiles) {
    if (profile.model !== replay.profile.model || seen.has(key(profile))) continue;
    seen.add(key(profile));
    found.push({
      make: () => new WhatIfMachine(trace, { profile }),
      version: profile.version,
      remedy: {
        kind: "other-version",
        title: otherVersionTitle([profile.version]),
        frame: undefined,
        cost: "another version makes objects of other sizes too, which this recording cannot know",
        grade: "modelled",
        parameter: undefined,
        basis: `replayed by the rules of ${profile.version}, with the recorded sizes`,
      },
    });
  }
  return found;
}
