// A pprof profile, for `go tool pprof`, Grafana, Polar Signals and their like.

import { gzipSync } from "node:zlib";
import type { Frame } from "@obmalloc/trace";
import { Profile, StringTable } from "pprof-format";
import type { Recording } from "../shared/recording.ts";
import { stackTotals } from "./stack-totals.ts";

/** Sample types: live bytes, pinned bytes, arenas, blocks. */
export function pprof(recording: Recording): Uint8Array {
  const { trace, moment } = recording;
  const strings = new StringTable();
  const type = (name: string, unit: string) => ({ type: strings.dedup(name), unit: strings.dedup(unit) });
  const functions = new Map<string, { id: number; frame: Frame }>();
  const locations = new Map<Frame, { id: number; functionId: number }>();
  const functionOf = (frame: Frame) => {
    const key = `${frame.file}\0${frame.function}`;
    const known = functions.get(key) ?? { id: functions.size + 1, frame };
    functions.set(key, known);
    return known.id;
  };
  const locationOf = (frame: Frame) => {
    const known = locations.get(frame) ?? { id: locations.size + 1, functionId: functionOf(frame) };
    locations.set(frame, known);
    return known.id;
  };
  const sample = stackTotals(recording).map(({ frames, liveBytes, pinnedBytes, arenas, blocks }) => ({
    locationId: frames.map(locationOf).reverse(), // pprof wants the innermost first
    value: [liveBytes, pinnedBytes, arenas, blocks],
  }));
  const profile = new Profile({
    sampleType: [
      type("live", "bytes"),
      type("pinned", "bytes"),
      type("arenas", "count"),
      type("blocks", "count"),
    ],
    sample,
    location: [...locations].map(([{ line }, { id, functionId }]) => ({ id, line: [{ functionId, line }] })),
    function: [...functions.values()].map(({ id, frame }) => ({
      id,
      // Without a system name: go tool pprof takes <module> for a C++ template where both are the same.
      name: strings.dedup(frame.function),
      filename: strings.dedup(frame.file),
    })),
    timeNanos: BigInt(Math.round(trace.info.startedAtUnixMs)) * 1_000_000n,
    defaultSampleType: strings.dedup("live"),
    comment: [strings.dedup(`obmalloc: CPython ${trace.info.version}, ${moment.name}`)],
    stringTable: strings,
  });
  return gzipSync(profile.encode());
}
