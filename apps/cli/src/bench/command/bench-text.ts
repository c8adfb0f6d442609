// The result of a bench as text: a table for each stream, who is missing, and how to read it.

import type { Look } from "../../shared/terminal.ts";
import { formatCount } from "../../shared/units.ts";
import { wrapText } from "../../shared/wrap-text.ts";
import type { BenchResult, StreamResult } from "../result.ts";
import type { BenchPlan } from "./options.ts";
import { streamText } from "./stream-text.ts";
import { workersText } from "./workers-text.ts";

export function* benchText(
  { streams, workers, missing }: BenchResult,
  { options, bases }: BenchPlan,
  look: Look,
): Generator<string> {
  for (const result of streams) yield* streamText(result, bases, look);
  for (const result of workers) yield* workersText(result, options.workers, look);
  for (const { name, title, reason } of missing) {
    yield* wrapText(`${look.colors.yellow("missing")}  ${name} (${title}): ${reason}.`, look.width);
  }
  if (missing.length > 0) yield "";
  if (streams.length > 0) yield* legend(streams, look);
}

function* legend(streams: readonly StreamResult[], look: Look): Generator<string> {
  const lines = [
    "A call is one malloc, free or realloc; medians of CPU time. Ratios are of the time per call, paired within a round. Every allocator runs the same operations, and writes the first and last word of each block.",
    "held/live: bytes that the allocator holds from its host over bytes that are asked for, after the last operation and at the peaks.",
  ];
  const cuts = streams.flatMap(({ kind, rows }) =>
    rows
      .filter(({ facts }) => facts.isCut)
      .map(({ facts }) => `${formatCount(facts.operations)} of ${kind.name}`),
  );
  if (cuts.length > 0) {
    const operations = [...new Set(cuts)].join(", ");
    lines.push(`* searches from the start, and runs fewer operations for that reason: ${operations}.`);
  }
  for (const line of lines) for (const wrapped of wrapText(line, look.width)) yield look.colors.dim(wrapped);
}
