// The behaviours that CPython's Lib/test/test_tracemalloc.py lists, method by method; the README maps them.
import { profileFor } from "@obmalloc/abi";
import {
  bindCApi,
  type CapturedStack,
  createDomains,
  DomainFilter,
  Frame,
  NotTracingError,
  Snapshot,
  Traceback,
} from "@obmalloc/domains";
import { describe, expect, it } from "vitest";
import { GivenFrames } from "../damage/machine.ts";
import { traceback } from "./raw-traces.ts";

const MIB = 1024 * 1024;

function make(version = "3.13") {
  const frames = new GivenFrames();
  const memory = createDomains({ profile: profileFor(version), maxBytes: 64 * MIB, frames });
  /** Runs `action` as if called from `count` frames of a file; the innermost has this line. */
  const at = <T>(line: number, action: () => T, count = 1): T => {
    frames.frames = Array.from({ length: count }, (_, i) => ({ filename: "test.py", lineno: line + i }));
    return action();
  };
  return { memory, tracemalloc: memory.tracemalloc, frames, at };
}

describe("Traceback", () => {
  it("test_repr", () => {
    expect(new Traceback([]).repr()).toBe("<Traceback ()>");
    expect(new Traceback([], 0).repr()).toBe("<Traceback () total_nframe=0>");
    const frames = [new Frame("f2", 2), new Frame("f1", 1)];
    const shown = "(<Frame filename='f2' lineno=2>, <Frame filename='f1' lineno=1>)";
    expect(new Traceback(frames).repr()).toBe(`<Traceback ${shown}>`);
    expect(new Traceback(frames, 2).repr()).toBe(`<Traceback ${shown} total_nframe=2>`);
  });

  it("is a sequence, and compares by its frames", () => {
    const one = traceback(["a.py", 2], ["b.py", 4]);
    expect([one.length, String(one.at(0)), String(one.at(-1)), String(one.mostRecent)]).toEqual([
      2,
      "b.py:4",
      "a.py:2",
      "a.py:2",
    ]);
    expect([...one].map(String)).toEqual(one.slice().map(String));
    expect(one.includes(new Frame("a.py", 2))).toBe(true);
    expect(one.includes(new Frame("a.py", 3))).toBe(false);
    expect(one.equals(traceback(["a.py", 2], ["b.py", 4]))).toBe(true);
    expect(one.compare(traceback(["b.py", 4]))).toBeGreaterThan(0);
    expect(one.compare(traceback(["a.py", 3], ["b.py", 4]))).toBeLessThan(0);
  });
});

