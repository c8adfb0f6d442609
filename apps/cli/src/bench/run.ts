// The bench: every stream through every allocator, in turns.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Footprint } from "./contender.ts";
import type { Candidate } from "./entrant.ts";
import { BenchError, MissingPeerError } from "./errors.ts";
import { inTurn } from "./in-turn.ts";
import { isolated } from "./isolated.ts";
import { closeAll, openParticipants, type Participant, type Ready } from "./participants.ts";
import type { BenchResult, MissingPeer, Row, StreamResult } from "./result.ts";
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

/** @throws {BenchError} when an allocator fails, or none can take part. */
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
      streams.push({ kind, scale, rows: await runStream(kind, scale, ready, controls, options, step) });
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
  kind: StreamKind,
  scale: StreamScale,
  ready: readonly Ready[],
  controls: readonly Ready[],
  { seed, rounds, verify }: BenchOptions,
  step: () => void,
): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "obmalloc-bench-"));
  const participants: Participant[] = [];
  try {
    await openParticipants(participants, { kind, scale, seed, folder }, ready, controls);
    const footprints: Footprint[] = [];
    for (const participant of participants) {
      if (verify) await verifyOne(kind, participant);
      footprints.push(await participant.contender.survey());
      await warmUp(participant);
      step();
    }
    for (let round = 0; round < rounds; round++) {
      for (const { contender, timings } of inTurn(participants, round)) {
        timings.push(await contender.round());
        step();
      }
    }
    return participants.map(({ name, origin, isControl, facts, timings }, index) => {
      return { name, origin, isControl, facts, footprint: footprints[index]!, timings };
    });
  } finally {
    await closeAll(participants);
    rmSync(folder, { recursive: true, force: true });
  }
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

async function verifyOne(kind: StreamKind, { name, contender }: Participant): Promise<void> {
  const wrong = await contender.verify();
  if (wrong !== undefined) throw new BenchError(`${name} fails at ${kind.name}: ${wrong}.`);
}
