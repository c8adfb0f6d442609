// Tracebacks and snapshots as CPython's tests write them: frames with the most recent first.

import { Frame, Snapshot, Trace, Traceback } from "@obmalloc/domains";

export const traceback = (...frames: [string, number][]) =>
  new Traceback(frames.map(([file, line]) => new Frame(file, line)).reverse());

/** Domain, size, frames, how many frames there were. */
export type RawTrace = [number, number, [string, number][], number];

export const snapshotOf = (traces: RawTrace[]) =>
  new Snapshot(
    traces.map(([domain, size, frames, total]) => {
      const { frames: oldestFirst } = traceback(...frames);
      return new Trace(domain, size, new Traceback(oldestFirst, total));
    }),
    2,
  );
