// A sweep as a whole, in shards as processes of their own, and stopped half way.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { CASE, COMMAND, newFolder, obmalloc } from "./harness.ts";

const MATRIX = {
  settings: { profile: ["3.8", "3.11"], returnFreePools: [false, true], keptArenas: [0, 3] },
  moments: ["work done", "end"],
};
const JOBS = 16;

const rowsOf = async (path: string) => parquetReadObjects({ file: await asyncBufferFromFile(path) });

function inFolder(matrix: unknown = MATRIX): { folder: string; matrix: string } {
  const folder = newFolder();
  const path = join(folder, "matrix.json");
  writeFileSync(path, JSON.stringify(matrix));
  return { folder, matrix: path };
}

describe("sweep", () => {
  it("gives the same table whole and in shards that run as processes at the same time", async () => {
    const { folder, matrix } = inFolder();
    const whole = join(folder, "whole.parquet");
    const ended = await obmalloc(["sweep", CASE, "--matrix", matrix, "-o", whole]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const rows = await rowsOf(whole);
    expect(rows.map((row) => row.job)).toEqual(Array.from({ length: JOBS }, (_, job) => job));

    const shards = [1, 2, 3];
    const results = await Promise.all(
      shards.map((shard) =>
        obmalloc(["sweep", CASE, "--matrix", matrix, "--shard", `${shard}/3`, "--workers", "1"], {
          cwd: folder,
        }),
      ),
    );
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    const parts = await Promise.all(
      shards.map((shard) => rowsOf(join(folder, `sweep-${shard}-of-3.parquet`))),
    );
    const merged = parts.flat().sort((a, b) => Number(a.job) - Number(b.job));
    expect(merged).toEqual(rows);
  });

  it("says what what-if says", async () => {
    const { folder, matrix } = inFolder({ settings: [{ profile: "3.11", returnFreePools: true }] });
    const output = join(folder, "one.parquet");
    await obmalloc(["sweep", CASE, "--matrix", matrix, "-o", output]);
    const [row] = await rowsOf(output);
    const { stdout } = await obmalloc([
      "what-if",
      CASE,
      "--profile",
      "3.11",
      "--return-free-pools",
      "--json",
    ]);
    const { settings } = JSON.parse(stdout) as { settings: { arenas: number; heldBytes: number }[] };
    expect([row!.arenas, row!.held_bytes].map(Number)).toEqual([settings[1]!.arenas, settings[1]!.heldBytes]);
  });

  it("goes on where it was stopped, and refuses the journal of another sweep", async () => {
    const { folder, matrix } = inFolder();
    const output = join(folder, "out.parquet");
    const sweep = (...more: string[]) => obmalloc(["sweep", CASE, "--matrix", matrix, "-o", output, ...more]);
    await sweep();
    const [first] = await rowsOf(output);
    // What a sweep that was stopped leaves: the jobs, a row that can be told from a computed one, and half a row.
    const { sweepJobs, readMatrix } = await import("../src/sweep/matrix.ts");
    const jobs = JSON.stringify(sweepJobs([CASE], readMatrix(matrix)));
    const plain = Object.fromEntries(
      Object.entries(first!).map(([name, value]) => [
        name,
        typeof value === "bigint" ? Number(value) : value,
      ]),
    );
    writeFileSync(
      `${output}.journal`,
      `${jobs}\n${JSON.stringify({ ...plain, arenas: 4711 })}\n{"job":1,"tr`,
    );
    expect(await sweep()).toMatchObject({ code: 0 });
    const rows = await rowsOf(output);
    expect(rows).toHaveLength(JOBS);
    expect(rows[0]!.arenas).toBe(4711n);
    expect(rows[1]!.arenas).not.toBe(4711n);
    expect(existsSync(`${output}.journal`)).toBe(false);

    writeFileSync(`${output}.journal`, "[]\n");
    const refused = await sweep();
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("is the journal of another sweep");
    expect(readFileSync(`${output}.journal`, "utf8")).toBe("[]\n");
  });

  it("killed in the middle, by a signal that nobody can catch, it goes on: the same table, no row twice", async () => {
    const settings = {
      profile: ["3.7", "3.8", "3.9", "3.11"],
      keptArenas: [0, 1, 2, 3, 4],
      returnFreePools: [false, true],
    };
    const { folder, matrix } = inFolder({ settings, moments: ["work done", "end"] });
    const args = (name: string) => ["sweep", CASE, "--matrix", matrix, "-o", join(folder, name)];
    expect((await obmalloc(args("whole.parquet"))).code).toBe(0);

    const output = join(folder, "killed.parquet");
    const linesOfJournal = () => {
      const path = `${output}.journal`;
      return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;
    };
    const child = spawn(process.execPath, [COMMAND, ...args("killed.parquet"), "--workers", "1"], {
      stdio: "ignore",
    });
    const ended = once(child, "exit");
    while (linesOfJournal() < 4 && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 2));
    child.kill("SIGKILL");
    expect((await ended)[1]).toBe("SIGKILL");
    expect(existsSync(output)).toBe(false);
    const kept = linesOfJournal();
    expect(kept).toBeGreaterThanOrEqual(4);

    expect((await obmalloc(args("killed.parquet"))).code).toBe(0);
    expect(await rowsOf(output)).toEqual(await rowsOf(join(folder, "whole.parquet")));
  });

  it("keeps what failed as rows with a reason", async () => {
    const { folder, matrix } = inFolder({ settings: [{ arena: "300KiB" }, {}] });
    const output = join(folder, "out.parquet");
    const { code, stdout } = await obmalloc([
      "sweep",
      CASE,
      join(folder, "none.obm"),
      "--matrix",
      matrix,
      "-o",
      output,
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain("there is no such file");
    const errors = (await rowsOf(output)).map((row) => row.error ?? null);
    expect(errors).toEqual([
      expect.stringContaining("arenaBytes cannot be"),
      null,
      ...Array(2).fill(expect.stringContaining("no such file")),
    ]);
  });

  it.each([
    ["a setting that is not known", { settings: [{ areena: 1 }] }, "areena is not known"],
    ["a size that is none", { settings: { arena: ["big"] } }, "arena cannot be"],
    ["moments that are no list", { moments: "end" }, "has to be a list of texts"],
  ])("refuses %s", async (_, matrix, message) => {
    const { code, stderr } = await obmalloc(["sweep", CASE, "--matrix", inFolder(matrix).matrix]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it("refuses a shard that is none, and a file that is no JSON", async () => {
    const { folder, matrix } = inFolder();
    expect(await obmalloc(["sweep", CASE, "--matrix", matrix, "--shard", "4/3"])).toMatchObject({ code: 2 });
    writeFileSync(join(folder, "text"), "no JSON");
    expect(await obmalloc(["sweep", CASE, "--matrix", join(folder, "text")])).toMatchObject({ code: 2 });
  });
});
