// A recording under several settings: over threads where that is worth their start, decoded once in each.

import { availableParallelism } from "node:os";
import { type Settings, type WhatIf, whatIfAll } from "@obmalloc/insight";
import type { Moment, TraceReader } from "@obmalloc/trace";
import { Progress } from "../shared/progress.ts";
import { onThreads } from "../shared/threads.ts";

/** What a thread is sent. */
export interface WhatIfTask {
  readonly path: string;
  readonly moment: Moment;
  readonly settings: readonly Settings[];
}

/** Below so many events a thread takes longer to come up than to answer. */
const THREADS_FROM_EVENTS = 1_000_000;

/** @returns what comes of each. @throws {GeometryError} VariationError for settings that cannot be. */
export async function runSettings(
  path: string,
  trace: TraceReader,
  moment: Moment,
  settings: readonly Settings[],
): Promise<WhatIf[]> {
  const threads = Math.min(availableParallelism(), settings.length);
  if (threads > 1 && moment.event * settings.length >= THREADS_FROM_EVENTS) {
    try {
      return await overThreads(threads, { path, moment, settings });
    } catch {
      // What is wrong shows here too, as an error of its own type, which an error from a thread is not.
    }
  }
  const progress = new Progress("replaying", moment.event);
  const results = whatIfAll(trace, moment, settings, progress.update);
  progress.stop();
  return results;
}

async function overThreads(threads: number, { path, moment, settings }: WhatIfTask): Promise<WhatIf[]> {
  const results: WhatIf[] = [];
  const progress = new Progress("replaying", settings.length, "settings");
  const share = Math.ceil(settings.length / threads);
  const tasks = Array.from({ length: threads }, (_, thread): WhatIfTask => {
    return { path, moment, settings: settings.slice(thread * share, (thread + 1) * share) };
  });
  let done = 0;
  try {
    await onThreads("what-if/worker.js", tasks, threads, (found: WhatIf[], thread) => {
      for (const [index, one] of found.entries()) results[thread * share + index] = one;
      done += found.length;
      progress.update(done);
    });
  } finally {
    progress.stop();
  }
  return results;
}
