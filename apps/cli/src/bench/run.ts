// The bench: every stream through every allocator, in turns.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Footprint } from "./contender.ts";
import type { Candidate } from "./entrant.ts";
import { BenchError, MissingPeerError, NoRoomError } from "./errors.ts";
import { inTurn } from "./in-turn.ts";
import { isolated } from "./isolated.ts";
import {
  closeAll,
  openParticipants,
  type Participant,
  type Ready,
  type StreamPlace,
} from "./participants.ts";
import type { BenchResult, MissingPeer, StreamResult } from "./result.ts";
import type { StreamKind, StreamScale } from "./streams/kind.ts";
import { runWorkers, type WorkerBenchOptions, workerRuns } from "./workers/run.ts";

export interface BenchOptions {
  readonly candidates: readonly Candidate[];
  /** Names of allocators that take part a second time, as a control. */
  readonly controls: readonly string[];
  readonly streams: readonly StreamKind[];
  /** Each stream is run at each of these; what is not given is the stream's own. */
  readonly scales: readonly Partial<StreamScale>[];
  readonly seed: number;
  /** Timed rounds, after one that is not. */
  readonly rounds: number;
  /** A process for each allocator and stream, also for those that could share this one. */
  readonly isolate: boolean;
  /** Modules that gave some of the candidates. */
  readonly loads: readonly string[];
  /** Compare contents first. */
  readonly verify: boolean;
  readonly workers: WorkerBenchOptions;
}

const WARM_OPERATIONS = 100_000;
/** Enough of it for those who take much longer than others. */
const WARM_NS = 50e6;

/** Told after each run of a stream. */
export type OnStep = (done: number, total: number) => void;

/** @throws {BenchError} when an allocator damages what it holds, or dies, or when none can take part. */
export async function runBench(options: BenchOptions, onStep: OnStep = () => {}): Promise<BenchResult> {
  const { ready, missing } = options.streams.length > 0 ? await prepare(options) : NOBODY;
  if (options.streams.length > 0 && ready.length === 0) {
    const reasons = missing.map(({ name, reason }) => `${name}: ${reason}`);
    throw new BenchError("None of the allocators can take part here.", { details: reasons });
  }
  const controls = ready.filter(({ candidate }) => options.controls.includes(candidate.name));
  const runs = (ready.length + controls.length) * (options.rounds + 1);
  const total = options.streams.length * options.scales.length * runs + workerRuns(options.workers);
  let done = 0;
  const step = () => onStep(++done, total);
  const streams: StreamResult[] = [];
  for (const kind of options.streams) {
    for (const changes of options.scales) {
      const scale = { ...kind.defaults, ...changes };
      const place = { kind, scale, seed: options.seed };
      streams.push(await runStream(place, ready, controls, options, step));
    }
  }
  return { streams, workers: await runWorkers(options.workers, step), missing };
}

const NOBODY = { ready: [], missing: [] };

async function prepare({ candidates, isolate, loads }: BenchOptions) {
  const ready: Ready[] = [];
  const missing: MissingPeer[] = [];
  for (const candidate of candidates) {
    try {
      const entrant = await candidate.prepare();
      ready.push({ candidate, entrant: isolate ? isolated(candidate, entrant, loads) : entrant });
    } catch (error) {
      if (!(error instanceof MissingPeerError)) throw error;
      missing.push({ name: candidate.name, title: candidate.title, reason: error.shortMessage });
    }
  }
  return { ready, missing };
}

async function runStream(
  place: Omit<StreamPlace, "folder">,
  ready: readonly Ready[],
  controls: readonly Ready[],
  { rounds, verify }: BenchOptions,
  step: () => void,
): Promise<StreamResult> {
  const { kind, scale } = place;
  const folder = mkdtempSync(join(tmpdir(), "obmalloc-bench-"));
  const participants: Participant[] = [];
  const failures = new Map<string, string>();
  const failed = (name: string, error: unknown) => {
    if (!(error instanceof NoRoomError)) throw error;
    failures.set(name, error.shortMessage);
  };
  try {
    await openParticipants(participants, { ...place, folder }, ready, controls, failed);
    const able: (Participant & { readonly footprint: Footprint })[] = [];
    for (const participant of participants) {
      try {
        able.push({ ...participant, footprint: await begin(kind, participant, verify) });
      } catch (error) {
        failed(participant.name, error);
        await participant.contender.close();
      }
      step();
    }
    for (let round = 0; round < rounds; round++) {
      for (const { contender, timings } of inTurn(able, round)) {
        timings.push(await contender.round());
        step();
      }
    }
    const rows = able.map(({ contender: _, ...row }) => row);
    return { kind, scale, rows, failures: [...failures].map(([name, reason]) => ({ name, reason })) };
  } finally {
    await closeAll(participants);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What comes before the rounds that count. */
async function begin(kind: StreamKind, participant: Participant, verify: boolean): Promise<Footprint> {
  const { name, contender } = participant;
  if (verify) {
    const wrong = await contender.verify();
    if (wrong !== undefined) throw new BenchError(`${name} fails at ${kind.name}: ${wrong}.`);
  }
  const footprint = await contender.survey();
  await warmUp(participant);
  return footprint;
}

/** A short stream is over before V8 has compiled what it runs. */
async function warmUp({ contender, facts }: Participant): Promise<void> {
  let operations = facts.operations;
  let spentNs = 0;
  while (operations < WARM_OPERATIONS && spentNs < WARM_NS) {
    operations += facts.operations;
    spentNs += (await contender.round()).wallNs;
  }
}
