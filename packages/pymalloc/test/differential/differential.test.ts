// The same calls through a real CPython and through PyMalloc: every address, every report, every arena.

import { profileFor } from "@obmalloc/abi";
import { noteComparison } from "@obmalloc/test-support";
import { describe, expect, it } from "vitest";
import { buildDriver, runDriver, type Sequence, type SharedPython, sharedPythons } from "./real-python.ts";
import { Mismatch, Replay, type Tally } from "./replay.ts";

const OPERATIONS = 150_000;
const driver = buildDriver();
const interpreters = sharedPythons();

async function replay(python: SharedPython, sequence: Sequence, version = python.version): Promise<Tally> {
  const replayed = new Replay(profileFor(version));
  for await (const chunk of runDriver(driver!, python, sequence)) replayed.feed(chunk);
  return replayed.end();
}

const note = ({ meta }: { meta: object }, { version }: SharedPython, tally: Tally) =>
  noteComparison(meta, {
    python: version,
    counts: {
      "calls of pymalloc": tally.operations,
      addresses: tally.arenaAddresses,
      reports: tally.reports,
    },
  });

describe("PyMalloc gives the addresses that CPython gives", () => {
  if (driver === undefined || interpreters.length === 0) {
    it.skip("skipped: this needs Linux, a C compiler, and a CPython built as a shared library", () => {});
    return;
  }

  it.for(interpreters)(
    "$version: a seeded sequence of calls",
    { timeout: 120_000 },
    async (python, { task }) => {
      const tally = await replay(python, {
        seed: 15838,
        operations: OPERATIONS,
        maxLive: 80_000,
        initialise: python.needsInterpreter,
      });
      expect(tally.arenaAddresses).toBeGreaterThan(OPERATIONS / 3);
      expect(tally.rawAddresses).toBeGreaterThan(100);
      expect(tally.reports).toBeGreaterThan(2);
      expect(tally.arenasMapped).toBeGreaterThan(tally.arenasHighwater);
      note(task, python, tally);
    },
  );

  it.for(interpreters.filter(({ needsInterpreter }) => !needsInterpreter))(
    "$version: the interpreter's own start, then a sequence",
    { timeout: 120_000 },
    async (python, { task }) => {
      const tally = await replay(python, { seed: 7, operations: 5_000, maxLive: 5_000, initialise: true });
      expect(tally.operations).toBeGreaterThan(20_000);
      note(task, python, tally);
    },
  );

  it.runIf(interpreters.some(({ version }) => version.startsWith("3.8.")))(
    "and notices when it does not: 3.8 replayed with the rules of 3.9",
    async () => {
      const python = interpreters.find(({ version }) => version.startsWith("3.8."))!;
      const sequence = { seed: 15838, operations: 50_000, maxLive: 80_000, initialise: false };
      await expect(replay(python, sequence, "3.9")).rejects.toThrow(Mismatch);
    },
  );
});
