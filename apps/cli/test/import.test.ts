// What other tools wrote.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CASE, newFolder, obmalloc } from "./harness.ts";
import { violations } from "./schema.ts";

const folder = newFolder();
const statsText = (await obmalloc(["stats", CASE])).stdout;

function pasted(text: string): string {
  const path = join(folder, "stats.txt");
  writeFileSync(path, text);
  return path;
}

describe("import stats", () => {
  it("reads what sys._debugmallocstats() prints, also between other lines", async () => {
    const file = pasted(`some log line\n${statsText}\n12 free PyDictObjects * 48 bytes each = 576\n`);
    const { code, stdout, stderr } = await obmalloc(["import", "stats", file, "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const stats = JSON.parse(stdout) as { arenas: number; bytes: Record<string, number>; classes: unknown[] };
    expect(violations("import-stats", stats)).toEqual([]);
    const own = JSON.parse((await obmalloc(["stats", CASE, "--json"])).stdout) as {
      interpreters: { arenasCurrent: number; bytes: Record<string, number> }[];
    };
    expect(stats.arenas).toBe(own.interpreters[0]!.arenasCurrent);
    expect(stats.bytes).toEqual(own.interpreters[0]!.bytes);
    const { total, ...parts } = stats.bytes;
    expect(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
  });

  it("says what is held, as text", async () => {
    const { stdout } = await obmalloc(["import", "stats", pasted(statsText)]);
    expect(stdout).toMatchSnapshot();
  });

  it.each([
    ["a text of something else", "hello", 'no line "Small block threshold'],
    ["a text that is cut", statsText.slice(0, 400), "The text is not whole"],
    ["nothing", "", 'no line "Small block threshold'],
  ])("refuses %s", async (_, text, message) => {
    const { code, stderr } = await obmalloc(["import", "stats", pasted(text)]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
