// The whole answer about one moment of one recording.

import { type Moment, type Pin, pins, type TraceReader } from "@obmalloc/trace";
import { type Examination, type ExamineOptions, examine } from "../history/examine.ts";
import type { CollectionTally } from "../history/garbage.ts";
import type { TimePoint } from "../history/timeline.ts";
import { remediesFromState } from "../remedies/from-state.ts";
import { type Remedy, smallestSaving } from "../remedies/remedy.ts";
import { planReplays, runPlans } from "../remedies/replayed.ts";
import { type Growth, growth } from "./growth.ts";
import { type ClassLifetimes, lifetimes } from "./lifetimes.ts";
import { shortcomings } from "./shortcomings.ts";
import { type Verdict, verdict } from "./verdict.ts";
import { type Waterfall, waterfall } from "./waterfall.ts";

/** Why the memory stays. */
export interface Explanation {
  readonly moment: Moment;
  readonly verdict: Verdict;
  readonly waterfall: Waterfall;
  /** Lines by what only they hold, then by what they share. */
  readonly pins: readonly Pin[];
  readonly lifetimes: readonly ClassLifetimes[];
  readonly growth: Growth;
  readonly timeline: readonly TimePoint[];
  /** Collections of garbage up to the moment, and what each freed; empty for recordings that do not have them. */
  readonly collections: readonly CollectionTally[];
  /** Best first. */
  readonly remedies: readonly Remedy[];
  /** Whether the remedies that need a replay of their own were tried. */
  readonly replayedRemedies: boolean;
  /** What this recording cannot tell, in sentences. */
  readonly shortcomings: readonly string[];
  readonly arenas: number;
  /** How exact the replay was up to the moment. */
  readonly certificate: {
    readonly addressesCompared: number;
    readonly eventsReplayed: number;
    /** Texts of `sys._debugmallocstats()` that the process gave, and those that the replay prints to the letter. */
    readonly texts: number;
    readonly equalTexts: number;
  };
}

/** How much is tried, and who is told. */
export interface ExplainOptions {
  readonly onProgress?: (events: number) => void;
  /** Where the trace's events come from, as a replay takes it. @defaultValue they are decoded here */
  readonly events?: ExamineOptions["events"];
  /**
   * Which remedies are tried: those that follow from the heap at the moment, or also those that need the recording replayed once more
   * each; or none. @defaultValue all up to {@link REPLAYED_EVENTS_MAX} events
   */
  readonly remedies?: "none" | "from-heap" | "all";
  /** Called at each point of the timeline. */
  readonly onPoint?: ExamineOptions["onPoint"];
  /** Sees the replayed state before remedies are tried on it. */
  readonly look?: (examination: Examination) => void;
}

/** Up to so many events a few more replays cost no more than a reader's patience. */
export const REPLAYED_EVENTS_MAX = 4_000_000;

/** @throws {TraceQuestionError} when the recording's version cannot be replayed. */
export function explain(trace: TraceReader, moment: Moment, options: ExplainOptions = {}): Explanation {
  const { onProgress, onPoint, events } = options;
  const examination = examine(trace, moment, {
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onPoint === undefined ? {} : { onPoint }),
    ...(events === undefined ? {} : { events }),
  });
  const { replay, stacks, timeline } = examination;
  if (replay.event === 0 && moment.event > 0 && replay.damage !== undefined) throw replay.damage;
  const found = {
    waterfall: waterfall(examination),
    pins: pins(replay, stacks),
    growth: growth(examination),
    lifetimes: lifetimes(examination),
  };
  options.look?.(examination);
  const certificate = {
    addressesCompared: replay.machine.compared,
    eventsReplayed: replay.event,
    texts: replay.evidence.length,
    equalTexts: replay.evidence.filter((check) => check.equal).length,
  };
  const judged = verdict({ examination, ...found });
  const notes = shortcomings(examination, found.waterfall);
  const arenas = timeline.at(-1)!.arenas;
  const wanted = options.remedies ?? (moment.event <= REPLAYED_EVENTS_MAX ? "all" : "from-heap");
  const all = wanted === "all";
  const isWhole = replay.event === moment.event;
  const plans = all && isWhole ? planReplays(examination, found) : [];
  const remedies = [
    ...(wanted === "none" ? [] : remediesFromState(examination, found.waterfall, found.pins)),
    ...runPlans(examination, plans, arenas, onProgress),
  ].filter((remedy) => remedy.savingBytes >= smallestSaving(found.waterfall.rssBytes));
  return {
    moment,
    ...found,
    verdict: judged,
    timeline,
    collections: replay.machine.garbage.upTo(moment.event),
    arenas,
    certificate,
    remedies: remedies.sort((a, b) => b.savingBytes - a.savingBytes),
    replayedRemedies: all,
    shortcomings: notes,
  };
}
