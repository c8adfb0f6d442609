import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { profileFor } from "@obmalloc/abi";
import { bytesSource, liveBlocks, Replay, Stacks, TraceReader } from "@obmalloc/trace";
import { describe, expect, it } from "vitest";
import { examine, recordTape, recordTapeUnder, type Tape, TapeCamera } from "../src/index.ts";

const file = new URL("../../trace/test/fixtures/cpython-3.13.obm", import.meta.url);
const open = () =>
  TraceReader.open(bytesSource(readFileSync(file)), {
    inflate: (bytes, sizeBytes) => inflateRawSync(bytes, { maxOutputLength: sizeBytes }),
  });

/** Address to requested bytes and stack lines of what a tape says lives at a moment. */
function livingAt(tape: Tape, event: number): Map<number, string> {
  const { geometry, arenas, lives, stacks } = tape;
  const rowUnits =
    (Math.ceil(geometry.arenaBytes / geometry.poolBytes) * geometry.poolBytes) / geometry.alignmentBytes;
  const found = new Map<number, string>();
  for (let life = 0; life < lives.place.length; life++) {
    if (lives.born[life]! >= event || lives.died[life]! < event || lives.sizeBytes[life] === 0) continue;
    const row = Math.floor(lives.place[life]! / rowUnits);
    const first = Math.ceil(arenas.bases[row]! / geometry.poolBytes) * geometry.poolBytes;
    const address = first + (lives.place[life]! % rowUnits) * geometry.alignmentBytes;
    const lines: string[] = [];
    for (let node = lives.stack[life]!; node !== 0; node = stacks.parent[node]!)
      lines.push(stacks.lines[stacks.line[node]!]!);
    found.set(address, `${lives.sizeBytes[life]} ${lines.join(" < ")}`);
  }
  return found;
}

/** The same of a replay to that moment. */
function replayedTo(trace: TraceReader, event: number): Map<number, string> {
  const replay = new Replay(trace).runTo(event);
  const stacks = new Stacks(trace.tables);
  const found = new Map<number, string>();
  for (const { arena, address, sizeBytes, stack } of liveBlocks(replay)) {
    if (arena === null) continue;
    const lines = stacks
      .frames(stack)
      .map(({ file: path, line, function: name }) => `${path.split("/").at(-1)}:${line} ${name}`);
    found.set(address, `${sizeBytes} ${lines.join(" < ")}`);
  }
  return found;
}

const sorted = (blocks: ReadonlyMap<number, string>) => [...blocks].sort((a, b) => a[0] - b[0]);

describe("recordTape", () => {
  const trace = open();
  const tape = recordTape(trace);

  it("says of any moment what a replay to that moment says: addresses, sizes, stacks", () => {
    for (const share of [0, 0.1, 0.5, 0.83, 1]) {
      const event = Math.round(trace.eventCount * share);
      expect(sorted(livingAt(tape, event))).toEqual(sorted(replayedTo(trace, event)));
    }
  });

  it("notes deaths in their order, and arenas as they come and go", () => {
    const { died, deaths, born } = tape.lives;
    const times = [...deaths].map((life) => died[life]!);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect([...born]).toEqual([...born].sort((a, b) => a - b));
    const event = trace.eventCount;
    const mapped = [...tape.arenas.row.keys()].filter(
      (index) => tape.arenas.mapped[index]! < event && tape.arenas.unmapped[index]! >= event,
    );
    const replay = new Replay(trace).runTo(event);
    expect(new Set(mapped.map((index) => tape.arenas.bases[tape.arenas.row[index]!]))).toEqual(
      new Set([...replay.machine.arenas.all()].map(({ base }) => base)),
    );
  });

  it("begins in the middle with all that lived then", () => {
    const from = Math.round(trace.eventCount * 0.6);
    const part = recordTape(trace, { from, to: from + 2000 });
    expect([part.firstEvent, part.lastEvent]).toEqual([from, from + 2000]);
    for (const event of [from, from + 700, from + 2000])
      expect(sorted(livingAt(part, event))).toEqual(sorted(replayedTo(trace, event)));
    expect(part.lives.sizeBytes.some((size) => size === 0)).toBe(true); // free lists are known, too
  });
});

describe("recordTapeUnder", () => {
  it("of the recorded version has as many blocks and bytes at every moment, elsewhere", () => {
    const trace = open();
    const recorded = recordTape(trace);
    const same = recordTapeUnder(trace, { profile: profileFor("3.13") });
    expect(same.lastEvent).toBe(trace.eventCount);
    for (const share of [0.3, 0.7, 1]) {
      const event = Math.round(trace.eventCount * share);
      const sizes = (tape: Tape) =>
        sorted(livingAt(tape, event))
          .map(([, text]) => text)
          .sort();
      expect(sizes(same)).toEqual(sizes(recorded));
    }
  });

  it("of an older version has its arenas", () => {
    const trace = open();
    const older = recordTapeUnder(trace, { profile: profileFor("3.9") });
    expect(older.geometry.arenaBytes).toBe(256 * 1024);
    expect(older.arenas.bases.length).toBeGreaterThan(recordTape(trace).arenas.bases.length);
    expect(livingAt(older, trace.eventCount).size).toBe(livingAt(recordTape(trace), trace.eventCount).size);
  });
});

describe("TapeCamera", () => {
  const filmed = (blocksMax: number) => {
    const trace = open();
    const camera = new TapeCamera();
    const moment = { event: trace.eventCount, name: "end", mark: undefined };
    const shoot = { points: 12, onPoint: (r: Replay<never>) => camera.shoot(r.machine, r.event) };
    const examination = examine(trace, moment, shoot as Parameters<typeof examine>[2]);
    const options = { filmBytesMax: 1 << 20, blocksMax };
    return { trace, tape: camera.develop(trace, examination.replay.machine, examination.stacks, options) };
  };

  it("has every block at the moments that it says it has", () => {
    const { trace, tape } = filmed(1_000_000);
    const moments = tape.film!.moments;
    expect(moments.length).toBeGreaterThanOrEqual(12);
    expect(moments.every(({ hasBlocks }) => hasBlocks)).toBe(true);
    for (const { event } of moments)
      expect(sorted(livingAt(tape, event))).toEqual(sorted(replayedTo(trace, event)));
  });

  it("keeps the blocks of the last moment before those of others", () => {
    const { trace, tape } = filmed(9000);
    const moments = tape.film!.moments;
    expect(moments.at(-1)!.hasBlocks).toBe(true);
    expect(moments.some(({ hasBlocks }) => !hasBlocks)).toBe(true);
    expect(tape.lives.place.length).toBeLessThanOrEqual(9000);
    expect(sorted(livingAt(tape, trace.eventCount))).toEqual(sorted(replayedTo(trace, trace.eventCount)));
  });
});
