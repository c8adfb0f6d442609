// What remedies are said to save, against what happens when the program is changed.
import { fileURLToPath } from "node:url";
import { profileFor } from "@obmalloc/abi";
import { type Explanation, explain, type RemedyKind } from "@obmalloc/insight";
import { momentOf, Replay, Stacks } from "@obmalloc/trace";
import { describe, expect, it } from "vitest";
import { withMallocRemedy } from "../../src/what-if/malloc-remedy.ts";
import { recordable, recorded } from "./recordings.ts";

const MIB = 1024 * 1024;

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const PINNED = pathOf("../../cases/pinned.py");
const REMEDIES = pathOf("programs/remedies.py");

/** Arenas of a program when its work is done. */
async function arenasOf(python: (typeof recordable)[number], args: readonly string[]): Promise<number> {
  const trace = await recorded(python, args, "none");
  const { machine } = new Replay(trace, { stacks: false }).runTo(momentOf(trace).event);
  return machine.current.engine.arenaCount;
}

async function explained(
  python: (typeof recordable)[number],
  args: readonly string[],
  remedies: "from-heap" | "all",
): Promise<Explanation> {
  const trace = await recorded(python, args);
  return explain(trace, momentOf(trace), { remedies });
}

const best = ({ remedies }: Explanation, kind: RemedyKind) =>
  remedies.find((remedy) => remedy.kind === kind)!;

/** Three percent; one arena where that is less than one. */
const tolerance = (arenas: number) => Math.max(1, arenas * 0.03);

describe.skipIf(recordable.length === 0)("re-homing, predicted and done", () => {
  it.each(recordable)("leaves as many arenas as predicted ($version)", async (python) => {
    const keep = await explained(python, [PINNED, "100000"], "from-heap");
    const predicted = best(keep, "re-home").arenasAfter!;
    const real = await arenasOf(python, [PINNED, "100000", "copy"]);
    expect(keep.arenas).toBeGreaterThan(real * 2);
    expect(Math.abs(predicted - real)).toBeLessThanOrEqual(tolerance(real));
  });
});

describe.skipIf(recordable.length === 0)("garbage that waits, predicted and collected", () => {
  it.each(recordable)("collected sooner, or at the end ($version)", async (python) => {
    const program = pathOf("programs/garbage.py");
    const { arenas, remedies, collections } = await explained(python, [program], "all");
    const sooner = remedies.find((one) => one.kind === "gc-threshold" && one.parameter !== undefined)!;
    const real = await arenasOf(python, [program, String(sooner.parameter)]);
    // Up to what one collection frees then is garbage again at the moment: how much, neither run can know of the other.
    const most = collections.reduce((max, { bytes }) => Math.max(max, bytes), 0) / 10;
    const waiting = most / profileFor(`3.${python.minor}`).pymalloc.arenaBytes;
    expect(Math.abs(sooner.arenasAfter! - real)).toBeLessThanOrEqual(tolerance(real) + Math.ceil(waiting));
    expect(real).toBeLessThan(arenas);

    const now = remedies.find((one) => one.kind === "gc-threshold" && one.parameter === undefined);
    const collected = await arenasOf(python, [program, "collect"]);
    expect(Math.abs((now?.arenasAfter ?? arenas) - collected)).toBeLessThanOrEqual(tolerance(collected));
  });
});

describe.skipIf(recordable.length === 0).each(recordable)("remedies on CPython $version", (python) => {
  it.each(["strings", "rows", "tuples"])("%s: what is predicted comes about", async (program) => {
    const keep = await explained(python, [REMEDIES, program, "keep"], "all");
    const reHome = best(keep, "re-home").arenasAfter!;
    const real = await arenasOf(python, [REMEDIES, program, "rehome"]);
    expect(Math.abs(reHome - real)).toBeLessThanOrEqual(tolerance(real));

    const { arenasAfter, parameter } = best(keep, "other-size-class");
    const padded = await arenasOf(python, [REMEDIES, program, "padded", String(parameter)]);
    expect(Math.abs(arenasAfter! - padded)).toBeLessThanOrEqual(tolerance(padded));

    // The program clears after rounds, the prediction after blocks: they part by what a chunk holds, just under 1 MiB.
    const chunkArenas = MIB / profileFor(`3.${python.minor}`).pymalloc.arenaBytes;
    const chunks = best(keep, "clear-in-chunks").arenasAfter!;
    const cleared = await arenasOf(python, [REMEDIES, program, "chunks"]);
    expect(Math.abs(chunks - cleared)).toBeLessThanOrEqual(Math.max(2, chunkArenas));
    expect(cleared).toBeLessThan(keep.arenas / 4);
  });
});

describe.skipIf(recordable.length === 0)("PYTHONMALLOC=malloc, predicted and done", () => {
  const program = pathOf("programs/trimmed.py");
  const answered = async (python: (typeof recordable)[number], args: readonly string[]) => {
    const trace = await recorded(python, args);
    const explanation = explain(trace, momentOf(trace), { remedies: "all" });
    return { trace, explanation, stacks: new Stacks(trace.tables) };
  };
  /** Resident bytes when the work is done, but for the recorder's own. */
  const residentOf = ({ waterfall: { parts } }: Explanation) =>
    parts.reduce((sum, { key, bytes }) => sum + (key === "recorder" ? 0 : bytes), 0);

  it.each(recordable)(
    "leaves as much after a trim as predicted, within a tenth ($version)",
    async (python) => {
      const keep = await withMallocRemedy(await answered(python, [program, "keep"]));
      const remedy = best(keep.explanation, "python-malloc");
      expect(remedy.grade).toBe("modelled");
      const predicted = residentOf(keep.explanation) - remedy.savingBytes;
      const trace = await recorded(python, [program, "trim"], "full", { PYTHONMALLOC: "malloc" });
      const real = residentOf(explain(trace, momentOf(trace), { remedies: "none" }));
      expect(Math.abs(predicted - real)).toBeLessThan(real * 0.1);
      expect(real).toBeLessThan(residentOf(keep.explanation) / 2);
    },
  );

  it("is not offered where little is held", async () => {
    const answer = await withMallocRemedy(await answered(recordable.at(-1)!, [pathOf("programs/built.py")]));
    expect(answer.explanation.remedies.map(({ kind }) => kind)).not.toContain("python-malloc");
  });
});