describe("while it traces", () => {
  it("test_get_tracemalloc_memory", () => {
    const { memory, tracemalloc, at } = make();
    const empty = tracemalloc.getTracemallocMemory();
    tracemalloc.start();
    for (let i = 0; i < 1000; i++) at(i % 10, () => memory.mem.malloc(123));
    const full = tracemalloc.getTracemallocMemory();
    expect(full).toBeGreaterThan(1000 * 32);
    tracemalloc.clearTraces();
    expect(tracemalloc.getTracemallocMemory()).toBe(empty);
  });

  it("test_get_object_traceback", () => {
    const { memory, tracemalloc, at } = make();
    tracemalloc.start();
    const p = at(7, () => memory.obj.malloc(12345));
    expect(tracemalloc.getObjectTraceback(p)?.repr()).toBe(
      "<Traceback (<Frame filename='test.py' lineno=7>,) total_nframe=1>",
    );
    expect(tracemalloc.getObjectTraceback(p + 16)).toBe(undefined);
  });

  it("test_new_reference", () => {
    const { memory, tracemalloc, at } = make();
    const untraced = memory.obj.malloc(56);
    tracemalloc.start();
    const p = at(7, () => memory.obj.malloc(56));
    at(9, () => tracemalloc.newReference(p)); // an object from a free list
    at(9, () => tracemalloc.newReference(untraced));
    expect(String(tracemalloc.getObjectTraceback(p))).toBe("test.py:9");
    expect(tracemalloc.getObjectTraceback(untraced)).toBe(undefined);
    expect(tracemalloc.getTracedMemory().current).toBe(56);
  });

  it("test_set_traceback_limit", () => {
    const { memory, tracemalloc, at } = make();
    for (const nframe of [-1, 0, 65536, 1.5]) {
      expect(() => tracemalloc.start(nframe)).toThrow(
        new RangeError("the number of frames must be in range [1; 65535]"),
      );
    }
    tracemalloc.start(10);
    const deep = at(1, () => memory.mem.malloc(10), 20);
    expect(tracemalloc.getObjectTraceback(deep)).toMatchObject({ length: 10, totalNframe: 20 });
    tracemalloc.start(3); // traces already: nothing changes
    expect(tracemalloc.getTracebackLimit()).toBe(10);
    tracemalloc.stop();
    tracemalloc.start(1);
    const flat = at(1, () => memory.mem.malloc(10), 20);
    expect(tracemalloc.getObjectTraceback(flat)?.length).toBe(1);
    const old = make("3.8").tracemalloc;
    old.start(178_956_969);
    expect(old.getTracebackLimit()).toBe(178_956_969);
  });

  it("test_get_traces", () => {
    const { memory, tracemalloc, at } = make();
    tracemalloc.start();
    at(5, () => memory.obj.malloc(12345));
    const [trace] = tracemalloc.takeSnapshot().traces;
    expect(trace).toMatchObject({ domain: 0, size: 12345 });
    expect(String(trace)).toBe("test.py:5: 12.1 KiB");
    tracemalloc.stop();
    expect(() => tracemalloc.takeSnapshot()).toThrow(NotTracingError);
  });

  it("test_get_traces_intern_traceback", () => {
    const { memory, tracemalloc, at } = make();
    tracemalloc.start(4);
    at(5, () => memory.obj.malloc(123), 4);
    at(5, () => memory.obj.malloc(125), 4);
    const [one, two] = tracemalloc.takeSnapshot().traces;
    expect(one!.traceback).toBe(two!.traceback);
  });

  it("test_get_traced_memory", () => {
    const { memory, tracemalloc } = make();
    tracemalloc.start();
    const p = memory.obj.malloc(MIB);
    expect(tracemalloc.getTracedMemory()).toEqual({ current: MIB, peak: MIB });
    memory.obj.free(p);
    expect(tracemalloc.getTracedMemory()).toEqual({ current: 0, peak: MIB });
    tracemalloc.clearTraces();
    expect(tracemalloc.getTracedMemory()).toEqual({ current: 0, peak: 0 });
    memory.obj.malloc(MIB);
    tracemalloc.stop();
    expect(tracemalloc.getTracedMemory()).toEqual({ current: 0, peak: 0 });
  });

  it("test_clear_traces", () => {
    const { memory, tracemalloc } = make();
    tracemalloc.start();
    const p = memory.obj.malloc(123);
    expect(tracemalloc.getObjectTraceback(p)).not.toBe(undefined);
    tracemalloc.clearTraces();
    expect(tracemalloc.getObjectTraceback(p)).toBe(undefined);
    expect(tracemalloc.isTracing()).toBe(true);
  });

  it("test_reset_peak", () => {
    const { memory, tracemalloc } = make();
    tracemalloc.start();
    memory.obj.free(memory.obj.malloc(100_000));
    tracemalloc.resetPeak();
    expect(tracemalloc.getTracedMemory()).toEqual({ current: 0, peak: 0 });
    memory.obj.malloc(MIB);
    expect(tracemalloc.getTracedMemory().peak).toBe(MIB);
  });

  it("test_is_tracing", () => {
    const { memory, tracemalloc } = make();
    const before = memory.getAllocator("mem");
    expect(tracemalloc.isTracing()).toBe(false);
    tracemalloc.start();
    expect(tracemalloc.isTracing()).toBe(true);
    tracemalloc.stop();
    expect(tracemalloc.isTracing()).toBe(false);
    expect(memory.getAllocator("mem")).toBe(before);
  });

  it("test_snapshot", () => {
    const { memory, tracemalloc, at } = make();
    tracemalloc.start(2);
    at(3, () => memory.obj.malloc(123), 30);
    at(4, () => memory.obj.malloc(5));
    const snapshot = tracemalloc.takeSnapshot();
    expect(snapshot.traces[0]!.traceback.totalNframe).toBe(30);
    expect(Snapshot.load(snapshot.dump())).toEqual(snapshot);
    expect(() => Snapshot.load("[1]")).toThrow("This is no snapshot");
    tracemalloc.stop();
    expect(() => tracemalloc.takeSnapshot()).toThrow(
      "the tracemalloc module must be tracing memory allocations to take a snapshot",
    );
  });

  it("traces a block once, whichever domains it goes through", () => {
    const { memory, tracemalloc } = make();
    tracemalloc.start();
    const p = memory.obj.malloc(5000); // pymalloc asks the raw domain
    expect(tracemalloc.takeSnapshot().traces).toHaveLength(1);
    const q = memory.obj.realloc(p, 9000);
    expect(tracemalloc.getTracedMemory().current).toBe(9000);
    memory.obj.free(q);
    memory.raw.malloc(64);
    expect(tracemalloc.getTracedMemory()).toEqual({ current: 64, peak: 9000 });
  });

  it("knows a block by the call that resized it last", () => {
    const { memory, tracemalloc, at } = make();
    tracemalloc.start();
    const p = at(1, () => memory.mem.malloc(100));
    const same = at(2, () => memory.mem.realloc(p, 101));
    expect(same).toBe(p);
    expect(String(tracemalloc.getObjectTraceback(p))).toBe("test.py:2");
    const moved = at(3, () => memory.mem.realloc(p, 400));
    expect(tracemalloc.getObjectTraceback(p)).toBe(undefined);
    expect(String(tracemalloc.getObjectTraceback(moved))).toBe("test.py:3");
  });

  it("asks a provider that throws before anything is allocated", () => {
    const provider = {
      capture: (): CapturedStack => {
        throw new Error("no stack");
      },
    };
    const memory = createDomains({ maxBytes: 64 * MIB, frames: provider });
    const p = memory.mem.malloc(100);
    memory.tracemalloc.start();
    expect(() => memory.mem.malloc(8)).toThrow("no stack");
    expect(() => memory.mem.realloc(p, 400)).toThrow("no stack");
    memory.mem.free(p);
    expect(memory.getAllocatedBlocks()).toBe(0);
  });

  it("says <unknown> where no frame is known, and 3.8 no total", () => {
    const { memory, tracemalloc } = make("3.8");
    tracemalloc.start();
    memory.mem.malloc(7);
    expect(tracemalloc.takeSnapshot().traces[0]!.repr()).toBe(
      "<Trace domain=0 size=7 B, traceback=<Traceback (<Frame filename='<unknown>' lineno=0>,)>>",
    );
  });
});

