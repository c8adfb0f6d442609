// Reads a dropped recording, away from the page's own thread. Nothing leaves the browser: this worker may not make a request.

import { ObmallocError, profileFor } from "@obmalloc/abi";
import { explain, recordTape, recordTapeUnder, type Tape, TapeCamera } from "@obmalloc/insight";
import { type Moment, momentOf, type OpenOptions, TraceReader } from "@obmalloc/trace";
import { inflateSync } from "fflate/browser";
import { answerOf } from "./answer.ts";
import { DroppedFile } from "./file-source.ts";
import type { Report, Request } from "./messages.ts";

const scope = self as unknown as {
  postMessage(report: Report, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
};

/** Events to each side of the one that is looked at closely. */
const CLOSE_EVENTS = 200_000;
const FILM_SHOTS = 120;
const FILM_BYTES_MAX = 64 << 20;
const FILM_BLOCKS_MAX = 1_000_000;

const inflate: NonNullable<OpenOptions["inflate"]> = (bytes, sizeBytes) => {
  const out = inflateSync(bytes, { out: new Uint8Array(sizeBytes) });
  if (out.length !== sizeBytes) throw new RangeError("A chunk inflates to another size than it says.");
  return out;
};

/** The recording that this worker is about. */
let opened: { readonly trace: TraceReader; readonly moment: Moment } | undefined;

scope.onmessage = ({ data }) => {
  try {
    if (data.kind === "open") open(data.file, data.eventsMax);
    else if (opened !== undefined && data.kind === "closer") closer(opened.trace, data.event);
    else if (opened !== undefined && data.kind === "compare")
      compare(opened.trace, opened.moment, data.version);
  } catch (error) {
    const isOurs = error instanceof ObmallocError;
    scope.postMessage({
      kind: "failed",
      name: error instanceof Error ? error.name : "Error",
      message: isOurs ? error.shortMessage : String(error instanceof Error ? error.message : error),
      details: isOurs ? error.details : [],
    });
  }
};

/** As often as somebody can read it: each report costs the page a layout. */
const REPORT_MS = 120;

function progress(doing: string, total: number): (done: number) => void {
  let reportedAt = 0;
  return (done) => {
    const now = performance.now();
    if (now - reportedAt < REPORT_MS) return;
    reportedAt = now;
    scope.postMessage({ kind: "progress", doing, done, total });
  };
}

/** @param eventsMax recordings of so many events are shown event by event, longer ones at some moments. */
function open(file: File, eventsMax: number): void {
  const trace = TraceReader.open(new DroppedFile(file), { inflate });
  const moment = momentOf(trace);
  opened = { trace, moment };
  const isWhole = moment.event <= eventsMax;
  const camera = new TapeCamera();
  let film: Tape | undefined;
  let calls = 0;
  let shotAt = -1;
  const explanation = explain(trace, moment, {
    remedies: "none",
    onProgress: progress("replaying", moment.event),
    onPoint: ({ machine, event }) => {
      if (isWhole || calls++ % Math.ceil(240 / FILM_SHOTS) !== 0) return;
      shotAt = event;
      camera.shoot(machine, event);
    },
    look: ({ replay, stacks }) => {
      if (isWhole || !replay.hasPools) return;
      if (shotAt !== replay.event) camera.shoot(replay.machine, replay.event);
      const options = { filmBytesMax: FILM_BYTES_MAX, blocksMax: FILM_BLOCKS_MAX };
      film = camera.develop(trace, replay.machine, stacks, options);
    },
  });
  scope.postMessage({ kind: "answer", answer: answerOf(trace, explanation) });
  if (isWhole) film = recordTape(trace, { to: moment.event, onProgress: progress("drawing", moment.event) });
  sendTapes([{ title: "", tape: film }], isWhole);
}

function closer(trace: TraceReader, event: number): void {
  const from = Math.max(0, event - CLOSE_EVENTS);
  const to = Math.min(trace.eventCount, event + CLOSE_EVENTS);
  const tape = recordTape(trace, { from, to, onProgress: progress("replaying", to) });
  sendTapes([{ title: "", tape }], true);
}

function compare(trace: TraceReader, moment: Moment, version: string): void {
  const to = moment.event;
  const recorded = recordTape(trace, { to, onProgress: progress("replaying", to) });
  const onProgress = progress(`replaying by the rules of ${version}`, to);
  const other = recordTapeUnder(trace, { profile: profileFor(version) }, { to, onProgress });
  const tapes = [
    { title: `As recorded: CPython ${trace.info.version}`, tape: recorded },
    { title: `The same requests by the rules of ${version}`, tape: other },
  ];
  sendTapes(tapes, true);
}

/** The columns move to the page, without a copy. Nothing is sent where there are no arenas. */
function sendTapes(all: readonly { title: string; tape: Tape | undefined }[], isWhole: boolean): void {
  const tapes = all.flatMap(({ title, tape }) =>
    tape === undefined || tape.arenas.bases.length === 0 ? [] : [{ title, tape }],
  );
  const buffers = new Set(tapes.flatMap(({ tape }) => buffersOf(tape)));
  scope.postMessage({ kind: "tapes", tapes, isWhole }, [...buffers]);
}

function buffersOf({ arenas, lives, stacks, film }: Tape): ArrayBuffer[] {
  const moments = film?.moments.flatMap(({ fill, classes }) => [fill, classes]) ?? [];
  const columns = [...Object.values(arenas), ...Object.values(lives), stacks.parent, stacks.line, ...moments];
  return columns.map(({ buffer }) => buffer as ArrayBuffer);
}
