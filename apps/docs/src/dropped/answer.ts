// The answer about a recording, as the page shows it. The same functions that the command line answers with.

import { type Explanation, timelinePicture, waterfallPicture } from "@obmalloc/insight";
import {
  counted,
  formatBytes,
  formatCount,
  frameText,
  measuredText,
  NO_FRAME,
  pinsHeadline,
  samplingText,
  verdictHeadline,
} from "@obmalloc/insight/text";
import type { Pin, TraceReader } from "@obmalloc/trace";
import type { Answer, LineRow } from "./messages.ts";

const LINES = 25;

export function answerOf(trace: TraceReader, explanation: Explanation): Answer {
  const { info, damage } = trace;
  const { moment, pins, shortcomings } = explanation;
  const cut = damage === undefined ? [] : [`The file is not whole: ${damage.message}`];
  return {
    program: info.commandLine.join(" "),
    verdict: verdictHeadline(explanation),
    pins: pinsHeadline(pins),
    moment: moment.name,
    facts: factsOf(trace, explanation),
    lines: pins.slice(0, LINES).map(lineRow),
    waterfall: waterfallPicture(explanation),
    timeline: timelinePicture(trace, explanation),
    shortcomings: [...cut, ...shortcomings],
  };
}

function factsOf(trace: TraceReader, { certificate, arenas, waterfall }: Explanation): Answer["facts"] {
  const { info, eventCount } = trace;
  const { addressesCompared, eventsReplayed, texts, equalTexts } = certificate;
  return [
    ["interpreter", `CPython ${info.versionText}`],
    ["allocator", info.allocator],
    ["events", `${formatCount(eventsReplayed)} replayed, of ${formatCount(eventCount)}`],
    ["addresses", `${formatCount(addressesCompared)} compared with the process's`],
    ["its own account", texts === 0 ? "not asked for" : `${equalTexts} of ${counted(texts, "text")} equal`],
    ["arenas", formatCount(arenas)],
    ["resident set", [samplingText(trace), measuredText(waterfall)].filter((text) => text !== "").join(". ")],
  ];
}

const orDash = (bytes: number) => (bytes === 0 ? "-" : formatBytes(bytes));

const lineRow = ({ heldBytes, sharedBytes, liveBytes, blocks, frame }: Pin): LineRow => ({
  heldAlone: orDash(heldBytes),
  shared: orDash(sharedBytes),
  live: formatBytes(liveBytes),
  blocks: formatCount(blocks),
  line: frame === undefined ? NO_FRAME : frameText(frame),
});
