// The result of a bench as JSON; schemas/bench.schema.json describes it.

import { cpus } from "node:os";
import {
  controlsOf,
  footprintAtEnd,
  footprintAtPeak,
  nsPerCall,
  nsPerOperation,
  ratio,
  rowOf,
  wallNsPerCall,
} from "../figures.ts";
import type { BenchResult, Row, StreamResult } from "../result.ts";
import { spreadOf } from "../statistics.ts";
import type { WorkerBenchOptions, WorkerResult } from "../workers/run.ts";
import type { BenchPlan } from "./options.ts";
import { gain } from "./workers-text.ts";

export function benchJson(
  { streams, workers, missing }: BenchResult,
  { options: { seed, rounds, workers: workerOptions }, bases }: BenchPlan,
) {
  return {
    machine: { node: process.versions.node, platform: process.platform, cpu: cpus()[0]?.model ?? "unknown" },
    seed,
    rounds,
    bases,
    streams: streams.map((result) => streamJson(result, bases)),
    workers: workers.map((result) => workersJson(result, workerOptions)),
    missing,
  };
}

function workersJson({ stream, rows }: WorkerResult, { live, operations, sizes }: WorkerBenchOptions) {
  return {
    name: stream.name,
    title: stream.title,
    live,
    operations,
    sizes,
    heaps: rows.map((row) => ({
      name: row.name,
      workers: row.workers,
      operationsPerSecond: spreadOf(row.rates),
      gain: gain(row, rows) ?? null,
    })),
  };
}

function streamJson(result: StreamResult, bases: readonly string[]) {
  const { kind, scale, rows, failures } = result;
  const shown = rows.filter(({ isControl }) => !isControl);
  return {
    name: kind.name,
    title: kind.title,
    operation: kind.operation,
    live: scale.live,
    sizes: scale.sizes,
    allocators: shown.map((row) => rowJson(row, result, bases)),
    controls: controlsOf(result),
    failures,
  };
}

function rowJson(row: Row, result: StreamResult, bases: readonly string[]) {
  const ratios = bases.flatMap((base) => {
    const baseRow = rowOf(result, base);
    return baseRow === undefined ? [] : [{ base, ...ratio(row, baseRow) }];
  });
  return {
    name: row.name,
    origin: row.origin,
    ...row.facts,
    nsPerOperation: nsPerOperation(row),
    nsPerCall: nsPerCall(row),
    wallNsPerCall: wallNsPerCall(row),
    ratios,
    footprintBytesAtEnd: row.footprint.endBytes,
    footprintBytesAtPeak: row.footprint.peakBytes,
    footprintOverLiveAtEnd: footprintAtEnd(row) ?? null,
    footprintOverLiveAtPeak: footprintAtPeak(row) ?? null,
  };
}
