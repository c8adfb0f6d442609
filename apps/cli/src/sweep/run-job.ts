// One job of a sweep: a replay, and the row that comes of it. What goes wrong with one job is a row too.

import { ObmallocError, profileFor } from "@obmalloc/abi";
import { recordedSettings, whatIf } from "@obmalloc/insight";
import { momentOf } from "@obmalloc/trace";
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
}

export function runJob(job: SweepJob): SweepRow {
  const { settings } = job;
  const row: SweepRow = {
    job: job.index,
    trace: job.trace,
    moment: job.at ?? null,
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
  };
  try {
    return { ...row, ...replayed(job) };
  } catch (error) {
    if (!(error instanceof ObmallocError)) throw error;
    return { ...row, error: error.shortMessage };
  }
}

function replayed({ trace: path, at, settings }: SweepJob): Partial<SweepRow> {
  const source = FileSource.open(path);
  try {
    const trace = openSource(source);
    requirePools(trace);
    const moment = momentOf(trace, at);
    const recorded = recordedSettings(trace).profile;
    const profile = settings.profile === undefined ? recorded : profileFor(settings.profile, recorded.model);
    const found = whatIf(trace, moment, { profile, ...geometryOf(settings), ...variationsOf(settings) });
    const { arenaBytes, poolBytes } = profile.pymalloc;
    return {
      moment: moment.name,
      event: moment.event,
      recorded_version: trace.info.version,
      profile: profile.version,
      arena_bytes: settings.arenaBytes ?? arenaBytes,
      pool_bytes: settings.poolBytes ?? poolBytes,
      arenas: found.arenas,
      held_bytes: found.heldBytes,
      free_pool_bytes: found.freePoolBytes,
      peak_arenas: found.peakArenas,
      peak_bytes: found.peakBytes,
      refused: found.refused,
    };
  } finally {
    source.close();
  }
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
