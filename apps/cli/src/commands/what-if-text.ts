// The answers of what-if as a table against the recording, and what such answers cannot know.

import type { Moment } from "@obmalloc/trace";
import { bar } from "../shared/bar.ts";
import { type Column, tableLines } from "../shared/table.ts";
import type { Look } from "../shared/terminal.ts";
import { formatBytes, formatCount } from "../shared/units.ts";
import { wrapText } from "../shared/wrap-text.ts";
import type { WhatIfAnswer, WhatIfRow } from "../what-if/answer.ts";

const BAR_COLUMNS = 16;

export function* whatIfText({ trace, moment, rows, malloc }: WhatIfAnswer, look: Look): Generator<string> {
  if (rows.length === 0)
    yield `The program ran with the allocator ${trace.info.allocator}: there are no arenas to ask about at ${moment.name}.`;
  else yield* arenasText(moment, rows, trace.info.derivedFrom === undefined ? "recorded" : "captured", look);
  if (malloc !== undefined) {
    yield "";
    yield `PYTHONMALLOC=malloc: ${formatBytes(malloc.residentBytes)} resident for all of Python's blocks${malloc.canTrim ? `, ${formatBytes(malloc.trimmedBytes)} after malloc_trim(0)` : ""}.`;
    yield look.colors.dim(
      "Measured: this machine's malloc did the recorded operations just now, in a process of its own.",
    );
  }
  if (rows.length === 0) return;
  yield "";
  const refused = rows.some(({ result }) => result.refused > 0);
  if (refused)
    yield* wrapText("Some settings ran out of the replay's 4 GiB: their figures are too low.", look.width);
  const { derivedFrom } = trace.info;
  if (derivedFrom !== undefined) {
    const captured = `Made of a capture (${derivedFrom}): each row is what the captured requests take in a heap that begins empty. Blocks that are older than the capture are missing, so compare rows with each other, not with the arenas of explain, which follow from addresses.`;
    for (const line of wrapText(captured, look.width)) yield look.colors.dim(line);
    return;
  }
  const caveat = `Each row replays the sizes that were recorded on CPython ${trace.info.version}; for these the answer is exact. Another version also makes objects of other sizes, which no recording of this one can know: record on it to be sure.`;
  for (const line of wrapText(caveat, look.width)) yield look.colors.dim(line);
}

function* arenasText(
  moment: Moment,
  rows: readonly WhatIfRow[],
  origin: string,
  look: Look,
): Generator<string> {
  const recorded = rows[0]!.result;
  yield look.colors.bold(`What arenas would hold at ${moment.name}, under other settings`);
  yield "";
  const most = Math.max(...rows.map(({ result }) => result.heldBytes), 1);
  const columns: Column[] = [
    { heading: "settings" },
    { heading: "held", align: "right" },
    { heading: "against", align: "right" },
    { heading: "" },
    { heading: "arenas", align: "right" },
    { heading: "in free pools", align: "right" },
    { heading: "peak", align: "right" },
  ];
  const cells = rows.map(({ name, isRecorded, result }) => [
    isRecorded ? `${name} (${origin})` : name,
    formatBytes(result.heldBytes),
    isRecorded ? "" : difference(result.heldBytes - recorded.heldBytes),
    look.colors.cyan(bar(result.heldBytes / most, BAR_COLUMNS, look.unicode).padEnd(BAR_COLUMNS)),
    formatCount(result.arenas),
    formatBytes(result.freePoolBytes),
    formatBytes(result.peakBytes),
  ]);
  yield* tableLines(columns, cells, look.colors);
}

function difference(bytes: number): string {
  if (bytes === 0) return "same";
  return bytes < 0 ? `-${formatBytes(-bytes)}` : `+${formatBytes(bytes)}`;
}
