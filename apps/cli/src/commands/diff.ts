// `obmalloc diff`: two recordings, or two moments of one, by layer, class and line.

import { type Change, type Comparison, compare, type Side, sideOf } from "@obmalloc/insight";
import { type Frame, type Moment, momentOf, type TraceReader } from "@obmalloc/trace";
import { ExitCode } from "../shared/exit-codes.ts";
import { frameText } from "../shared/frame-text.ts";
import { measuredText } from "../shared/measured-text.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { noFrameText } from "../shared/pins-headline.ts";
import { Progress } from "../shared/progress.ts";
import { momentJson, openTrace } from "../shared/recording.ts";
import { sayLacks } from "../shared/say-lacks.ts";
import { type Column, fitEnd, tableLines } from "../shared/table.ts";
import { type Look, lookOf } from "../shared/terminal.ts";
import { formatBytes } from "../shared/units.ts";

export interface DiffFlags {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
  readonly limit: number;
}

/** @throws {TraceQuestionError} when a moment does not exist. */
export async function diffCommand(
  before: string,
  after: string | undefined,
  flags: DiffFlags,
): Promise<ExitCode> {
  const first = openTrace(before);
  const second = after === undefined ? first : openTrace(after);
  const comparison = compare(side(first, before, flags.from), side(second, after ?? before, flags.to));
  const nobody = noFrameText(first.info.stacks === "none" ? first : second);
  if (flags.json) await writeJson(diffJson(comparison));
  else await writeLines(diffText(comparison, nobody, flags.limit, lookOf(process.stdout)));
  return ExitCode.ok;
}

function side(trace: TraceReader, file: string, at: string | undefined): Side {
  const moment: Moment = momentOf(trace, at);
  const progress = new Progress(`replaying ${file}`, moment.event);
  const found = sideOf(trace, moment, progress.update);
  progress.stop();
  sayLacks(file, trace, moment, ["own-recording", "arenas", "stacks", "resident-set"]);
  return found;
}

function* diffText(comparison: Comparison, nobody: string, limit: number, look: Look): Generator<string> {
  const { before, after, layers, classes, lines } = comparison;
  const live = after.liveBytes - before.liveBytes;
  yield look.colors.bold(
    `From ${before.moment.name} to ${after.moment.name}: ${signed(live)} of live blocks`,
  );
  for (const { moment, waterfall } of [before, after]) {
    const measured = measuredText(waterfall);
    if (measured !== "") yield look.colors.dim(`At ${moment.name}: ${measured}`);
  }
  yield* section("By layer", layers, (name) => name, limit * 2, look);
  yield* section("By size class, live bytes in blocks", classes, (bytes) => `${bytes} bytes`, limit, look);
  const width = Math.max(20, look.width - 44);
  const line = (frame: Frame | undefined) =>
    fitEnd(frame === undefined ? nobody : frameText(frame), width, look.unicode ? "…" : "...");
  yield* section("By line, live bytes as requested", lines, line, limit, look);
}

function* section<Key>(
  title: string,
  changes: readonly Change<Key>[],
  name: (key: Key) => string,
  limit: number,
  look: Look,
): Generator<string> {
  const columns: Column[] = [
    { heading: "before", align: "right" },
    { heading: "after", align: "right" },
    { heading: "change", align: "right" },
    { heading: "" },
  ];
  yield "";
  yield look.colors.bold(title);
  if (changes.length === 0) {
    yield "  no change";
    return;
  }
  const rows = changes
    .slice(0, limit)
    .map(({ key, before, after }) => [
      bytesText(before),
      bytesText(after),
      after > before ? look.colors.yellow(signed(after - before)) : signed(after - before),
      name(key),
    ]);
  for (const row of tableLines(columns, rows, look.colors)) yield `  ${row}`;
  if (changes.length > limit)
    yield look.colors.dim(`  and ${changes.length - limit} more: --limit ${changes.length}`);
}

const bytesText = (bytes: number) => (bytes < 0 ? `-${formatBytes(-bytes)}` : formatBytes(bytes));
const signed = (bytes: number) =>
  bytes === 0 ? "same" : bytes < 0 ? bytesText(bytes) : `+${formatBytes(bytes)}`;

function diffJson({ before, after, layers, classes, lines }: Comparison) {
  const sideJson = (one: Side) => ({
    moment: momentJson(one.moment),
    rssBytes: one.waterfall.rssBytes ?? null,
    measuredAt: one.waterfall.measuredAt ?? null,
    liveBytes: one.liveBytes,
    arenas: one.arenas,
  });
  return {
    before: sideJson(before),
    after: sideJson(after),
    layers: layers.map(({ key, ...change }) => ({ name: key, ...change })),
    classes: classes.map(({ key, ...change }) => ({ blockBytes: key, ...change })),
    lines: lines.map(({ key, ...change }) => ({
      file: key?.file ?? null,
      line: key?.line ?? null,
      function: key?.function ?? null,
      ...change,
    })),
  };
}
