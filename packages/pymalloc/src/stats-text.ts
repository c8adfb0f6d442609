// The report that sys._debugmallocstats() writes, pymalloc's part of it.

import type { Profile } from "@obmalloc/abi";
import type { PyMallocStats } from "./stats.ts";

const TABLE_HEAD = [
  "class   size   num pools   blocks in use  avail blocks",
  "-----   ----   ---------   -------------  ------------",
];
/** Right-aligned columns of a row of the table. */
const COLUMN_WIDTHS = [5, 6, 11, 15, 13];
const LABEL_WIDTH = 35;
const VALUE_WIDTH = 21;

/**
 * pymalloc's part of `sys._debugmallocstats()`, byte for byte as the profile's version prints it; ends with a newline.
 * (The empty line and the free lists that follow in a real process belong to other parts of the interpreter.)
 *
 * @see CPython 3.13 Objects/obmalloc.c, pymalloc_print_stats, printone
 */
export function formatDebugMallocStats(profile: Profile, stats: PyMallocStats): string {
  const { smallRequestThreshold, arenaBytes, poolBytes } = profile.pymalloc;
  const rows = stats.classes.filter((row) => row.pools > 0);
  const lines = [
    `Small block threshold = ${smallRequestThreshold}, in ${stats.classes.length} size classes.`,
    "",
    ...TABLE_HEAD,
    ...rows.map((row) =>
      tableRow([row.szidx, row.sizeBytes, row.pools, row.blocksInUse, row.blocksAvailable]),
    ),
    "",
  ];
  if (profile.pymalloc.statsText.objectMallocCalls && stats.objectMallocCalls !== undefined) {
    lines.push(line("# times object malloc called", stats.objectMallocCalls));
  }
  lines.push(
    line("# arenas allocated total", stats.arenasAllocatedTotal),
    line("# arenas reclaimed", stats.arenasReclaimed),
    line("# arenas highwater mark", stats.arenasHighwater),
    line("# arenas allocated current", stats.arenasCurrent),
    line(`${stats.arenasCurrent} arenas * ${arenaBytes} bytes/arena`, stats.arenasCurrent * arenaBytes),
    "",
    line("# bytes in allocated blocks", stats.bytes.allocatedBlocks),
    line("# bytes in available blocks", stats.bytes.availableBlocks),
    line(`${stats.unusedPools} unused pools * ${poolBytes} bytes`, stats.bytes.unusedPools),
    line("# bytes lost to pool headers", stats.bytes.poolHeaders),
    line("# bytes lost to quantization", stats.bytes.quantization),
    line("# bytes lost to arena alignment", stats.bytes.arenaAlignment),
    line("Total", stats.bytes.total),
    ...arenaMapLines(profile, stats),
  );
  return lines.map((text) => `${text}\n`).join("");
}

/** Nothing without a radix tree; the root alone where it has no interior nodes. */
function arenaMapLines(profile: Profile, { arenaMap, arenaMapBytes }: PyMallocStats): string[] {
  const lookup = profile.pymalloc.arenaLookup;
  if (lookup.kind === "index") return [];
  const root = line("# bytes lost to arena map root", arenaMapBytes.root);
  if (lookup.rootBits === 0) return ["", "arena map counts", root];
  return [
    "",
    "arena map counts",
    line("# arena map mid nodes", arenaMap.midNodes),
    line("# arena map bot nodes", arenaMap.leafNodes),
    "",
    root,
    line("# bytes lost to arena map mid", arenaMapBytes.mid),
    line("# bytes lost to arena map bot", arenaMapBytes.leaf),
    line("Total", arenaMapBytes.root + arenaMapBytes.mid + arenaMapBytes.leaf),
  ];
}

function tableRow(values: readonly number[]): string {
  return values.map((value, column) => String(value).padStart(COLUMN_WIDTHS[column]!)).join(" ");
}

/** A label, an equals sign and a number in groups of three. A label that is too long is not cut. */
function line(label: string, value: number): string {
  const grouped = String(value).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${label.padEnd(LABEL_WIDTH)}=${grouped.padStart(VALUE_WIDTH)}`;
}
