// TestSnapshot and TestFilters of CPython's Lib/test/test_tracemalloc.py, method by method; the README maps them.
import { DomainFilter, Filter, type Snapshot, Trace } from "@obmalloc/domains";
import { describe, expect, it } from "vitest";
import { type RawTrace, snapshotOf, traceback } from "./raw-traces.ts";

/** The two snapshots that CPython's tests use. */
const raw: RawTrace[] = [
  [
    0,
    10,
    [
      ["a.py", 2],
      ["b.py", 4],
    ],
    3,
  ],
  [
    0,
    10,
    [
      ["a.py", 2],
      ["b.py", 4],
    ],
    3,
  ],
  [
    0,
    10,
    [
      ["a.py", 2],
      ["b.py", 4],
    ],
    3,
  ],
  [
    1,
    2,
    [
      ["a.py", 5],
      ["b.py", 4],
    ],
    3,
  ],
  [2, 66, [["b.py", 1]], 1],
  [3, 7, [["<unknown>", 0]], 1],
];
const raw2: RawTrace[] = [
  ...raw.slice(0, 3),
  [
    2,
    2,
    [
      ["a.py", 5],
      ["b.py", 4],
    ],
    3,
  ],
  [
    2,
    5000,
    [
      ["a.py", 5],
      ["b.py", 4],
    ],
    3,
  ],
  [4, 400, [["c.py", 578]], 1],
];
const snapshot = snapshotOf(raw);
const snapshot2 = snapshotOf(raw2);
const indexes = (filtered: Snapshot) => filtered.traces.map((trace) => snapshot.traces.indexOf(trace));

describe("Snapshot", () => {
  it("test_create_snapshot", () => {
    const one = snapshotOf([[0, 5, [["a.py", 2]], 10]]);
    expect(one).toMatchObject({ tracebackLimit: 2 });
    expect(one.traces[0]).toMatchObject({ domain: 0, size: 5 });
    expect(String(one.traces[0]!.traceback)).toBe("a.py:2");
    expect(one.traces[0]!.traceback.totalNframe).toBe(10);
  });

  it("test_filter_traces", () => {
    const [notB, onlyA5, notA5] = [
      new Filter(false, "b.py"),
      new Filter(true, "a.py", { lineno: 5 }),
      new Filter(false, "a.py", { lineno: 5 }),
    ];
    expect(indexes(snapshot.filterTraces([notB]))).toEqual([0, 1, 2, 3, 5]);
    expect(indexes(snapshot.filterTraces([onlyA5]))).toEqual([3]);
    expect(indexes(snapshot.filterTraces([notB, onlyA5]))).toEqual([3]);
    expect(indexes(snapshot.filterTraces([notB, notA5]))).toEqual([0, 1, 2, 5]);
    const copy = snapshot.filterTraces([]);
    expect(copy).not.toBe(snapshot);
    expect(copy).toEqual(snapshot);
    expect(() => snapshot.filterTraces(notB as never)).toThrow(
      "filters must be a list of filters, not Filter",
    );
  });

  it("test_filter_traces_domain", () => {
    expect(indexes(snapshot.filterTraces([new Filter(false, "a.py", { domain: 1 })]))).toEqual([
      0, 1, 2, 4, 5,
    ]);
    expect(indexes(snapshot.filterTraces([new Filter(true, "a.py", { domain: 1 })]))).toEqual([3]);
  });

  it("test_filter_traces_domain_filter", () => {
    expect(indexes(snapshot.filterTraces([new DomainFilter(false, 3)]))).toEqual([0, 1, 2, 3, 4]);
    expect(indexes(snapshot.filterTraces([new DomainFilter(true, 3)]))).toEqual([5]);
  });

  it("test_snapshot_group_by_line, test_statistic_format, test_statistic_diff_format", () => {
    expect(snapshot.statistics("lineno").map(String)).toEqual([
      "b.py:1: size=66 B, count=1, average=66 B",
      "a.py:2: size=30 B, count=3, average=10 B",
      "<unknown>:0: size=7 B, count=1, average=7 B",
      "a.py:5: size=2 B, count=1, average=2 B",
    ]);
    expect(snapshot2.compareTo(snapshot, "lineno").map(String)).toEqual([
      "a.py:5: size=5002 B (+5000 B), count=2 (+1), average=2501 B",
      "c.py:578: size=400 B (+400 B), count=1 (+1), average=400 B",
      "b.py:1: size=0 B (-66 B), count=0 (-1)",
      "<unknown>:0: size=0 B (-7 B), count=0 (-1)",
      "a.py:2: size=30 B (+0 B), count=3 (+0), average=10 B",
    ]);
  });

  it("test_snapshot_group_by_file", () => {
    expect(
      snapshot
        .statistics("filename")
        .map(({ traceback: { mostRecent }, size, count }) => [mostRecent.filename, size, count]),
    ).toEqual([
      ["b.py", 66, 1],
      ["a.py", 32, 4],
      ["<unknown>", 7, 1],
    ]);
    expect(
      snapshot2.compareTo(snapshot, "filename").map(({ sizeDiff, countDiff }) => [sizeDiff, countDiff]),
    ).toEqual([
      [5000, 1],
      [400, 1],
      [-66, -1],
      [-7, -1],
    ]);
  });

  it("test_snapshot_group_by_traceback", () => {
    const shown = snapshot
      .statistics("traceback")
      .map(({ traceback: { frames }, size }) => [frames.map(String), size]);
    expect(shown).toEqual([
      [["b.py:1"], 66],
      [["b.py:4", "a.py:2"], 30],
      [["<unknown>:0"], 7],
      [["b.py:4", "a.py:5"], 2],
    ]);
    expect(() => snapshot.statistics("traceback", true)).toThrow(RangeError);
  });

  it("test_snapshot_group_by_cumulative", () => {
    const shown = (key: "filename" | "lineno") =>
      snapshot.statistics(key, true).map(({ traceback: place, size, count }) => [String(place), size, count]);
    expect(shown("filename")).toEqual([
      ["b.py:0", 98, 5],
      ["a.py:0", 32, 4],
      ["<unknown>:0", 7, 1],
    ]);
    expect(shown("lineno")).toEqual([
      ["b.py:1", 66, 1],
      ["b.py:4", 32, 4],
      ["a.py:2", 30, 3],
      ["<unknown>:0", 7, 1],
      ["a.py:5", 2, 1],
    ]);
  });

  it("test_trace_format, test_slices, test_format_traceback", () => {
    const trace = snapshot.traces[0]!;
    expect([String(trace), String(trace.traceback), String(trace.traceback.at(0))]).toEqual([
      "b.py:4: 10 B",
      "b.py:4",
      "b.py:4",
    ]);
    expect(snapshot.traces.slice(0, 2)).toEqual([snapshot.traces[0], snapshot.traces[1]]);
    const getLine = (file: string, line: number) => `  <${file}, ${line}>`;
    const b = ['  File "b.py", line 4', "    <b.py, 4>"];
    const a = ['  File "a.py", line 2', "    <a.py, 2>"];
    const format = trace.traceback.format.bind(trace.traceback);
    expect(format({ getLine })).toEqual([...b, ...a]);
    expect(format({ getLine, limit: 1 })).toEqual(a);
    expect(format({ getLine, limit: -1 })).toEqual(b);
    expect(format({ getLine, mostRecentFirst: true })).toEqual([...a, ...b]);
    expect(format({ getLine, limit: 1, mostRecentFirst: true })).toEqual(a);
    expect(format()).toEqual([b[0], a[0]]);
  });
});

