// What the command line asks of the bench.

import { ObmallocError } from "@obmalloc/abi";
import { givenCandidates } from "../allocators/given.ts";
import { candidates as known } from "../allocators/index.ts";
import type { Candidate } from "../entrant.ts";
import type { BenchOptions } from "../run.ts";
import { streamKinds } from "../streams/index.ts";
import type { SizeRange } from "../streams/kind.ts";
import { workerHeaps } from "../workers/heaps.ts";
import { type WorkerBenchOptions, workerStreams } from "../workers/run.ts";

const DEFAULT_BASES = ["dlmalloc", "cpython-3.11"];
const DEFAULT_WORKERS = [1, 2, 4];
const DEFAULT_LIVE_OF_WORKER = 10_000;
const DEFAULT_OPERATIONS_OF_WORKER = 500_000;
const DEFAULT_SIZES_OF_WORKER: SizeRange = { min: 4, max: 512 };

export interface BenchFlags {
  readonly streams?: readonly string[];
  readonly allocators?: readonly string[];
  readonly base?: readonly string[];
  readonly load?: readonly string[];
  readonly seed: number;
  readonly rounds: number;
  readonly live?: readonly number[];
  readonly operations?: number;
  readonly sizes?: SizeRange;
  readonly workers?: readonly number[];
  readonly isolate?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** What to run, and which allocators ratios refer to. */
export interface BenchPlan {
  readonly options: BenchOptions;
  readonly bases: readonly string[];
}

interface Named {
  readonly name: string;
}

/** @throws {ObmallocError} when a name means nothing. */
export async function benchPlan(flags: BenchFlags): Promise<BenchPlan> {
  const given = (await Promise.all((flags.load ?? []).map(givenCandidates))).flat();
  const all: Candidate[] = [...given, ...known];
  const chosen = flags.allocators && pick("allocator", flags.allocators, [...all, ...workerHeaps]);
  const candidates =
    chosen === undefined ? all.filter(({ isOnRequest }) => !isOnRequest) : among(all, chosen);
  // Who loads a module means to see what is in it.
  if (!given.some((one) => candidates.includes(one))) candidates.push(...given);
  const streams = flags.streams && pick("stream", flags.streams, [...streamKinds, ...workerStreams]);
  const bases = basesOf(flags, candidates);
  const options: BenchOptions = {
    candidates,
    controls: controlsOf(bases, candidates),
    streams: candidates.length === 0 ? [] : among(streamKinds, streams),
    scales: scalesOf(flags),
    seed: flags.seed,
    rounds: flags.rounds,
    isolate: flags.isolate ?? false,
    loads: flags.load ?? [],
    verify: flags.verify ?? false,
    workers: workersOf(flags, among(workerHeaps, chosen), among(workerStreams, streams)),
  };
  return { options, bases };
}

/** Each number of live blocks is a scale of its own. */
const scalesOf = ({ live, operations, sizes }: BenchFlags): BenchOptions["scales"] =>
  (live ?? [undefined]).map((count) => ({
    ...(count === undefined ? {} : { live: count }),
    ...(operations === undefined ? {} : { operations }),
    ...(sizes === undefined ? {} : { sizes }),
  }));

function workersOf(
  flags: BenchFlags,
  heaps: WorkerBenchOptions["heaps"],
  streams: WorkerBenchOptions["streams"],
): WorkerBenchOptions {
  const { min, max } = flags.sizes ?? DEFAULT_SIZES_OF_WORKER;
  const word = DEFAULT_SIZES_OF_WORKER.min;
  return {
    heaps,
    streams,
    counts: flags.workers ?? DEFAULT_WORKERS,
    live: flags.live?.[0] ?? DEFAULT_LIVE_OF_WORKER,
    operations: flags.operations ?? DEFAULT_OPERATIONS_OF_WORKER,
    sizes: { min: Math.max(min, word), max: Math.max(max, word) },
    rounds: flags.rounds,
    seed: flags.seed,
  };
}

/** The allocators that ratios refer to: those that are asked for, else of the usual ones those that are there. */
function basesOf({ base }: BenchFlags, candidates: readonly Candidate[]): string[] {
  if (base !== undefined) return pick("base", base, candidates).map(({ name }) => name);
  const usual = candidates.filter(({ name }) => DEFAULT_BASES.includes(name));
  return (usual.length > 0 ? usual : candidates.slice(0, 1)).map(({ name }) => name);
}

/** The first base, and the first that runs in this process: it is V8 that equal things may differ by. */
function controlsOf(bases: readonly string[], candidates: readonly Candidate[]): string[] {
  const inProcess = candidates.find(({ origin }) => origin === "given" || origin === "ours");
  return [...new Set([...bases.slice(0, 1), ...(inProcess === undefined ? [] : [inProcess.name])])];
}

/** Those of `all` that are chosen, in the order of the choice; all when nothing was. */
function among<T extends Named>(all: readonly T[], chosen: readonly Named[] | undefined): T[] {
  if (chosen === undefined) return [...all];
  return chosen.flatMap((one) => all.find((other) => other === one) ?? []);
}

function pick<T extends Named>(what: string, names: readonly string[], all: readonly T[]): T[] {
  return names.map((name) => {
    const found = all.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    throw new ObmallocError(`There is no ${what} ${name}.`, {
      details: [`There are ${all.map((one) => one.name).join(", ")}.`],
    });
  });
}
