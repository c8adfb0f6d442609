// The pins as text: what is the matter in one sentence, then the lines with bars.

import type { Pin } from "@obmalloc/trace";
import { bar } from "../shared/bar.ts";
import { frameText } from "../shared/frame-text.ts";
import { NO_FRAME, pinsHeadline } from "../shared/pins-headline.ts";
import type { Recording } from "../shared/recording.ts";
import { type Column, fitEnd, tableLines } from "../shared/table.ts";
import type { Look } from "../shared/terminal.ts";
import { counted, formatBytes, formatCount } from "../shared/units.ts";
import { wrapText } from "../shared/wrap-text.ts";

const BAR_COLUMNS = 12;
const DERIVED =
  "Derived from the addresses of a capture (%): blocks older than it are missing, and may keep some of these arenas too.";

export interface PinsTextOptions {
  readonly stack?: boolean;
  readonly limit: number;
}

export function* pinsText(
  recording: Recording,
  found: readonly Pin[],
  { stack = false, limit }: PinsTextOptions,
  look: Look,
): Generator<string> {
  const { moment, replay, stacks, trace } = recording;
  const arenaCount = [...replay.machine.arenas.all()].length;
  const arenasBytes = arenaCount * replay.profile.pymalloc.arenaBytes;
  const liveBytes = found.reduce((sum, pin) => sum + pin.liveBytes, 0);
  for (const line of wrapText(pinsHeadline(found), look.width)) yield look.colors.bold(line);
  yield `At ${moment.name}: ${counted(arenaCount, "arena")} (${formatBytes(arenasBytes)}), ${formatBytes(liveBytes)} of live blocks in them.`;
  const { derivedFrom } = trace.info;
  if (derivedFrom !== undefined)
    for (const line of wrapText(DERIVED.replace("%", derivedFrom), look.width)) yield look.colors.dim(line);
  yield "";
  const shown = found.slice(0, limit);
  yield* tableLines(
    columns(look),
    shown.map((pin) => cells(pin, arenasBytes, look)),
    look.colors,
  );
  const left = found.length - shown.length;
  if (left > 0) yield look.colors.dim(`and ${counted(left, "line")} more: --limit ${found.length}`);
  if (!stack) return;
  for (const pin of shown.filter((one) => one.frame !== undefined)) {
    yield "";
    yield look.colors.bold(frameText(pin.frame!));
    for (const frame of stacks.frames(pin.stack).slice(1)) yield `  called from ${frameText(frame)}`;
  }
}

function columns({ width }: Look): Column[] {
  return [
    { heading: "held alone", align: "right" },
    { heading: "" },
    { heading: "leverage", align: "right" },
    { heading: "live", align: "right" },
    ...(isWide(width)
      ? ([
          { heading: "blocks", align: "right" },
          { heading: "in arenas", align: "right" },
        ] as const)
      : []),
    { heading: "line" },
  ];
}

const isWide = (width: number) => width >= 100;

function cells(pin: Pin, arenasBytes: number, { colors, unicode, width }: Look): string[] {
  const columnsBefore = isWide(width) ? 73 : 51;
  const where = pin.frame === undefined ? NO_FRAME : frameText(pin.frame);
  return [
    pin.heldBytes === 0 ? "-" : formatBytes(pin.heldBytes),
    colors.yellow(bar(pin.heldBytes / arenasBytes, BAR_COLUMNS, unicode).padEnd(BAR_COLUMNS)),
    pin.heldBytes === 0 ? "-" : `${Math.round(pin.leverage)}x`,
    formatBytes(pin.liveBytes),
    ...(isWide(width) ? [formatCount(pin.blocks), formatCount(pin.arenas + pin.sharedArenas)] : []),
    fitEnd(where, Math.max(20, width - columnsBefore), unicode ? "…" : "..."),
  ];
}
