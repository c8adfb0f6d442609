// An explanation as JSON; schemas/explain.schema.json describes it.

import { byGeneration, type Culprit, type Explanation, type Remedy } from "@obmalloc/insight";
import type { Frame, Pin } from "@obmalloc/trace";
import type { Explained } from "../shared/explain-file.ts";
import { samplingText } from "../shared/measured-text.ts";
import { momentJson } from "../shared/recording.ts";
import { verdictHeadline } from "../shared/verdict-text.ts";

const orNull = <T>(value: T | undefined): T | null => value ?? null;

function frameJson(frame: Frame | undefined) {
  return frame === undefined ? null : { file: frame.file, line: frame.line, function: frame.function };
}

export function explanationJson({ trace, explanation }: Explained) {
  const { verdict, waterfall, growth } = explanation;
  return {
    moment: momentJson(explanation.moment),
    verdict: {
      kind: verdict.kind,
      headline: verdictHeadline(explanation),
      bytes: Math.round(verdict.bytes),
      culprits: verdict.culprits.map(culpritJson),
      weighed: verdict.weighed.map(({ kind, bytes }) => ({ kind, bytes: Math.round(bytes) })),
    },
    waterfall: {
      rssBytes: orNull(waterfall.rssBytes),
      measuredAt: orNull(waterfall.measuredAt),
      measuredBefore: waterfall.measuredBefore,
      peakRssBytes: orNull(waterfall.peakRssBytes),
      remainderShare: orNull(waterfall.remainderShare),
      parts: waterfall.parts.map(({ key, name, bytes, grade }) => ({ key, name, bytes, grade })),
    },
    arenas: explanation.arenas,
    lines: explanation.pins.map(lineJson),
    growth: {
      bytes: growth.bytes,
      since: growth.since,
      pattern: growth.pattern,
      stretches: growth.stretches,
      steadyWindows: growth.steadyWindows,
      windows: growth.windows,
      isSteady: growth.isSteady,
      lines: growth.lines.slice(0, 20).map(({ frame, inPools, outside }) => ({
        frame: frameJson(frame),
        poolBytes: inPools,
        outsideBytes: outside,
      })),
    },
    remedies: explanation.remedies.map(remedyJson),
    replayedRemedies: explanation.replayedRemedies,
    lifetimes: lifetimesJson(explanation),
    collections: byGeneration(explanation.collections),
    timeline: explanation.timeline.map((point) => ({ ...point })),
    shortcomings: explanation.shortcomings,
    recording: {
      version: trace.info.version,
      allocator: trace.info.allocator,
      stacks: trace.info.stacks,
      derivedFrom: orNull(trace.info.derivedFrom),
      commandLine: trace.info.commandLine,
      events: trace.eventCount,
      samples: trace.tables.samples.length,
      sampled: samplingText(trace),
    },
  };
}

function culpritJson({ frame, calledFrom, bytes }: Culprit) {
  return { frame: frameJson(frame), calledFrom: frameJson(calledFrom), bytes: Math.round(bytes) };
}

function lineJson(pin: Pin) {
  const { frame, heldBytes, arenas, sharedBytes, sharedArenas, liveBytes, blocks, leverage } = pin;
  return {
    frame: frameJson(frame),
    heldBytes,
    arenas,
    sharedBytes: Math.round(sharedBytes),
    sharedArenas,
    liveBytes,
    blocks,
    leverage: heldBytes > 0 ? leverage : null,
  };
}

function remedyJson({ frame, arenasAfter, parameter, ...remedy }: Remedy) {
  return {
    ...remedy,
    frame: frameJson(frame),
    arenasAfter: orNull(arenasAfter),
    parameter: orNull(parameter),
  };
}

function lifetimesJson({ lifetimes }: Explanation) {
  return lifetimes.map(({ deathsByAge, ...row }) => ({ ...row, deathsByAge: [...deathsByAge] }));
}
