// `obmalloc explain`, on the recording that comes along, on one made by an older recorder, and on programs recorded now.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CASE, newFolder, obmalloc, recordable } from "./harness.ts";
import { violations } from "./schema.ts";

interface Answer {
  readonly verdict: { readonly kind: string; readonly headline: string };
  readonly waterfall: {
    readonly rssBytes: number | null;
    readonly measuredBefore: { readonly events: number; readonly elapsedNs: number };
    readonly parts: readonly { readonly key: string; readonly bytes: number }[];
  };
  readonly remedies: readonly { readonly kind: string; readonly savingBytes: number }[];
  readonly shortcomings: readonly string[];
  readonly recording: { readonly events: number };
}

async function explained(file: string, ...args: string[]): Promise<Answer> {
  const { code, stdout, stderr } = await obmalloc(["explain", file, "--json", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const answer: unknown = JSON.parse(stdout);
  expect(violations("explain", answer)).toEqual([]);
  return answer as Answer;
}

describe("explain", () => {
  it("answers in one page", async () => {
    // What malloc would do instead is asked of the machine that runs this: no two need to agree.
    const { stdout, stderr } = await obmalloc(["explain", CASE, "--remedies", "from-heap"]);
    expect(stderr).toBe("");
    expect(stdout).toMatchSnapshot();
    const answer = await explained(CASE);
    expect(answer.verdict.kind).toBe("retention-in-pymalloc");
    expect(answer.shortcomings).toEqual([]);
  });

  it("says what it can of a recording without accounts of the process", async () => {
    const old = fileURLToPath(
      new URL("../../../packages/trace/test/fixtures/cpython-3.13.obm", import.meta.url),
    );
    const { waterfall, shortcomings } = await explained(old);
    expect(shortcomings.join()).toContain("older recorder");
    expect(waterfall.parts.map(({ key }) => key)).not.toContain("c-library-used");
    expect(waterfall.parts.at(-1)!.key).toBe("remainder");
  });

  it("adds up to the resident set, whatever is known", async () => {
    for (const at of ["before the work", "work done", "shutdown", "end", "20000"]) {
      const { waterfall } = await explained(CASE, "--at", at);
      const sum = waterfall.parts.reduce((total, part) => total + part.bytes, 0);
      expect(waterfall.rssBytes ?? sum).toBe(sum);
    }
  });

  it("lists remedies by what they save", async () => {
    const { remedies } = await explained(CASE);
    expect(remedies.length).toBeGreaterThan(0);
    const savings = remedies.map((remedy) => remedy.savingBytes);
    expect(savings).toEqual([...savings].sort((a, b) => b - a));
  });

  it("lists the moments that there are when it is asked for another", async () => {
    const { code, stderr } = await obmalloc(["explain", CASE, "--at", "lunch"]);
    expect(code).toBe(2);
    expect(stderr).toContain('Its markers: "before the work", "work done".');
  });

  it("says what is missing of an empty file and of one that is no trace", async () => {
    const folder = newFolder();
    for (const [name, content] of [
      ["empty", ""],
      ["text", "this is no trace, but a file of text, and long enough to hold a header"],
    ] as const) {
      writeFileSync(join(folder, name), content);
      const { code, stdout, stderr } = await obmalloc(["explain", join(folder, name)]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/^obmalloc: .+/);
    }
  });
});

describe.skipIf(recordable.length === 0)("explain, of a program recorded now", () => {
  const python = recordable.at(-1)!;
  const program = "data = [str(i) * 3 for i in range(100000)]; del data[::2]";
  const record = async (name: string, options: string[], env: NodeJS.ProcessEnv = {}) => {
    const file = join(newFolder(), `${name}.obm`);
    const args = ["record", "-q", ...options, "-o", file, "--", python.path, "-S", "-c", program];
    const { code } = await obmalloc(args, { env: { ...process.env, ...env } });
    expect(code).toBe(0);
    return file;
  };

  it("explains all that is resident", async () => {
    const file = await record("plain", []);
    const { waterfall, shortcomings, recording } = await explained(file);
    expect(shortcomings).toEqual([]);
    expect(waterfall.measuredBefore).toEqual({ events: 0, elapsedNs: 0 });
    const between = await obmalloc(["explain", file, "--at", String(Math.floor(recording.events / 2))]);
    expect(between.stdout).toMatch(/Measured [\d.]+ m?s, [\d,]+ events? before the\s+moment/);
    const remainder = waterfall.parts.at(-1)!;
    expect(remainder).toMatchObject({ key: "remainder" });
    expect(Math.abs(remainder.bytes)).toBeLessThan(waterfall.rssBytes! * 0.05);
  });

  it("answers without stacks, and without pools, and says what is missing", async () => {
    const noStacks = await explained(await record("no-stacks", ["--no-stacks"]));
    expect(noStacks.shortcomings.join()).toContain("no line can be named");
    expect(noStacks.verdict.headline).not.toContain("<string>");
    const malloc = await explained(await record("malloc", [], { PYTHONMALLOC: "malloc" }));
    expect(malloc.shortcomings.join()).toContain("there are no arenas");
    expect(malloc.waterfall.parts.map((part) => part)).not.toContainEqual(
      expect.objectContaining({ key: "free-pools" }),
    );
  });
});
