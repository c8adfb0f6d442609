// What a recording cannot tell, said before anybody wonders.

import type { Examination } from "../history/examine.ts";
import type { Waterfall } from "./waterfall.ts";

export function shortcomings({ trace, replay, moment }: Examination, waterfall: Waterfall): string[] {
  const { info } = trace;
  const found: string[] = [];
  if (replay.event < moment.event) {
    const why = replay.damage?.message ?? `the replay parts from the recording: ${replay.mismatch?.reason}`;
    found.push(`Only the first ${replay.event} of ${moment.event} events could be replayed (${why}).`);
  }
  if (!replay.hasPools)
    found.push(
      `The program ran with the allocator ${info.allocator}: there are no arenas, pins and lifetimes by class.`,
    );
  if (info.stacks === "none")
    found.push(`There are no stacks (${info.stacksNote ?? "recorded without"}): no line can be named.`);
  if (waterfall.rssBytes === undefined)
    found.push("There is no resident set up to this moment: the parts do not add up to anything.");
  else if (!waterfall.hasAccount)
    found.push(
      "The recorder did not look at the rest of the process (an older recorder, or not Linux): what is not Python's is one part.",
    );
  else if (waterfall.measuredAt !== moment.event)
    found.push(
      `The resident set is that of event ${waterfall.measuredAt}, ${moment.event - waterfall.measuredAt!} events earlier: markers have one of their own.`,
    );
  return found;
}
