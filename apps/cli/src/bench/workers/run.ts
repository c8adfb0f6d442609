// The bench of several Workers: replacements per second, all of them together.

import { inTurn } from "../in-turn.ts";
import type { SizeRange } from "../streams/kind.ts";
import { Team } from "./team.ts";
import type { WorkerHeapSource } from "./worker-heap.ts";

/** What Workers do. */
export interface WorkerStream {
  readonly name: string;
  readonly title: string;
  readonly ownSlots: boolean;
}

export const workerStreams: readonly WorkerStream[] = [
  { name: "T1", title: "Workers that replace small blocks of their own", ownSlots: true },
  { name: "T2", title: "Workers that replace small blocks of each other", ownSlots: false },
];

export interface WorkerBenchOptions {
  readonly heaps: readonly WorkerHeapSource[];
  readonly streams: readonly WorkerStream[];
  /** Numbers of Workers. */
  readonly counts: readonly number[];
  /** Live blocks of each Worker. */
  readonly live: number;
  /** Replacements of each Worker in a round. */
  readonly operations: number;
  readonly sizes: SizeRange;
  readonly rounds: number;
  readonly seed: number;
}

export interface WorkerRow {
  readonly name: string;
  readonly title: string;
  readonly workers: number;
  /** Replacements per second, of all Workers together; one for each round. */
  readonly rates: readonly number[];
}

export interface WorkerResult {
  readonly stream: WorkerStream;
  readonly rows: readonly WorkerRow[];
}

interface Participant {
  readonly source: WorkerHeapSource;
  readonly workers: number;
  readonly team: Team;
  readonly rates: number[];
}

/** Rounds that one participant runs of all streams, the first one of which does not count. */
export const workerRuns = (options: WorkerBenchOptions): number =>
  options.streams.reduce((sum, stream) => sum + pairsOf(stream, options).length, 0) * (options.rounds + 1);

/** @throws {BenchError} when a heap hands out a block twice, is damaged, or a Worker hangs. */
export async function runWorkers(options: WorkerBenchOptions, step: () => void): Promise<WorkerResult[]> {
  const results: WorkerResult[] = [];
  for (const stream of options.streams)
    results.push({ stream, rows: await runStream(stream, options, step) });
  return results;
}

async function runStream(
  stream: WorkerStream,
  options: WorkerBenchOptions,
  step: () => void,
): Promise<WorkerRow[]> {
  const { live, operations, sizes, seed, rounds } = options;
  const participants: Participant[] = [];
  try {
    for (const { source, workers } of pairsOf(stream, options)) {
      const work = { workers, ownSlots: stream.ownSlots, live, operations, sizes, seed };
      participants.push({ source, workers, team: new Team(source, work), rates: [] });
    }
    for (let round = -1; round < rounds; round++) {
      for (const { team, rates } of inTurn(participants, round + 1)) {
        const rate = await team.round();
        if (round >= 0) rates.push(rate);
        step();
      }
    }
    return participants.map(({ source: { name, title }, workers, rates }) => ({
      name,
      title,
      workers,
      rates,
    }));
  } finally {
    await Promise.all(participants.map(({ team }) => team.close()));
  }
}

/** Workers with a heap of their own cannot free each other's blocks. */
function pairsOf({ ownSlots }: WorkerStream, { heaps, counts }: WorkerBenchOptions) {
  const able = heaps.filter(({ isShared }) => isShared || ownSlots);
  return able.flatMap((source) => counts.map((workers) => ({ source, workers })));
}
