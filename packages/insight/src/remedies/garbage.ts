// Garbage that waits for the collector: how much of what was alive at a moment was garbage already, and what collecting more often saves.

import { Op, OutsideBlocks, readEvents, TraceError } from "@obmalloc/trace";
import type { EventSet } from "../history/event-set.ts";
import type { Examination } from "../history/examine.ts";
import { CollectedMachine } from "../what-if/edits.ts";
import { recordedSettings } from "../what-if/what-if.ts";
import type { PlannedRemedy, Remedy } from "./remedy.ts";

/** Events after the moment that are looked at, for the collections that follow it. */
const LOOK_AHEAD_EVENTS = 300_000;
/** How much more often the remedy collects. */
const OFTENER = 10;
const THRESHOLD_MIN = 10;
/** Less than this freed by one collection is not worth a remedy. */
const WAITING_MIN_BYTES = 256 * 1024;

/** What was alive at the moment, and freed by the collections that followed, up to a full one: an upper bound. */
interface WaitingGarbage {
  readonly blocks: number;
  readonly poolBytes: number;
  readonly outsideBytes: number;
  /** Arenas in which nothing else was alive. */
  readonly emptiedArenas: number;
}

const NONE: WaitingGarbage = { blocks: 0, poolBytes: 0, outsideBytes: 0, emptiedArenas: 0 };

/** What was found already: two remedies ask, and the events after the moment are decoded for it. */
const known = new WeakMap<Examination, WaitingGarbage>();

/** Changes nothing. Blocks in pools that wait are added to `births`, by the event of their birth. */
function waitingGarbage(examination: Examination, births?: EventSet): WaitingGarbage {
  const { trace, moment, replay } = examination;
  const { machine } = replay;
  const following = trace.tables.notes.collections.filter((one) => one.firstEvent >= moment.event);
  const full = following.findIndex((one) => one.generation === 2);
  const collections = following
    .slice(0, full < 0 ? following.length : full + 1)
    .filter((one) => one.event <= moment.event + LOOK_AHEAD_EVENTS && one.event > one.firstEvent);
  const end = collections.at(-1)?.event;
  if (end === undefined || replay.event < moment.event) return NONE;
  const younger = new OutsideBlocks();
  const freed = new Map<number, number>();
  let outsideBytes = 0;
  let poolBytes = 0;
  let next = 0;
  try {
    for (const item of readEvents(trace, moment.event)) {
      if (item.event >= end) break;
      if (item.kind !== "event") continue;
      while (item.event >= collections[next]!.event) next++;
      if (item.op !== Op.free) {
        if (item.old !== 0) younger.delete(item.old);
        if (item.address !== 0) younger.set(item.address, item.sizeBytes, item.domain, 0);
      } else if (!younger.delete(item.address) && item.event >= collections[next]!.firstEvent) {
        const linear = machine.arenas.toLinear(item.address);
        if (linear === 0) outsideBytes += machine.outsideBlocks.sizeAt(item.address) ?? 0;
        else if (machine.live.sizeAt(linear) !== 0) {
          poolBytes += machine.live.sizeAt(linear);
          const arena = machine.arenas.arenaAt(linear)!;
          freed.set(arena.id, (freed.get(arena.id) ?? 0) + 1);
          births?.add(machine.birthOf(machine.live.recordOf(linear)));
        }
      }
    }
  } catch (error) {
    // The moment lies before what is cut or damaged: what came later is looked at as far as it is there.
    if (!(error instanceof TraceError)) throw error;
  }
  const blocks = [...freed.values()].reduce((sum, count) => sum + count, 0);
  const waiting = { blocks, poolBytes, outsideBytes, emptiedArenas: emptied(examination, freed) };
  known.set(examination, waiting);
  return waiting;
}

/** Arenas of which every live block is among the freed ones. */
function emptied({ replay }: Examination, freed: ReadonlyMap<number, number>): number {
  const { machine, profile } = replay;
  let count = 0;
  for (const { id, linear } of machine.arenas.all()) {
    const waiting = freed.get(id);
    if (waiting === undefined) continue;
    if (machine.live.recordsWithin(linear, linear + profile.pymalloc.arenaBytes).length === waiting) count++;
  }
  return count;
}

/** A collection at the moment itself. */
export function collectNow(examination: Examination, arenas: number): Remedy[] {
  const waiting = known.get(examination) ?? waitingGarbage(examination);
  const { arenaBytes } = examination.replay.profile.pymalloc;
  if (waiting.poolBytes + waiting.outsideBytes < WAITING_MIN_BYTES) return [];
  return [
    {
      kind: "gc-threshold",
      title: "Collect garbage once the work is done: gc.collect()",
      frame: undefined,
      savingBytes: waiting.emptiedArenas * arenaBytes + waiting.outsideBytes,
      arenasAfter: arenas - waiting.emptiedArenas,
      cost: "one walk over all containers",
      grade: "modelled",
      parameter: undefined,
      basis: `${waiting.blocks} blocks in pools and ${waiting.outsideBytes} bytes outside, alive at the moment, were freed by the collections that followed`,
    },
  ];
}

/** Collecting young garbage more often all the way: what the first collection after its birth freed waited for it. */
export function collectOftener(examination: Examination): PlannedRemedy[] {
  const { trace, moment, replay } = examination;
  const { garbage } = replay.machine;
  const before = garbage.upTo(moment.event);
  const threshold = before.at(-1)?.collection.threshold ?? 0;
  const most = before.reduce((max, one) => Math.max(max, one.bytes), 0);
  if (threshold === 0 || most < WAITING_MIN_BYTES) return [];
  const parameter = Math.max(THRESHOLD_MIN, Math.round(threshold / OFTENER));
  const births = garbage.youngBirths;
  waitingGarbage(examination, births);
  const points = collectionPoints(
    before.map((one) => one.collection.firstEvent),
    moment.event,
    threshold / parameter,
  );
  const waited = garbage.blocks === 0 ? 0 : Math.round(garbage.waitedEvents / garbage.blocks);
  return [
    {
      make: () => new CollectedMachine(trace, recordedSettings(trace), births.has, points),
      remedy: {
        kind: "gc-threshold",
        title: `Collect young garbage more often: gc.set_threshold(${parameter})`,
        frame: undefined,
        cost: `${Math.round(threshold / parameter)} times as many collections of the young (${before.length} up to here)`,
        grade: "modelled",
        parameter,
        basis: `replayed with what the first collection after its birth freed, freed ${Math.round(threshold / parameter)} times as early; blocks waited ${waited} events on average, up to ${most} bytes for one collection`,
      },
    },
  ];
}

/** The recorded collections, with as many between each two as make them `oftener` times as many. */
function collectionPoints(recorded: readonly number[], end: number, oftener: number): number[] {
  const points: number[] = [];
  const step = (recorded.at(-1) ?? end) / Math.max(1, recorded.length);
  let from = 0;
  for (const to of [...recorded, end]) {
    const gap = to === end ? step : to - from;
    for (let k = 1; from + (gap * k) / oftener <= to; k++)
      points.push(Math.round(from + (gap * k) / oftener));
    from = to;
  }
  return points;
}
