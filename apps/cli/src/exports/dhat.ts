// A DHAT heap profile, version 2: Valgrind's dh_view.html opens it.

import type { Recording } from "../shared/recording.ts";
import { stackTotals } from "./stack-totals.ts";

/**
 * Program points are stacks; what is known of each is what lives at the moment, which counts as its total and as its end.
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
  const points = stackTotals(recording).map(({ frames, liveBytes, blocks }) => ({
    tb: liveBytes,
    tbk: blocks,
    eb: liveBytes,
    ebk: blocks,
    fs: [...frames].reverse().map((frame) => index(frameText(frame))),
  }));
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
    pps: points,
    ftbl: frameTable,
    tuth: 10,
  });
}

const frameText = ({ file, line, function: name }: { file: string; line: number; function: string }) =>
  file === "" ? name : `${name} (${file}:${line})`;
