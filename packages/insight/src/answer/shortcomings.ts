// What a recording cannot tell, said before anybody wonders.

import type { Moment, TraceReader } from "@obmalloc/trace";
import type { Examination } from "../history/examine.ts";
import type { Waterfall } from "./waterfall.ts";

/** Something that a recording does not have, so that some questions have no answer. */
export interface Lack {
  readonly of: "ending" | "own-recording" | "arenas" | "stacks" | "resident-set";
  /** What it is, and what cannot be told without, in sentences. */
  readonly text: string;
}

/** What a recording does not have up to a moment, whatever is asked about it. */
export function lacksOf(trace: TraceReader, moment: Moment): Lack[] {
  const { info } = trace;
  const found: Lack[] = [];
  if (trace.end === undefined) found.push({ of: "ending", text: noEnding(trace) });
  const hasPools = info.allocator === "pymalloc" || info.allocator === "pymalloc_debug";
  if (info.derivedFrom !== undefined) found.push(...ofCapture(info.derivedFrom, hasPools));
  else if (!hasPools)
    found.push({
      of: "arenas",
      text: `The program ran with the allocator ${info.allocator}: there are no arenas, pins and lifetimes by class.`,
    });
  if (info.stacks === "none")
    found.push({
      of: "stacks",
      text: `There are no stacks (${info.stacksNote ?? "recorded without"}): no line can be named.`,
    });
  if (!hasResidentSet(trace, moment))
    found.push({
      of: "resident-set",
      text: "There is no resident set up to this moment: the parts do not add up to anything.",
    });
  return found;
}

/** Whether the kernel was asked how much is resident, at or before the moment. */
function hasResidentSet({ tables }: TraceReader, { event }: Moment): boolean {
  const isThere = (one: { readonly event: number; readonly rssPages: number }) =>
    one.event <= event && one.rssPages > 0;
  return tables.samples.some(isThere) || tables.marks.some(isThere);
}

export function shortcomings({ trace, replay, moment }: Examination, waterfall: Waterfall): string[] {
  const { derivedFrom } = trace.info;
  const found: string[] = [];
  if (replay.event < moment.event) {
    const why =
      replay.damage?.shortMessage ?? `the replay parts from the recording: ${replay.mismatch?.reason}`;
    found.push(`Only the first ${replay.event} of ${moment.event} events could be replayed (${why}).`);
  }
  found.push(...lacksOf(trace, moment).map((lack) => lack.text));
  if (waterfall.rssBytes === undefined) return found;
  if (!waterfall.hasAccount && derivedFrom === undefined)
    found.push(
      "The recorder did not look at the rest of the process (an older recorder, or not Linux): what is not Python's is one part.",
    );
  return found;
}

/** Of a recording whose process was killed, or whose file is cut. */
export function noEnding({ damage, eventCount }: TraceReader): string {
  const why =
    damage === undefined ? "the process was killed or crashed, or the file is cut" : damage.shortMessage;
  return `The recording has no ending (${why}): it goes as far as event ${eventCount}; what came later, its markers too, is not known.`;
}

/** What the capture of another tool leaves open. */
function ofCapture(tool: string, hasPools: boolean): Lack[] {
  const texts = hasPools
    ? [
        `Made of a capture (${tool}), which begins after the interpreter: nothing is compared, so there is no certificate. Blocks that are older are missing, and may keep arenas that seem to be one line's alone.`,
        "Arenas follow from addresses: where each begins, and when one that seems empty went back to the system, is not known for sure.",
      ]
    : [
        `The capture (${tool}) has no blocks of pymalloc: arenas are seen as mappings, what they hold and who pins them is not known. Capture with --trace-python-allocators.`,
      ];
  return [
    ...texts,
    "What is not Python's is one part: the capture has the resident set, and no account of the rest of the process.",
    "Where among the operations the resident set was read is known by how much was alive then.",
  ].map((text, index) => ({ of: !hasPools && index === 0 ? "arenas" : "own-recording", text }));
}