describe("Filter", () => {
  const at = (filename: string, lineno: number, domain = 0) =>
    new Trace(domain, 1, traceback([filename, lineno]));

  it("test_filter_attributes", () => {
    const filter = new Filter(true, "abc");
    expect(filter).toMatchObject({
      inclusive: true,
      filenamePattern: "abc",
      lineno: undefined,
      allFrames: false,
    });
    expect(new Filter(false, "test.pyc", { lineno: 123, allFrames: true, domain: 2 })).toMatchObject({
      inclusive: false,
      filenamePattern: "test.py",
      lineno: 123,
      allFrames: true,
      domain: 2,
    });
  });

  it("test_filter_match, test_filter_match_filename", () => {
    for (const inclusive of [true, false]) {
      const any = new Filter(inclusive, "abc");
      const five = new Filter(inclusive, "abc", { lineno: 5 });
      const zero = new Filter(inclusive, "abc", { lineno: 0 });
      expect([0, 5, 10].map((line) => any.matches(at("abc", line)))).toEqual([
        inclusive,
        inclusive,
        inclusive,
      ]);
      expect([0, 5, 10].map((line) => five.matches(at("abc", line)))).toEqual([
        !inclusive,
        inclusive,
        !inclusive,
      ]);
      expect([0, 5, 10].map((line) => zero.matches(at("abc", line)))).toEqual([
        inclusive,
        !inclusive,
        !inclusive,
      ]);
      for (const filter of [any, five, zero]) expect(filter.matches(at("12356", 5))).toBe(!inclusive);
      expect(any.matches(at("<unknown>", 0))).toBe(!inclusive);
    }
  });

  it.each([
    ["abc", "", false],
    ["", "abc", false],
    ["", "", true],
    ["", "*", true],
    ["abc", "a*", true],
    ["abc", "abc*", true],
    ["abc", "b*", false],
    ["abcdcx", "a*cx", true],
    ["abb", "a*c", false],
    ["abcbdefeg", "a*bd*eg", true],
    ["abcbdefef", "a*bd*eg", false],
    ["a.pyc", "a.py", true],
    ["a.py", "a.pyc", true],
    ["aBC", "ABc", false],
    ["a.pyc", "a.PY", false],
    ["a/b", "a\\b", false],
    ["a.pyo", "a.py", false],
  ])("test_filter_match_filename_joker: %s against %s", (filename, pattern, matches) => {
    expect(new Filter(true, pattern).matches(at(filename, 0))).toBe(matches);
  });

  it("test_filter_match_trace", () => {
    const traces = [
      traceback(["a.py", 2], ["b.py", 3]),
      traceback(["b.py", 4], ["b.py", 5]),
      traceback(["c.py", 5], ["<unknown>", 0]),
      traceback(["<unknown>", 0]),
    ].map((frames) => new Trace(0, 1, frames));
    const matches = (inclusive: boolean, pattern: string, allFrames: boolean) =>
      traces.map((trace) => new Filter(inclusive, pattern, { allFrames }).matches(trace));
    expect(matches(true, "b.py", true)).toEqual([true, true, false, false]);
    expect(matches(true, "b.py", false)).toEqual([false, true, false, false]);
    expect(matches(false, "b.py", true)).toEqual([false, false, true, true]);
    expect(matches(false, "b.py", false)).toEqual([true, false, true, true]);
    expect(matches(false, "<unknown>", false)).toEqual([true, true, true, false]);
    expect(matches(true, "<unknown>", true)).toEqual([false, false, true, true]);
    expect(matches(false, "<unknown>", true)).toEqual([true, true, false, false]);
  });
});