describe("the C API of tracemalloc", () => {
  const tracked = () => {
    const { memory, tracemalloc, at } = make();
    return {
      memory,
      tracemalloc,
      at,
      api: bindCApi(memory),
      total: () => sizeIn(tracemalloc.takeSnapshot(), 5),
    };
  };
  const sizeIn = (snapshot: Snapshot, domain: number) =>
    snapshot.filterTraces([new DomainFilter(true, domain)]).traces.reduce((sum, { size }) => sum + size, 0);

  it("test_track", () => {
    const { tracemalloc, at, api, total } = tracked();
    tracemalloc.start(5);
    expect(at(8, () => api.PyTraceMalloc_Track(5, 0xdeadbeef, 123), 5)).toBe(0);
    expect(tracemalloc.getTraceback(5, 0xdeadbeef)?.length).toBe(5);
    expect(tracemalloc.getObjectTraceback(0xdeadbeef)).toBe(undefined);
    expect(total()).toBe(123);
  });

  it("test_track_without_gil", () => {
    const { memory, tracemalloc, api, total } = tracked();
    tracemalloc.start();
    memory.gil.release();
    expect(api.PyTraceMalloc_Track(5, 2 ** 45 + 3, 123)).toBe(0);
    expect(memory.gil.isHeld).toBe(false);
    memory.raw.malloc(10); // the hooks of the raw domain take it themselves
    expect(memory.gil.isHeld).toBe(false);
    memory.gil.acquire();
    expect(total()).toBe(123);
    expect(tracemalloc.getTracedMemory().current).toBe(133);
  });

  it("test_track_already_tracked", () => {
    const { tracemalloc, at, api, total } = tracked();
    tracemalloc.start(5);
    at(1, () => api.PyTraceMalloc_Track(5, 4096, 123));
    at(2, () => api.PyTraceMalloc_Track(5, 4096, 7), 5);
    expect([total(), tracemalloc.getTraceback(5, 4096)?.length]).toEqual([7, 5]);
  });

  it("test_untrack", () => {
    const { tracemalloc, api, total } = tracked();
    tracemalloc.start();
    for (const [ptr, size] of [
      [4096, 123],
      [4099, 2 ** 40],
      [2 ** 50, 8],
    ] as const) {
      api.PyTraceMalloc_Track(5, ptr, size);
      expect(total()).toBe(size);
      expect(api.PyTraceMalloc_Untrack(5, ptr)).toBe(0);
      expect([tracemalloc.getTraceback(5, ptr), total()]).toEqual([undefined, 0]);
      expect(api.PyTraceMalloc_Untrack(5, ptr)).toBe(0);
    }
    api.PyTraceMalloc_Track(0, 4099, 5);
    expect(String(tracemalloc.getObjectTraceback(4099))).toBe("<unknown>:0");
    expect(api.PyTraceMalloc_Untrack(0, 4099)).toBe(0);
    expect(tracemalloc.getTracedMemory().current).toBe(0);
  });

  it("test_stop_track, test_stop_untrack", () => {
    const { tracemalloc, api } = tracked();
    tracemalloc.start();
    api.PyTraceMalloc_Track(5, 4096, 123);
    tracemalloc.stop();
    expect(api.PyTraceMalloc_Track(5, 4096, 123)).toBe(-2);
    expect(api.PyTraceMalloc_Untrack(5, 4096)).toBe(-2);
    expect(tracemalloc.getTraceback(5, 4096)).toBe(undefined);
  });
});
