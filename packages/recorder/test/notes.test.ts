// What the recorder tells of the process's memory besides its blocks: against what the process itself reads.

import { Stacks } from "@obmalloc/trace";
import { describe, expect, it } from "vitest";
import { expectSound, marksOf, recordable, recordPython } from "./harness.ts";

const MIB = 2 ** 20;
/** Those that can set a marker. */
const marking = recordable.filter(({ version }) => !version.startsWith("3.7."));

const LARGE_THEN_GONE = `
import sys
def grow(count): return [str(i) * 3 for i in range(count)]
kept = grow(200000)
large = b"x" * (64 << 20)
del large
more = grow(400000)
more = None
`;

/** Prints the start of each mapping without a name, and for each of its pages whether it is resident. */
const COUNTING = `
import ctypes, mmap, sys
mincore, page = ctypes.CDLL(None).mincore, mmap.PAGESIZE
def states(start, end):
    found = (ctypes.c_ubyte * ((end - start) // page))()
    mincore(ctypes.c_void_p(start), ctypes.c_size_t(end - start), found)
    return "".join(str(state & 1) for state in found)
data = [str(i) * 3 for i in range(300000)]
del data[::2]
sys.audit("obmalloc.mark", "")
lines = [line.split() for line in open("/proc/self/maps")]
for start, end in [map(lambda text: int(text, 16), line[0].split("-")) for line in lines if len(line) == 5]:
    print(start, states(start, end))
`;

const PROGRAM = `
import mmap, os, sys, threading, time
with open("large", "wb") as file:
    file.write(bytes(24 << 20))
view = mmap.mmap(os.open("large", os.O_RDONLY), 0, prot=mmap.PROT_READ)
touched = sum(view[::4096])
plain = mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, 8 << 20, 4096): plain[at] = 1
hoard = [bytes(600) for _ in range(20000)]
ready = threading.Barrier(4)
def wait(): [0] * 1000; ready.wait(); ready.wait()
threads = [threading.Thread(target=wait) for _ in range(3)]
for thread in threads: thread.start()
ready.wait()
sys.audit("obmalloc.mark", "now")
with open("/proc/self/smaps_rollup") as rollup:
    print(rollup.read())
ready.wait()
for thread in threads: thread.join()
plain.close()
view.madvise(mmap.MADV_DONTNEED)
sys.audit("obmalloc.mark", "closed")
`;

const rollupBytes = (text: string, name: string) =>
  Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)![1]) * 1024;

describe.skipIf(marking.length === 0)("notes", () => {
  it.each(marking)("say what the kernel says, and which lines mapped what ($version)", async (python) => {
    const run = await recordPython(python, PROGRAM);
    const trace = expectSound(run);
    const { notes } = trace.tables;
    const [now, closed] = marksOf(trace, "user");
    const account = notes.accounts.find(({ event }) => event === now!.event)!;
    const rollup = (...names: string[]) =>
      names.reduce((sum, name) => sum + rollupBytes(run.stdout, name), 0);
    // Whether a clean page is shared depends on other processes.
    for (const [bytes, expected] of [
      [account.rss, rollup("Rss")],
      [account.anonymous, rollup("Anonymous")],
      [account.privateClean + account.sharedClean, rollup("Private_Clean", "Shared_Clean")],
      [account.privateDirty + account.sharedDirty, rollup("Private_Dirty", "Shared_Dirty")],
      [account.lazyFree, rollup("LazyFree")],
      [account.anonHuge, rollup("AnonHugePages")],
      [account.swap, rollup("Swap")],
    ] as const)
      expect(Math.abs(bytes - expected)).toBeLessThan(MIB);

    const { heapRss, fileRss, fileWritten, stackRss, sharedMemoryRss, unnamedRss } = account;
    const kinds = heapRss + fileRss + fileWritten + stackRss + sharedMemoryRss + unnamedRss;
    expect(kinds).toBe(account.rss);
    expect(account.unnamedRss).toBeGreaterThan(account.arenaRss + account.recorderRss + 8 * MIB);
    expect(account.fileRss).toBeGreaterThan(24 * MIB);
    expect(account.threadStackRss).toBeGreaterThan(3 * 4096);
    expect(account.mallocUsed + account.mallocFree).toBe(account.mallocSystem);
    expect(account.mallocUsed).toBeGreaterThan(20000 * 600);

    const stacks = new Stacks(trace.tables);
    const [file, plain] = notes.mappings.slice(1);
    expect([file, plain].map((one) => stacks.innermost(one!.stack)?.line)).toEqual([5, 7]);
    expect(file).toMatchObject({ isFile: true, sizeBytes: 24 * MIB });
    expect(plain).toMatchObject({ isFile: false, isShared: false, sizeBytes: 8 * MIB });
    const residency = notes.mappingResidency.find(({ event }) => event === now!.event)!;
    expect(residency.bytes.get(1)).toBe(24 * MIB);
    expect(residency.bytes.get(2)).toBe(8 * MIB);
    expect(notes.mappingGoneAt.get(2)).toBeLessThanOrEqual(closed!.event);
    const later = notes.mappingResidency.find(({ event }) => event === closed!.event)!;
    expect(later.bytes).toEqual(new Map());
  });

  it.each(marking)(
    "count the resident pages of each arena, as the process itself does ($version)",
    async (python) => {
      const run = await recordPython(python, COUNTING);
      const trace = expectSound(run);
      const [mark] = marksOf(trace, "user");
      const { pages } = trace.tables.notes.arenaResidency.find(({ event }) => event === mark!.event)!;
      const counted = new Map(
        run.stdout
          .split("\n")
          .map((line) => line.split(" "))
          .map(([start, states]) => [Number(start), states ?? ""]),
      );
      const { pageSizeBytes } = trace.info;
      const added = [...trace.tables.arenasAt(mark!.event)].map((id) => {
        const { base, sizeBytes } = trace.tables.arenas[id]!;
        const [start, all] = [...counted].find(
          ([from, states]) => from <= base && base < from + states.length * pageSizeBytes,
        )!;
        const first = (base - start) / pageSizeBytes;
        const resident = all.slice(first, first + sizeBytes / pageSizeBytes).replaceAll("0", "").length;
        return resident - pages.get(id)!;
      });
      expect(added.length).toBeGreaterThan(10);
      // Counting has new blocks of its own, in pools that were not full: a few pages of a few arenas, and none goes away.
      expect(Math.min(...added)).toBe(0);
      expect(Math.max(...added)).toBeLessThan(16);
      expect(added.filter((count) => count === 0).length).toBeGreaterThan(added.length / 2);
    },
  );
});

