// `obmalloc tracemalloc`: Python's familiar tables, of a program that ran without tracemalloc.

import { ObmallocError } from "@obmalloc/abi";
import { Filter } from "@obmalloc/domains";
import { TraceQuestionError, tracemallocOf } from "@obmalloc/trace";
import { ExitCode } from "../shared/exit-codes.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { momentJson, replayTo } from "../shared/recording.ts";
import type { TracedMoment, TracemallocOptions } from "./traced-moment.ts";
import { tracemallocText } from "./tracemalloc-text.ts";

/**
 * @throws {ObmallocError} in Python's words, for a key or a number of frames that it refuses;
 * {@link TraceQuestionError} when the trace has no stacks or no such moment, or when the moments are in the wrong order.
 */
export async function tracemallocCommand(file: string, options: TracemallocOptions): Promise<ExitCode> {
  try {
    return await answer(file, options);
  } catch (error) {
    if (error instanceof RangeError) throw new ObmallocError(error.message, { cause: error });
    throw error;
  }
}

async function answer(file: string, options: TracemallocOptions): Promise<ExitCode> {
  const now = tracedAt(file, options.at, options);
  const before = options.since === undefined ? undefined : tracedAt(file, options.since, options);
  if (before !== undefined && before.recording.moment.event > now.recording.moment.event) {
    throw new TraceQuestionError(
      `${before.recording.moment.name} comes after ${now.recording.moment.name}: --since names the earlier moment.`,
    );
  }
  if (options.json) await writeJson(toJson(now, before, options));
  else await writeLines(tracemallocText(now, before, options));
  return ExitCode.ok;
}

function tracedAt(file: string, at: string | undefined, options: TracemallocOptions): TracedMoment {
  const recording = replayTo(file, { at, stacks: true, pools: false });
  const { info } = recording.trace;
  if (info.stacks === "none") {
    throw new TraceQuestionError("This trace has no stacks, so that no line can be named.", {
      details: [info.stacksNote ?? "Record it again without --no-stacks."],
    });
  }
  const tracemalloc = tracemallocOf(recording.replay, recording.stacks, options.nframe);
  const filters = [
    ...options.include.map((pattern) => new Filter(true, pattern)),
    ...options.exclude.map((pattern) => new Filter(false, pattern)),
  ];
  return {
    recording,
    snapshot: tracemalloc.takeSnapshot().filterTraces(filters),
    tracedBytes: tracemalloc.getTracedMemory().current,
  };
}

function toJson(now: TracedMoment, before: TracedMoment | undefined, options: TracemallocOptions) {
  const { key, cumulative = false, limit } = options;
  const place = ({ traceback }: { traceback: Iterable<{ filename: string; lineno: number }> }) =>
    Array.from(traceback, ({ filename, lineno }) => ({ file: filename, line: lineno }));
  const statistics =
    before === undefined
      ? now.snapshot.statistics(key, cumulative).map((statistic) => ({
          traceback: place(statistic),
          sizeBytes: statistic.size,
          count: statistic.count,
        }))
      : now.snapshot.compareTo(before.snapshot, key, cumulative).map((statistic) => ({
          traceback: place(statistic),
          sizeBytes: statistic.size,
          sizeDiffBytes: statistic.sizeDiff,
          count: statistic.count,
          countDiff: statistic.countDiff,
        }));
  return {
    at: momentJson(now.recording.moment),
    since: before === undefined ? null : momentJson(before.recording.moment),
    key,
    cumulative,
    tracedBytes: now.tracedBytes,
    tracedBlocks: now.snapshot.traces.length,
    statistics: statistics.slice(0, limit),
  };
}
