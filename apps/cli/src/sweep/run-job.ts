// Jobs of a sweep that share a trace and a moment, and so its decoding: a replay for each, and the row that comes of it. What goes
// wrong with one job is a row too.

import { ObmallocError, profileFor } from "@obmalloc/abi";
import { checkSettings, lacksOf, recordedSettings, type Settings, whatIfAll } from "@obmalloc/insight";
import { momentOf, type TraceReader } from "@obmalloc/trace";
import { FileSource } from "../shared/file-source.ts";
import { openSource } from "../shared/open-trace.ts";
import { requirePools } from "../shared/recording.ts";
import type { SweepJob, SweepSettings } from "./matrix.ts";

/** A row of the results; bytes. Null where it does not apply, or the job failed: then `error` says why. */
export interface SweepRow {
  readonly job: number;
  readonly trace: string;
  readonly moment: string | null;
  readonly event: number | null;
  readonly recorded_version: string | null;
  readonly profile: string | null;
  readonly arena_bytes: number | null;
  readonly pool_bytes: number | null;
  readonly kept_arenas: number | null;
  readonly usable_arenas: string | null;
  readonly return_free_pools: boolean;
  readonly arenas: number | null;
  readonly held_bytes: number | null;
  readonly free_pool_bytes: number | null;
  readonly peak_arenas: number | null;
  readonly peak_bytes: number | null;
  readonly refused: number | null;
  readonly error: string | null;
  /** What the recording lacks, so that the row says less than it seems to. */
  readonly note: string | null;
}

/** @param jobs of the same trace and moment. @returns a row for each. */
export function runJobs(jobs: readonly SweepJob[]): SweepRow[] {
  const first = jobs[0]!;
  try {
    const source = FileSource.open(first.trace);
    try {
      return replayed(openSource(source), first.at, jobs);
    } finally {
      source.close();
    }
  } catch (error) {
    return jobs.map((job) => failed(job, error));
  }
}

function replayed(trace: TraceReader, at: string | undefined, jobs: readonly SweepJob[]): SweepRow[] {
  requirePools(trace);
  const moment = momentOf(trace, at);
  const checked = jobs.map((job) => checkedSettings(trace, job));
  const sound = checked.filter((one): one is Settings => !(one instanceof Error));
  const lacks = lacksOf(trace, moment).filter(({ of }) => of === "ending" || of === "own-recording");
  const note = lacks[0]?.text ?? null;
  const found = whatIfAll(trace, moment, sound)[Symbol.iterator]();
  return jobs.map((job, index) => {
    const settings = checked[index]!;
    if (settings instanceof Error) return failed(job, settings);
    const { arenaBytes, poolBytes } = settings.profile.pymalloc;
    const { arenas, heldBytes, freePoolBytes, peakArenas, peakBytes, refused } = found.next().value!;
    return {
      ...emptyRow(job),
      moment: moment.name,
      event: moment.event,
      recorded_version: trace.info.version,
      profile: settings.profile.version,
      arena_bytes: job.settings.arenaBytes ?? arenaBytes,
      pool_bytes: job.settings.poolBytes ?? poolBytes,
      arenas,
      held_bytes: heldBytes,
      free_pool_bytes: freePoolBytes,
      peak_arenas: peakArenas,
      peak_bytes: peakBytes,
      refused,
      note,
    };
  });
}

/** The settings that a job asks for; or why they cannot be. */
function checkedSettings(trace: TraceReader, { settings }: SweepJob): Settings | Error {
  const recorded = recordedSettings(trace).profile;
  try {
    const profile = settings.profile === undefined ? recorded : profileFor(settings.profile, recorded.model);
    const asked = { profile, ...geometryOf(settings), ...variationsOf(settings) };
    checkSettings(asked);
    return asked;
  } catch (error) {
    if (error instanceof ObmallocError) return error;
    throw error;
  }
}

function failed(job: SweepJob, error: unknown): SweepRow {
  if (!(error instanceof ObmallocError)) throw error;
  return { ...emptyRow(job), error: error.shortMessage };
}

function emptyRow({ index, trace, at, settings }: SweepJob): SweepRow {
  return {
    job: index,
    trace,
    moment: at ?? null,
    event: null,
    recorded_version: null,
    profile: settings.profile ?? null,
    arena_bytes: settings.arenaBytes ?? null,
    pool_bytes: settings.poolBytes ?? null,
    kept_arenas: settings.keptArenas ?? null,
    usable_arenas: settings.usableArenas ?? null,
    return_free_pools: settings.returnFreePools ?? false,
    arenas: null,
    held_bytes: null,
    free_pool_bytes: null,
    peak_arenas: null,
    peak_bytes: null,
    refused: null,
    error: null,
    note: null,
  };
}

function geometryOf({ arenaBytes, poolBytes }: SweepSettings) {
  if (arenaBytes === undefined && poolBytes === undefined) return {};
  return {
    geometry: {
      ...(arenaBytes === undefined ? {} : { arenaBytes }),
      ...(poolBytes === undefined ? {} : { poolBytes }),
    },
  };
}

function variationsOf({ keptArenas, usableArenas, returnFreePools }: SweepSettings) {
  return {
    variations: {
      ...(keptArenas === undefined ? {} : { keptEmptyArenas: keptArenas }),
      ...(usableArenas === undefined ? {} : { usableArenas }),
      ...(returnFreePools === undefined ? {} : { returnFreePools }),
    },
  };
}