describe.skipIf(recordable.length === 0)("samples of the resident set", () => {
  it.each(recordable)("each have their account and their arenas ($version)", async (python) => {
    const { tables, info } = expectSound(await recordPython(python, LARGE_THEN_GONE));
    const { samples, marks, notes } = tables;
    expect(samples[0]!.event).toBe(0);
    expect(samples.length).toBeGreaterThan(marks.length + 1);
    expect(notes.accounts.map(({ event }) => event)).toEqual(samples.map(({ event }) => event));
    expect(notes.arenaResidency.map(({ event }) => event)).toEqual(samples.map(({ event }) => event));
    for (const [i, { event, elapsedNs, rssPages }] of samples.entries()) {
      const account = notes.accounts[i]!;
      expect(account).toMatchObject({ elapsedNs, rss: rssPages * info.pageSizeBytes });
      // Before main() malloc may not have been used.
      if (event > 0) expect(account.mallocUsed).toBeGreaterThan(0);
      const { privateClean, privateDirty, sharedClean, sharedDirty } = account;
      expect(privateClean + privateDirty + sharedClean + sharedDirty).toBe(account.rss);
      const { pages } = notes.arenaResidency[i]!;
      expect([...pages.keys()].sort((a, b) => a - b)).toEqual([...tables.arenasAt(event)]);
      const resident = [...pages.values()].reduce((sum, count) => sum + count, 0);
      expect(resident * info.pageSizeBytes).toBe(account.arenaRss);
    }
    for (const { event, rssPages } of marks)
      expect(samples.some((one) => one.event === event && one.rssPages === rssPages)).toBe(true);
  });

  it.each(recordable)("lie apart, and no peak between them is lost ($version)", async (python) => {
    const { tables } = expectSound(await recordPython(python, LARGE_THEN_GONE));
    const { samples, marks, notes } = tables;
    const marked = new Set(marks.map(({ event }) => event));
    for (const [i, { event, elapsedNs }] of samples.entries())
      if (i > 0 && !marked.has(event)) expect(elapsedNs - samples[i - 1]!.elapsedNs).toBeGreaterThan(9e6);
    const [first, last] = [notes.accounts[0]!, notes.accounts.at(-1)!];
    expect(last.peakRss).toBeGreaterThan(first.rss + 64 * MIB);
    const readings = [
      ...notes.accounts.map(({ elapsedNs, peakRss }) => ({ elapsedNs, peakRssBytes: peakRss })),
      ...notes.clocks,
    ].sort((a, b) => a.elapsedNs - b.elapsedNs);
    expect(readings.length).toBeGreaterThan(samples.length);
    for (const [i, { peakRssBytes }] of readings.entries())
      if (i > 0) expect(peakRssBytes).toBeGreaterThan(readings[i - 1]!.peakRssBytes - MIB);
  });
});
