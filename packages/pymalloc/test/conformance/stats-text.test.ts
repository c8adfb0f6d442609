// The report against what real interpreters printed (fixtures/stats, captured with sys._debugmallocstats()).

import { readdirSync, readFileSync } from "node:fs";
import { ilp32, maxPoolsInArena, type Profile, profileFor, sizeClassCount } from "@obmalloc/abi";
import { deriveStats, formatDebugMallocStats, type PyMallocCounts } from "@obmalloc/pymalloc";
import { describe, expect, it } from "vitest";

const folder = new URL("fixtures/stats/", import.meta.url);
const captured = readdirSync(folder)
  .sort()
  .map((file) => ({
    file,
    profile: profileFor(file.replace(/(-debug)?\.txt$/, "")),
    text: readFileSync(new URL(file, folder), "latin1"),
  }));

/** The report up to the empty line in front of the free lists, which belong to the types. */
function pymallocPart(text: string): string {
  return text.slice(0, text.search(/\n +\d+ free \w/));
}

/** Only what cannot be computed: the table, the arena counters, and which arenas are misaligned. */
function parseCounts(profile: Profile, text: string): PyMallocCounts {
  const value = (label: string) => {
    const found = new RegExp(`^# ${label} += +([\\d,]+)$`, "m").exec(text)?.[1];
    return found === undefined ? undefined : Number(found.replaceAll(",", ""));
  };
  const classes = Array.from({ length: sizeClassCount(profile) }, () => ({ pools: 0, blocksInUse: 0 }));
  for (const row of text.matchAll(/^ *(\d+) +\d+ +(\d+) +(\d+) +\d+$/gm)) {
    classes[Number(row[1])] = { pools: Number(row[2]), blocksInUse: Number(row[3]) };
  }
  const arenasCurrent = value("arenas allocated current")!;
  const misalignedArenas = value("bytes lost to arena alignment")! / profile.pymalloc.poolBytes;
  const pools = classes.reduce((sum, row) => sum + row.pools, 0);
  const objectMallocCalls = value("times object malloc called");
  return {
    classes,
    arenasAllocatedTotal: value("arenas allocated total")!,
    arenasHighwater: value("arenas highwater mark")!,
    arenasCurrent,
    misalignedArenas,
    unusedPools: arenasCurrent * maxPoolsInArena(profile) - misalignedArenas - pools,
    arenaMap: { midNodes: value("arena map mid nodes") ?? 0, leafNodes: value("arena map bot nodes") ?? 0 },
    ...(objectMallocCalls === undefined ? {} : { objectMallocCalls }),
  };
}

describe("formatDebugMallocStats", () => {
  it("has reports of seven versions to reproduce, with and without debug hooks", () => {
    expect(captured).toHaveLength(14);
  });

  it.each(captured)("reproduces $file byte for byte from its table", ({ profile, text }) => {
    const part = pymallocPart(text);
    const stats = deriveStats(profile, parseCounts(profile, part));
    expect(formatDebugMallocStats(profile, stats)).toBe(part);
    expect(stats.bytes.total).toBe(stats.arenasCurrent * profile.pymalloc.arenaBytes);
  });

  it("prints the calls of malloc for 3.7 with debug hooks and for no other", () => {
    const counts = (file: string) => {
      const { profile, text } = captured.find((one) => one.file === file)!;
      return { profile, counts: { ...parseCounts(profile, text), objectMallocCalls: 1234567 } };
    };
    const older = counts("3.7.16-debug.txt");
    expect(formatDebugMallocStats(older.profile, deriveStats(older.profile, older.counts))).toContain(
      "# times object malloc called       =            1,234,567\n",
    );
    const newer = counts("3.8.18-debug.txt");
    expect(formatDebugMallocStats(newer.profile, deriveStats(newer.profile, newer.counts))).not.toContain(
      "times object malloc",
    );
  });

  it("prints only the root of the arena map where the root is the leaf", () => {
    const profile = profileFor("3.13", ilp32);
    const classes = Array.from({ length: 64 }, () => ({ pools: 0, blocksInUse: 0 }));
    const stats = deriveStats(profile, {
      classes,
      arenasAllocatedTotal: 1,
      arenasHighwater: 1,
      arenasCurrent: 1,
      misalignedArenas: 0,
      unusedPools: 64,
      arenaMap: { midNodes: 0, leafNodes: 0 },
    });
    const text = formatDebugMallocStats(profile, stats);
    expect(text).toContain("Small block threshold = 512, in 64 size classes.\n");
    expect(text.slice(text.indexOf("\narena map counts"))).toBe(
      "\narena map counts\n# bytes lost to arena map root     =              131,072\n",
    );
  });

  it("does not cut a label that is too long for its column", () => {
    const profile = profileFor("3.12");
    const stats = deriveStats(profile, {
      classes: Array.from({ length: 32 }, () => ({ pools: 0, blocksInUse: 0 })),
      arenasAllocatedTotal: 1_000_000,
      arenasHighwater: 1_000_000,
      arenasCurrent: 1_000_000,
      misalignedArenas: 0,
      unusedPools: 64_000_000,
      arenaMap: { midNodes: 1, leafNodes: 62 },
    });
    expect(formatDebugMallocStats(profile, stats)).toContain(
      "\n1000000 arenas * 1048576 bytes/arena=    1,048,576,000,000\n",
    );
  });
});
