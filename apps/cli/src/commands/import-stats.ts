// `obmalloc import stats`: what a pasted text of sys._debugmallocstats() says about memory that is held.

import { readFileSync } from "node:fs";
import { ObmallocError } from "@obmalloc/abi";
import { bar } from "../shared/bar.ts";
import { ExitCode } from "../shared/exit-codes.ts";
import { FileError } from "../shared/file-source.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { tableLines } from "../shared/table.ts";
import { type Look, lookOf } from "../shared/terminal.ts";
import { counted, formatBytes, formatCount, formatPercent } from "../shared/units.ts";
import { wrapText } from "../shared/wrap-text.ts";

export interface ImportStatsFlags {
  readonly json?: boolean;
}

/** The text is none of sys._debugmallocstats(); the message says what is missing. */
class StatsTextError extends ObmallocError {
  override readonly name = "StatsTextError";
}

interface ClassRow {
  readonly szidx: number;
  readonly blockBytes: number;
  readonly pools: number;
  readonly blocksInUse: number;
  readonly blocksAvailable: number;
}

interface PastedStats {
  readonly arenas: number;
  readonly arenaBytes: number;
  readonly poolBytes: number;
  readonly unusedPools: number;
  readonly arenasAllocatedTotal: number;
  readonly classes: readonly ClassRow[];
  readonly bytes: Readonly<
    Record<
      | "allocatedBlocks"
      | "availableBlocks"
      | "unusedPools"
      | "poolHeaders"
      | "quantization"
      | "arenaAlignment"
      | "total",
      number
    >
  >;
}

export async function importStatsCommand(file: string, flags: ImportStatsFlags): Promise<ExitCode> {
  const stats = parseStats(readText(file));
  if (flags.json) await writeJson(stats);
  else await writeLines(statsLines(stats, lookOf(process.stdout)));
  return ExitCode.ok;
}

function readText(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (cause) {
    throw new FileError(`${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

/** The last such text, when there are several. @throws {StatsTextError} when there is none, or it is not whole. */
function parseStats(text: string): PastedStats {
  const start = text.lastIndexOf("Small block threshold");
  if (start < 0)
    throw new StatsTextError(
      'This is no text of sys._debugmallocstats(): it has no line "Small block threshold = ...".',
      {
        details: ["It goes to stderr: python3 -c 'import sys; sys._debugmallocstats()' 2> stats.txt"],
      },
    );
  const part = text.slice(start);
  const number = (pattern: RegExp, what: string): number => {
    const found = pattern.exec(part)?.[1];
    if (found === undefined)
      throw new StatsTextError(`The text is not whole: there is no line about ${what}.`);
    return Number(found.replaceAll(",", ""));
  };
  const value = (label: string) => number(new RegExp(`^# ${label} *= *([\\d,]+)`, "m"), label);
  const classes = [...part.matchAll(/^ *(\d+) +(\d+) +(\d+) +(\d+) +(\d+) *$/gm)].map((match) => {
    const [szidx, blockBytes, pools, blocksInUse, blocksAvailable] = match.slice(1).map(Number);
    return {
      szidx: szidx!,
      blockBytes: blockBytes!,
      pools: pools!,
      blocksInUse: blocksInUse!,
      blocksAvailable: blocksAvailable!,
    };
  });
  return {
    arenas: number(/^(\d+) arenas \* \d+ bytes\/arena/m, "arenas"),
    arenaBytes: number(/^\d+ arenas \* (\d+) bytes\/arena/m, "arenas"),
    unusedPools: number(/^(\d+) unused pools \*/m, "unused pools"),
    poolBytes: number(/^\d+ unused pools \* (\d+) bytes/m, "unused pools"),
    arenasAllocatedTotal: value("arenas allocated total"),
    classes,
    bytes: {
      allocatedBlocks: value("bytes in allocated blocks"),
      availableBlocks: value("bytes in available blocks"),
      unusedPools: number(/^\d+ unused pools \* \d+ bytes *= *([\d,]+)/m, "unused pools"),
      poolHeaders: value("bytes lost to pool headers"),
      quantization: value("bytes lost to quantization"),
      arenaAlignment: value("bytes lost to arena alignment"),
      total: number(/^Total *= *([\d,]+)/m, "the total"),
    },
  };
}

const PARTS = [
  ["allocatedBlocks", "live blocks, rounded to their classes"],
  ["availableBlocks", "free blocks in used pools"],
  ["unusedPools", "free pools, and pools never used"],
  ["poolHeaders", "pool headers"],
  ["quantization", "ends of pools that no block covers"],
  ["arenaAlignment", "alignment of arenas"],
] as const;
const BAR_COLUMNS = 20;
const CLASSES_SHOWN = 6;

function* statsLines({ arenas, arenaBytes, bytes, classes }: PastedStats, look: Look): Generator<string> {
  const free = bytes.availableBlocks + bytes.unusedPools;
  const share = bytes.total === 0 ? 0 : free / bytes.total;
  const headline = `${counted(arenas, "arena")} of ${formatBytes(arenaBytes)} hold ${formatBytes(bytes.total)}; ${formatBytes(free)} of that (${formatPercent(share)}) are free: ${formatBytes(bytes.unusedPools)} in whole pools, ${formatBytes(bytes.availableBlocks)} between live blocks`;
  for (const line of wrapText(headline, look.width)) yield look.colors.bold(line);
  yield "";
  const rows = PARTS.map(([key, name]) => [
    name,
    formatBytes(bytes[key]),
    formatPercent(bytes[key] / Math.max(1, bytes.total)),
    look.colors.cyan(bar(bytes[key] / Math.max(1, bytes.total), BAR_COLUMNS, look.unicode)),
  ]);
  const columns = [
    { heading: "" },
    { heading: "bytes", align: "right" },
    { heading: "share", align: "right" },
    { heading: "" },
  ] as const;
  yield* tableLines(columns, rows, look.colors);
  const emptiest = [...classes].sort(
    (a, b) => b.blocksAvailable * b.blockBytes - a.blocksAvailable * a.blockBytes,
  );
  yield "";
  yield look.colors.bold("Classes with most free blocks in used pools");
  yield* tableLines(
    ["block", "pools", "in use", "free", "free bytes"].map((heading) => ({
      heading,
      align: "right" as const,
    })),
    emptiest
      .slice(0, CLASSES_SHOWN)
      .map((row) => [
        `${row.blockBytes} bytes`,
        formatCount(row.pools),
        formatCount(row.blocksInUse),
        formatCount(row.blocksAvailable),
        formatBytes(row.blocksAvailable * row.blockBytes),
      ]),
    look.colors,
  );
  yield "";
  const advice =
    "These are totals: which blocks keep the arenas, and which lines made them, only a recording can tell (obmalloc record, then obmalloc explain).";
  for (const line of wrapText(advice, look.width)) yield look.colors.dim(line);
}
