// The story of one recording: how much memory, how sure the figures are, where it is, who holds it, what helps.

import { relative } from "node:path";
import { readings } from "@obmalloc/insight";
import { type ArenaOccupancy, arenaOccupancy, type Pin, pins } from "@obmalloc/trace";
import { arenaRows, legend } from "../shared/arena-picture.ts";
import { memoryUseRows } from "../shared/memory-use.ts";
import { pinsHeadline } from "../shared/pins-headline.ts";
import { type Recording, replayTo } from "../shared/recording.ts";
import { sparkline } from "../shared/sparkline.ts";
import type { Look } from "../shared/terminal.ts";
import { counted, formatBytes, formatCount } from "../shared/units.ts";
import { wrapText } from "../shared/wrap-text.ts";
import type { Obtained } from "./obtain-recording.ts";
import { sourceExcerpt } from "./source-excerpt.ts";

const INDENT = "   ";
/** Lines of text are easy to read up to here, however wide the terminal is. */
const TEXT_WIDTH_MAX = 92;

/** @param report path of the HTML report that was written. */
export function* storyLines(obtained: Obtained, report: string, look: Look): Generator<string> {
  const { file } = obtained.verified;
  const recording = replayTo(file, { at: undefined, stacks: true, pools: true });
  const arenas = arenaOccupancy(recording.replay);
  const found = pins(recording.replay, recording.stacks);
  const say = (text: string) => wrapText(text, Math.min(look.width, TEXT_WIDTH_MAX), INDENT);
  const title = (number: number, text: string) => ["", look.colors.bold(`${number}  ${text}`)];

  yield look.colors.bold("obmalloc: what holds the memory of a Python process?");
  yield* say(opening(obtained));
  yield* title(1, "The work is over, the memory stays");
  yield* memoryLines(recording, found[0], look, say);
  yield* title(2, `The replay is ${obtained.verified.exact ? "exact" : "not exact"}`);
  yield* say(certificateSentence(obtained));
  yield* title(3, `Where it is, at ${recording.moment.name}`);
  yield* pictureLines(arenas, recording.replay.profile.pymalloc, look);
  yield* title(4, "Who holds it");
  yield* culpritLines(found, obtained, look, say);
  yield* title(5, "What helps");
  yield* remedyLines(obtained, say);
  yield "";
  yield look.colors.bold("Next");
  for (const command of nextCommands(file)) yield `${INDENT}${command}`;
  yield "";
  yield look.colors.bold("All of this as a page for your browser, one file that needs no network");
  yield `${INDENT}${shown(report)}`;
}

type Say = (text: string) => string[];

function opening({ program, orders, verified, live, whyNotLive }: Obtained): string {
  const { info, eventCount, sizeBytes } = verified.trace;
  const what = `CPython ${info.version} running ${shown(program)} with ${formatCount(orders)} orders`;
  const size = `${counted(eventCount, "event")}, ${formatBytes(sizeBytes)}`;
  if (live !== undefined) return `Recorded just now, in ${live.seconds.toFixed(1)} s: ${what}; ${size}.`;
  return `Nothing could be recorded here (${whyNotLive?.replace(/\.$/, "")}), so this is a recording that comes along: ${what}; ${size}.`;
}

function* memoryLines(
  { trace, moment }: Recording,
  top: Pin | undefined,
  look: Look,
  say: Say,
): Generator<string> {
  const read = readings(trace).filter(({ event }) => event <= moment.event);
  const resident = read.map(({ rssBytes }) => rssBytes);
  const peak = read.at(-1)?.peakBytes ?? 0;
  const after = (moment.mark?.rssPages ?? 0) * trace.info.pageSizeBytes;
  const width = Math.min(look.width, TEXT_WIDTH_MAX) - INDENT.length;
  if (look.unicode) yield `${INDENT}${look.colors.cyan(sparkline(resident, width))}`;
  const kept = top === undefined ? "" : ` Of these, ${formatBytes(top.liveBytes)} are kept on purpose.`;
  yield* say(`Resident: ${formatBytes(peak)} at the peak, ${formatBytes(after)} after the work.${kept}`);
}

function certificateSentence({ verified: { certificate, exact } }: Obtained): string {
  const { addressesCompared, mismatches, evidence } = certificate;
  const equal = evidence.filter((check) => check.equal).length;
  const addresses = `${formatCount(addressesCompared)} addresses compared with the process's, ${counted(mismatches, "mismatch", "mismatches")}`;
  const texts = `${equal} of ${evidence.length} of its own sys._debugmallocstats() texts are equal to the letter`;
  return `${addresses}; ${texts}.${exact ? " So what follows is no estimate." : ""}`;
}

const ROWS_FIRST = 6;
const ROWS_LAST = 3;

function* pictureLines(
  arenas: readonly ArenaOccupancy[],
  sizes: { readonly arenaBytes: number; readonly poolBytes: number },
  look: Look,
): Generator<string> {
  const { arenaBytes, poolBytes } = sizes;
  yield `${INDENT}${counted(arenas.length, "arena")} of ${formatBytes(arenaBytes)}, each a row of pools of ${formatBytes(poolBytes)}`;
  yield* memoryUseRows(arenas, sizes, look);
  yield* arenaRows(arenas, { first: ROWS_FIRST, last: ROWS_LAST }, look);
  yield `${INDENT}${legend(look)}`;
}

function* culpritLines(
  found: readonly Pin[],
  { program }: Obtained,
  { colors, width }: Look,
  say: Say,
): Generator<string> {
  const top = found[0];
  if (top?.frame === undefined || top.arenas === 0) {
    yield* say("No line keeps an arena alone.");
    return;
  }
  yield* say(`${pinsHeadline(found)}: ${Math.round(top.leverage)} bytes held for each live one.`);
  for (const { number, text, isTheLine } of sourceExcerpt(program, top.frame.line)) {
    const line = `${INDENT}${isTheLine ? ">" : " "} ${String(number).padStart(3)}  ${text}`.slice(0, width);
    yield isTheLine ? colors.yellow(line) : colors.dim(line);
  }
}

function* remedyLines({ live, orders, program }: Obtained, say: Say): Generator<string> {
  const measured = live?.residentWithCopies;
  const result = measured === undefined ? "" : ` Measured just now: ${measured} resident.`;
  yield* say(
    `Copying what is kept once the work is over: the copies lie together, and the arenas go back.${result}`,
  );
  yield `${INDENT}python3 ${shown(program)} ${orders} copy`;
}

function nextCommands(file: string): string[] {
  const obmalloc = "node_modules/.bin/obmalloc";
  return [
    `${obmalloc} explain ${shown(file)}`,
    `${obmalloc} arenas ${shown(file)} --at end`,
    `${obmalloc} record -o run.obm -- python3 your-program.py`,
  ];
}

function shown(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}
