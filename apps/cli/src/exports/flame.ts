// Stacks for flame graphs: speedscope's own format, and collapsed lines.

import type { Frame } from "@obmalloc/trace";
import type { Recording } from "../shared/recording.ts";
import { type StackTotal, stackTotals } from "./stack-totals.ts";

const MEASURES = [
  { name: "live bytes", unit: "bytes", of: (total: StackTotal) => total.liveBytes },
  { name: "pinned bytes", unit: "bytes", of: (total: StackTotal) => total.pinnedBytes },
  { name: "arenas", unit: "none", of: (total: StackTotal) => total.arenas },
] as const;

/** @see https://www.speedscope.app/file-format-schema.json */
export function speedscope(recording: Recording): string {
  const totals = stackTotals(recording);
  const frames: { name: string; file: string; line: number }[] = [];
  const indexOf = new Map<Frame, number>();
  const index = (frame: Frame) => {
    let known = indexOf.get(frame);
    if (known === undefined) {
      known = frames.push({ name: frame.function, file: frame.file, line: frame.line }) - 1;
      indexOf.set(frame, known);
    }
    return known;
  };
  const samples = totals.map((total) => total.frames.map(index));
  const profiles = MEASURES.map(({ name, unit, of }) => {
    const weights = totals.map(of);
    const endValue = weights.reduce((sum, weight) => sum + weight, 0);
    return {
      type: "sampled",
      name: `${name} at ${recording.moment.name}`,
      unit,
      startValue: 0,
      endValue,
      samples,
      weights,
    };
  });
  return JSON.stringify({
    $schema: "https://www.speedscope.app/file-format-schema.json",
    exporter: "obmalloc",
    name: recording.trace.info.commandLine.join(" "),
    activeProfileIndex: 0,
    shared: { frames },
    profiles,
  });
}

/** `outer;inner bytes`, a line for each stack of lines: for flamegraph.pl, inferno and others. Live bytes. */
export function collapsed(recording: Recording): string {
  const name = ({ file, line, function: of }: Frame) =>
    (file === "" ? of : `${of} (${file.slice(file.lastIndexOf("/") + 1)}:${line})`).replace(/[;\r\n]/g, ",");
  const bytesOf = new Map<string, number>();
  for (const { frames, liveBytes } of stackTotals(recording)) {
    const stack = frames.map(name).join(";");
    bytesOf.set(stack, (bytesOf.get(stack) ?? 0) + liveBytes);
  }
  return [...bytesOf].map(([stack, bytes]) => `${stack} ${bytes}\n`).join("");
}
