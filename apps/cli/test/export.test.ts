// Each export read back by the library of the tool that it is for; of Chrome traces see chrome-trace.test.ts.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import Papa from "papaparse";
import { Profile } from "pprof-format";
import { describe, expect, it } from "vitest";
import { hasBrowser, withTab } from "./browser.ts";
import { CASE, newFolder, obmalloc } from "./harness.ts";

/** Of valgrind, where it is installed. */
const DHAT_VIEWER = "/usr/libexec/valgrind/dh_view.html";
const folder = newFolder();

async function exported(format: string, ...args: string[]): Promise<string> {
  const path = join(folder, `${format}${args.length}`);
  const ended = await obmalloc(["export", CASE, "--format", format, "-o", path, ...args]);
  expect(ended).toMatchObject({ code: 0, stderr: "", stdout: `Written: ${path}\n` });
  return path;
}

async function liveBlocks(): Promise<
  { sizeBytes: number; address: string; line: number | null; file: string | null }[]
> {
  const { stdout } = await obmalloc(["blocks", CASE, "--json"]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
const blocks = await liveBlocks();
const liveBytes = sum(blocks.map((block) => block.sizeBytes));

describe("export", () => {
  it("pprof: decodes, with all bytes, arenas, and the line that pins", async () => {
    const profile = Profile.decode(gunzipSync(readFileSync(await exported("pprof"))));
    const text = (index: number | bigint) => profile.stringTable.strings[Number(index)];
    expect(profile.sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`)).toEqual([
      "live/bytes",
      "pinned/bytes",
      "arenas/count",
      "blocks/count",
    ]);
    expect(text(profile.defaultSampleType)).toBe("live");
    // go tool pprof would take the brackets of <module> for a template's, where a system name were the same.
    expect(profile.function.filter((one) => text(one.systemName) !== "")).toEqual([]);
    const column = (index: number) => sum(profile.sample.map((sample) => Number(sample.value[index])));
    expect(column(0)).toBe(liveBytes);
    expect(column(3)).toBe(blocks.length);
    expect(Math.abs(column(1) - 21 * 256 * 1024)).toBeLessThan(profile.sample.length);
    const functions = new Map(profile.function.map((one) => [Number(one.id), text(one.name)]));
    const locations = new Map(profile.location.map((one) => [Number(one.id), one.line[0]!]));
    const pinning = profile.sample.filter((sample) => {
      const line = locations.get(Number(sample.locationId[0]));
      return functions.get(Number(line?.functionId)) === "work" && Number(line?.line) === 31;
    });
    expect(sum(pinning.map((sample) => Number(sample.value[0])))).toBe(7264);
  });

  // Its table of functions has the names and the bytes as text; the flame graph is drawn.
  it.skipIf(!hasBrowser).each([
    ["speedscope", "live bytes at marker"],
    ["collapsed", "exported"],
  ])("%s: speedscope's own importer takes it", async (format, title) => {
    const application = join(
      dirname(createRequire(import.meta.url).resolve("speedscope/package.json")),
      "dist/release",
    );
    await withTab(application, await exported(format), async (tab, origin) => {
      await tab.goto(
        `${origin}/index.html#profileURL=${encodeURIComponent(`${origin}/exported`)}&view=sandwich`,
      );
      await tab.waitForFunction((text) => (document.body.textContent ?? "").includes(text), title);
      await tab.waitForFunction(() => (document.body.textContent ?? "").includes("_find_and_load"));
      expect(await tab.evaluate(() => document.body.textContent ?? "")).not.toMatch(
        /went wrong|Unrecognized/,
      );
    });
  });

  it.skipIf(!hasBrowser || !existsSync(DHAT_VIEWER))("dhat: valgrind's own viewer shows it", async () => {
    const path = await exported("dhat");
    await withTab(dirname(DHAT_VIEWER), path, async (tab, origin) => {
      await tab.goto(`${origin}/dh_view.html`);
      await tab.locator("input[type=file]").setInputFiles(path);
      await tab.waitForFunction(() => (document.body.textContent ?? "").includes("Invocation"));
      const text = await tab.evaluate(() => document.body.textContent ?? "");
      expect(text.replace(/\s+/g, " ")).toContain(`Total: ${liveBytes.toLocaleString("en-US")} bytes`);
      expect(text).toContain("pinned.py");
    });
  });

  it("collapsed: a line for each stack", async () => {
    const lines = readFileSync(await exported("collapsed"), "utf8")
      .trimEnd()
      .split("\n");
    const parsed = lines.map((line) => /^(.+) (\d+)$/.exec(line)!);
    expect(sum(parsed.map((match) => Number(match[2])))).toBe(liveBytes);
    expect(new Set(parsed.map((match) => match[1])).size).toBe(lines.length);
    expect(parsed.map((match) => match[1])).toContainEqual("<module> (pinned.py:38);work (pinned.py:31)");
  });

  it("dhat: version 2, with frames that its table has", async () => {
    const profile = JSON.parse(readFileSync(await exported("dhat"), "utf8")) as {
      dhatFileVersion: number;
      pps: { tb: number; fs: number[] }[];
      ftbl: string[];
    };
    expect(profile.dhatFileVersion).toBe(2);
    expect(sum(profile.pps.map((point) => point.tb))).toBe(liveBytes);
    expect(profile.pps.flatMap((point) => point.fs).every((index) => profile.ftbl[index] !== undefined)).toBe(
      true,
    );
  });

  it("parquet-blocks: hyparquet reads the rows that blocks prints", async () => {
    const rows = await parquetReadObjects({
      file: await asyncBufferFromFile(await exported("parquet-blocks")),
    });
    expect(rows.map((row) => [row.address, Number(row.size), row.line ?? null])).toEqual(
      blocks.map((block) => [block.address, block.sizeBytes, block.line]),
    );
  });

  it("parquet-events, csv-events: a row for each event", async () => {
    const rows = await parquetReadObjects({
      file: await asyncBufferFromFile(await exported("parquet-events")),
    });
    const lines = readFileSync(await exported("csv-events"), "utf8")
      .trimEnd()
      .split("\r\n");
    expect(lines.length - 1).toBe(rows.length);
    expect(rows[0]).toMatchObject({ event: 0n, operation: "malloc" });
    expect(lines[1]!.startsWith(`0,malloc,${rows[0]!.domain},${rows[0]!.address},`)).toBe(true);
    expect(rows.at(-1)!.event).toBe(BigInt(rows.length - 1));
  });

  it("csv-blocks, csv-events: Papa Parse reads the rows that blocks prints, and those of Parquet", async () => {
    const read = async (format: string) =>
      Papa.parse<Record<string, string>>(readFileSync(await exported(format), "utf8"), {
        header: true,
        skipEmptyLines: true,
      });
    const table = await read("csv-blocks");
    expect(table.errors).toEqual([]);
    expect(
      table.data.map((row) => [row.address, Number(row.size), row.line || null, row.file || null]),
    ).toEqual(
      blocks.map((block) => [
        block.address,
        block.sizeBytes,
        block.line === null ? null : String(block.line),
        block.file,
      ]),
    );
    const events = await read("csv-events");
    expect(events.errors).toEqual([]);
    const rows = await parquetReadObjects({
      file: await asyncBufferFromFile(await exported("parquet-events")),
    });
    expect(events.data.map((row) => [row.event, row.operation, row.address])).toEqual(
      rows.map((row) => [String(row.event), row.operation, row.address]),
    );
  });

  it.each([
    ["an unknown format", ["--format", "svg"], "Allowed choices are"],
    ["no format", [], "--format"],
    ["a moment that there is not", ["--format", "pprof", "--at", "lunch"], "no moment"],
    ["a place that cannot be written", ["--format", "dhat", "-o", "/nonexistent/x"], "cannot be written"],
  ])("refuses %s", async (_, args, message) => {
    const { code, stderr } = await obmalloc(["export", CASE, ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
