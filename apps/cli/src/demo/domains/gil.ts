// `obmalloc demo gil`: real Workers on one heap, with the lock and without it.

import type { Profile } from "@obmalloc/abi";
import { createSharedDomains, type ThreadsMode } from "@obmalloc/domains";
import { bar } from "../../shared/bar.ts";
import { type Column, tableLines } from "../../shared/table.ts";
import { formatCount } from "../../shared/units.ts";
import type { DemoContext, DemoStep } from "../demo.ts";
import { endOf, startTeam } from "./gil-team.ts";

const MAX_BYTES = 256 * 1024 * 1024;
const NAMES = ["red", "green", "blue", "grey"];
const TIMES = 500_000;
const PAIRS = 500_000;
const PAIRS_TIMED = 2_000_000;
const BAR_COLUMNS = 20;

export async function* gilDemo({ profile, look }: DemoContext): AsyncGenerator<DemoStep> {
  const withLock = await counted(profile, true);
  const without = await counted(profile, false);
  const wanted = NAMES.length * TIMES;
  yield {
    title: "Four Workers add to one number",
    text:
      "Each reads a word of the shared memory, adds one and writes it back. Without a lock, what one writes in between is " +
      "lost. This is why CPython's reference counts and pools need the GIL.",
    lines: [
      `${NAMES.length} Workers, ${formatCount(TIMES)} times each: ${formatCount(wanted)} expected`,
      `with the GIL     ${formatCount(withLock)}`,
      `without it       ${formatCount(without)}   (${formatCount(wanted - without)} lost)`,
    ],
  };

  yield await takingTurns(profile, look);
  yield await costs(profile, look);
  yield await forgotten(profile);
  yield await terminated(profile);
}

function shared(profile: Profile, threads: ThreadsMode, PYTHONMALLOC?: string) {
  return createSharedDomains({ profile, threads, maxBytes: MAX_BYTES, environment: { PYTHONMALLOC } });
}

async function counted(profile: Profile, locked: boolean): Promise<number> {
  const { memory, handle } = shared(profile, "gil");
  const address = memory.raw.calloc(1, 4);
  memory.gil.release();
  await endOf(startTeam(handle, NAMES, { kind: "count", address, times: TIMES, locked }));
  return memory.linear.u32[address / 4]!;
}

async function takingTurns(profile: Profile, { colors }: DemoContext["look"]): Promise<DemoStep> {
  const { memory, handle } = shared(profile, "gil");
  memory.gil.release();
  const ends = await endOf(startTeam(handle, NAMES, { kind: "allocate", pairs: PAIRS }));
  const { switches, dropRequests, switchIntervalMs } = memory.gil.inspect();
  const columns: Column[] = ["Worker", "took the lock", "had to wait", "longest wait"].map(
    (heading, index) => ({
      heading,
      align: index === 0 ? "left" : "right",
    }),
  );
  const rows = ends.map(({ thread: { name, acquired, contended, longestWaitIntervals } }) => [
    name,
    String(acquired),
    String(contended),
    `${longestWaitIntervals} x ${switchIntervalMs} ms`,
  ]);
  return {
    title: "They take turns",
    text:
      `Each allocates and frees ${formatCount(PAIRS)} blocks. Who has waited for ${switchIntervalMs} ms asks for the lock; the ` +
      "holder sees that between two calls, and hands it to the one that has waited longest.",
    lines: [
      ...tableLines(columns, rows, colors),
      "",
      `${dropRequests} requests to give it up, ${switches} times it went to another Worker`,
      `check(): ${memory.check().length} findings; blocks in use: ${memory.getAllocatedBlocks()}`,
    ],
  };
}

async function costs(profile: Profile, { colors, unicode }: DemoContext["look"]): Promise<DemoStep> {
  const results: { readonly threads: ThreadsMode; readonly workers: number; readonly rate: number }[] = [];
  for (const threads of ["gil", "own-heaps"] as const) {
    for (const workers of [1, 2, 4]) {
      const { memory, handle } = shared(profile, threads);
      if (threads === "gil") memory.gil.release();
      const ends = await endOf(
        startTeam(handle, NAMES.slice(0, workers), { kind: "allocate", pairs: PAIRS_TIMED }),
      );
      const elapsedMs = Math.max(...ends.map((end) => end.elapsedMs));
      results.push({ threads, workers, rate: (2 * PAIRS_TIMED * workers) / elapsedMs / 1000 });
    }
  }
  const most = Math.max(...results.map(({ rate }) => rate));
  const rows = results.map(({ threads, workers, rate }) => [
    threads === "gil" ? "one heap, GIL" : "a heap each",
    String(workers),
    rate.toFixed(1),
    colors.cyan(bar(rate / most, BAR_COLUMNS, unicode)),
  ]);
  return {
    title: "What does the GIL cost an allocator?",
    text:
      "The second mode is ours: no lock, a pymalloc for each Worker, and blocks of another one go back to it through a " +
      "list. CPython's free-threaded build does the like with mimalloc. `obmalloc bench --streams T1,T2` measures it.",
    lines: tableLines(
      [
        { heading: "mode" },
        { heading: "Workers", align: "right" },
        { heading: "million calls/s", align: "right" },
        { heading: "" },
      ],
      rows,
      colors,
    ),
  };
}

async function forgotten(profile: Profile): Promise<DemoStep> {
  const { memory, handle } = shared(profile, "gil", "debug");
  memory.gil.release();
  const [worker] = startTeam(handle, ["forgetful"], { kind: "forget" });
  const said = await worker!.says();
  await worker!.worker.terminate();
  return {
    title: "A Worker that forgets it",
    text: "The raw domain has a lock of its own. Mem and obj want the GIL, and with PYTHONMALLOC=debug they say so.",
    lines: ["p = PyObject_Malloc(10)", "", ...(said.kind === "threw" ? said.text.trimEnd().split("\n") : [])],
  };
}

async function terminated(profile: Profile): Promise<DemoStep> {
  const { memory, handle } = shared(profile, "gil");
  memory.gil.release();
  const [holder] = startTeam(handle, ["the holder"], { kind: "hold" });
  await holder!.says();
  await holder!.worker.terminate();
  const startedAtMs = performance.now();
  const [waiter] = startTeam(handle, ["waiter"], { kind: "take" });
  const said = await waiter!.says();
  const waitedMs = performance.now() - startedAtMs;
  await waiter!.worker.terminate();
  const recovered = memory.gil.recover();
  await endOf(startTeam(handle, ["another"], { kind: "take" }));
  return {
    title: "A Worker that is terminated while it holds it",
    text: "Nobody could give the lock back any more. Whoever waits sees no sign of life of the holder, and does not hang.",
    lines: [
      ...(said.kind === "threw" ? `${said.name}: ${said.message}`.split("\n") : []),
      `after ${Math.round(waitedMs)} ms, the start of the waiting Worker included`,
      `gil.recover(): ${recovered}; another Worker has taken it since`,
    ],
  };
}
