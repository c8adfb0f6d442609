// A DHAT heap profile, version 2: Valgrind's dh_view.html opens it.

import type { Recording } from "../shared/recording.ts";
import { stackTotals } from "./stack-totals.ts";

/**
 * Program points are stacks, innermost frame first; what is known of each is what lives at the moment, as its total. Stacks that differ
 * by no more than the instruction within a line are one, since the viewer refuses a place that is named twice.
 *
 * @see Valgrind, dhat/dh_main.c, "File format version 2"
 */
export function dhat(recording: Recording): string {
  const { trace, replay } = recording;
  const frameTable = ["[root]"];
  const indexOf = new Map<string, number>();
  const index = (text: string) => {
    const known = indexOf.get(text) ?? frameTable.push(text) - 1;
    indexOf.set(text, known);
    return known;
  };
  const points = new Map<string, { tb: number; tbk: number; readonly fs: readonly number[] }>();
  for (const { frames, liveBytes, blocks } of stackTotals(recording)) {
    const fs = [...frames].reverse().map((frame) => index(frameText(frame)));
    const point = points.get(fs.join()) ?? { tb: 0, tbk: 0, fs };
    point.tb += liveBytes;
    point.tbk += blocks;
    points.set(fs.join(), point);
  }
  return JSON.stringify({
    dhatFileVersion: 2,
    mode: "heap",
    verb: "Live",
    bklt: false,
    bkacc: false,
    bu: "byte",
    bsu: "bytes",
    bksu: "blocks",
    tu: "events",
    Mtu: "Mevents",
    cmd: trace.info.commandLine.join(" "),
    pid: trace.info.pid,
    te: replay.event,
    pps: [...points.values()],
    ftbl: frameTable,
    tuth: 10,
  });
}

const frameText = ({ file, line, function: name }: { file: string; line: number; function: string }) =>
  file === "" ? name : `${name} (${file}:${line})`;
