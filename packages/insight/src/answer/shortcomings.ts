// What a recording cannot tell, said before anybody wonders.

import type { TraceReader } from "@obmalloc/trace";
import type { Examination } from "../history/examine.ts";
import type { Waterfall } from "./waterfall.ts";

export function shortcomings({ trace, replay, moment }: Examination, waterfall: Waterfall): string[] {
  const { info } = trace;
  const found: string[] = [];
  if (replay.event < moment.event) {
    const why =
      replay.damage?.shortMessage ?? `the replay parts from the recording: ${replay.mismatch?.reason}`;
    found.push(`Only the first ${replay.event} of ${moment.event} events could be replayed (${why}).`);
  }
  if (trace.end === undefined) found.push(noEnding(trace));
  if (info.derivedFrom !== undefined) found.push(...ofCapture(info.derivedFrom, replay.hasPools));
  else if (!replay.hasPools)
    found.push(
      `The program ran with the allocator ${info.allocator}: there are no arenas, pins and lifetimes by class.`,
    );
  if (info.stacks === "none")
    found.push(`There are no stacks (${info.stacksNote ?? "recorded without"}): no line can be named.`);
  if (waterfall.rssBytes === undefined)
    found.push("There is no resident set up to this moment: the parts do not add up to anything.");
  else if (!waterfall.hasAccount && info.derivedFrom === undefined)
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
function ofCapture(tool: string, hasPools: boolean): string[] {
  const common = [
    "What is not Python's is one part: the capture has the resident set, and no account of the rest of the process.",
    "Where among the operations the resident set was read is known by how much was alive then.",
  ];
  if (!hasPools)
    return [
      `The capture (${tool}) has no blocks of pymalloc: arenas are seen as mappings, what they hold and who pins them is not known. Capture with --trace-python-allocators.`,
      ...common,
    ];
  return [
    `Made of a capture (${tool}), which begins after the interpreter: nothing is compared, so there is no certificate. Blocks that are older are missing, and may keep arenas that seem to be one line's alone.`,
    "Arenas follow from addresses: where each begins, and when one that seems empty went back to the system, is not known for sure.",
    ...common,
  ];
}
