// 32 bits, exactly: obmalloc.c of three versions, compiled for 32 bits, gave these addresses and reports (see record.ts).

import { readdirSync, readFileSync } from "node:fs";
import { ilp32, profileFor } from "@obmalloc/abi";
import { describe, expect, it } from "vitest";
import { Mismatch, Replay } from "../differential/replay.ts";
import { linesOf } from "./columns.ts";

const folder = new URL("recordings/", import.meta.url);
const versions = readdirSync(folder).map((name) => name.replace(".br", ""));

function replay(recorded: string, replayed = recorded) {
  const engine = new Replay(profileFor(replayed, ilp32));
  for (const line of linesOf(readFileSync(new URL(`${recorded}.br`, folder)))) engine.feed(line);
  return engine.end();
}

describe("PyMalloc gives the addresses that obmalloc.c gives on 32 bits", () => {
  it.each(versions)("%s: a recorded sequence of calls", { timeout: 60_000 }, (version) => {
    const tally = replay(version);
    expect(tally.operations).toBeGreaterThan(40_000);
    expect(tally.arenaAddresses).toBeGreaterThan(15_000);
    expect(tally.rawAddresses).toBeGreaterThan(300);
    expect(tally.arenasMapped).toBeGreaterThan(tally.arenasHighwater);
    expect(tally.reports).toBe(5);
  });

  it("and notices when it does not: 3.9 replayed with the rules of 3.8", () => {
    expect(() => replay("3.9.2", "3.8")).toThrow(Mismatch);
  });
});
