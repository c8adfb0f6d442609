import { describe, expect, it } from "vitest";
import {
  arenaOccupancy,
  Domain,
  liveBlocks,
  momentOf,
  Op,
  pins,
  Replay,
  readEvents,
  Stacks,
  type TraceEvent,
  TraceQuestionError,
  type TraceWriter,
  verify,
} from "../src/index.ts";
import { END, openBytes, RECORDINGS, recording, written } from "./support.ts";

/** A copy of a recording in which `change` may replace events; definitions stay as they are. */
function altered(name: (typeof RECORDINGS)[number], change: (event: TraceEvent, n: number) => TraceEvent) {
  const trace = openBytes(recording(name));
  const { tables } = trace;
  return written((writer) => {
    for (const code of tables.codes.slice(1)) writer.tables.code(code);
    for (let node = 1; node < tables.nodeParent.length; node++) {
      writer.tables.stack(
        tables.nodeParent.at(node),
        tables.nodeCode.at(node),
        tables.nodeInstruction.at(node) - 2,
      );
    }
    for (const arena of tables.arenas.slice(1)) writer.tables.arena(arena);
    for (const context of tables.contexts.slice(1)) writer.tables.context(context);
    for (const mark of tables.marks) writer.tables.mark(mark);
    copyEvents(trace, writer, change);
    writer.finish(END);
  }, trace.info);
}

function copyEvents(
  trace: ReturnType<typeof openBytes>,
  writer: TraceWriter,
  change: (event: TraceEvent, n: number) => TraceEvent,
): void {
  let context = 0;
  for (const item of readEvents(trace)) {
    if (item.kind === "event") {
      if (item.context !== context) writer.context(item.context);
      context = item.context;
      writer.add(change(item, item.event));
    } else if (item.kind === "arenaMapped") writer.arenaMapped(item.id);
    else writer.arenaUnmapped(item.id);
  }
}

describe.each(RECORDINGS)("the replay of %s", (name) => {
  it("is exact: every address, and the process's own account at each marker", () => {
    const certificate = verify(openBytes(recording(name)));
    expect(certificate.exact).toBe(true);
    expect(certificate.eventsReplayed).toBe(certificate.events);
    expect(certificate.addressesCompared).toBeGreaterThan(15_000);
    expect(certificate.evidence.map((check) => [check.mark.label, check.equal])).toEqual([
      ["data made", true],
      ["shutdown", true],
    ]);
  });

  it("stays exact when the events are copied through the writer", () => {
    expect(verify(openBytes(altered(name, (event) => event))).exact).toBe(true);
  });

  it("finds the first address that is not CPython's, and the pool it should have been in", () => {
    let victim = -1;
    const bytes = altered(name, (event, n) => {
      const small = event.op === Op.malloc && event.domain === Domain.obj && event.sizeBytes === 48;
      if (victim >= 0 || n < 20_000 || !small) return event;
      victim = n;
      return { ...event, address: event.address + 48 };
    });
    const { exact, mismatches, mismatch, eventsReplayed } = verify(openBytes(bytes));
    expect([exact, mismatches, eventsReplayed]).toEqual([false, 1, victim]);
    expect(mismatch).toMatchObject({ event: victim, operation: "malloc", sizeBytes: 48 });
    expect(mismatch?.reason).toBe("another address came out");
    expect(mismatch!.recorded - mismatch!.replayed).toBe(48);
    expect(mismatch!.pool).toMatchObject({ szidx: 2, blockBytes: 48 });
    const poolBytes = name === "cpython-3.8.obm" ? 4096 : 16384;
    expect(mismatch!.pool!.address).toBe(mismatch!.replayed - (mismatch!.replayed % poolBytes));
  });

  it("notices a free that never was, and a block that is freed twice", () => {
    let dropped = -1;
    const twice = altered(name, (event, n) => {
      if (dropped >= 0 || n < 10_000 || event.op !== Op.free || event.domain !== Domain.obj) return event;
      dropped = n;
      return { ...event, address: event.address + 16 };
    });
    expect(verify(openBytes(twice)).mismatch).toMatchObject({ event: dropped, operation: "free" });
  });

  it("notices a size of another class", () => {
    let victim = -1;
    const bytes = altered(name, (event, n) => {
      if (victim >= 0 || n < 15_000 || event.op !== Op.malloc || event.domain !== Domain.obj) return event;
      if (event.sizeBytes > 300) return event;
      victim = n;
      return { ...event, sizeBytes: event.sizeBytes + 16 };
    });
    expect(verify(openBytes(bytes)).mismatch?.event).toBe(victim);
  });

  it("has the same live blocks whether it runs in one go or in steps", () => {
    const trace = openBytes(recording(name));
    const at = momentOf(trace).event;
    const steps = new Replay(trace);
    for (let event = 0; event < at; event += 997) steps.runTo(event);
    const blocks = [...liveBlocks(steps.runTo(at))];
    expect(blocks).toEqual([...liveBlocks(new Replay(trace).runTo(at))]);
    const expected = new Map<number, number>();
    for (const item of readEvents(trace)) {
      if (item.event >= at) break;
      if (item.kind !== "event") continue;
      if (item.op === Op.free) expected.delete(item.address);
      else if (item.address !== 0) {
        expected.delete(item.old);
        expected.set(item.address, item.sizeBytes);
      }
    }
    expect(new Map(blocks.map((block) => [block.address, block.sizeBytes]))).toEqual(expected);
  });

  it("leaves engines without a violation, and counts that agree", () => {
    const trace = openBytes(recording(name));
    const replay = new Replay(trace).runTo(momentOf(trace).event);
    for (const { heap } of replay.machine.allHeaps()) expect(heap.engine.check()).toEqual([]);
    const inArenas = [...liveBlocks(replay)].filter((block) => block.arena !== null);
    const arenas = arenaOccupancy(replay);
    expect(arenas.reduce((sum, arena) => sum + arena.blocks, 0)).toBe(inArenas.length);
    const liveBytes = arenas.reduce((sum, arena) => sum + arena.liveBytes, 0);
    expect(liveBytes).toBe(inArenas.reduce((sum, block) => sum + block.sizeBytes, 0));
    const lines = pins(replay, new Stacks(trace.tables));
    expect(lines.reduce((sum, pin) => sum + pin.liveBytes, 0)).toBe(liveBytes);
    const small = lines.find((pin) => pin.frame?.file.endsWith("small.py") && pin.frame.line === 2);
    expect(small!.blocks).toBeGreaterThanOrEqual(400);
  });

  it("knows its moments, and says which there are", () => {
    const trace = openBytes(recording(name));
    expect(momentOf(trace).name).toBe('marker "data made"');
    expect(momentOf(trace, "data made").event).toBe(momentOf(trace).event);
    expect(momentOf(trace, "shutdown").event).toBeGreaterThan(momentOf(trace).event);
    expect(momentOf(trace, "end").event).toBe(trace.eventCount);
    expect(momentOf(trace, "1000").event).toBe(1000);
    expect(() => momentOf(trace, "later")).toThrow(TraceQuestionError);
    expect(() => momentOf(trace, "later")).toThrow(/"data made"/);
    expect(() => momentOf(trace, "999999999")).toThrow(/events 0 to/);
  });
});
