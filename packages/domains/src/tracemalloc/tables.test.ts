// get_tracemalloc_memory() of the installed interpreters, from the numbers of their traces.
import { spawnSync } from "node:child_process";
import { profileFor } from "@obmalloc/abi";
import { pythons } from "@obmalloc/test-support";
import { describe, expect, it, vi } from "vitest";
import { TracemallocSize } from "./tables.ts";

vi.setConfig({ testTimeout: 60_000 }); // interpreters on a busy machine

/**
 * Prints for some numbers of tracked blocks: what Python answers, and of what its tables are full at that moment. All that
 * allocates while it traces stands on one line, so that no traceback is left of a block that is gone.
 */
const SCRIPT = `
import tracemalloc, _testcapi, json
track = _testcapi.tracemalloc_track
memory = tracemalloc.get_tracemalloc_memory
def measure(domain, blocks, sizes):
    tracemalloc.start(); any(track(domain, a, 10) for a in blocks); sizes[0] = memory(); sizes[1] = memory(); traces = tracemalloc._get_traces(); tracemalloc.stop()
    own = sum(t[0] == 0 for t in traces)
    # The second answer is a block itself, made after it was worked out.
    return [sizes[1], len(set(t[2:] for t in traces)), own - 1, len(traces) - own]
addresses = [0x1000 + 16 * i for i in range(700)]
print(json.dumps([measure(d, addresses[:n], [None, None]) for d in (0, 5) for n in (0, 3, 20, 100, 700)]))
`;

const capable = pythons().filter(({ path }) => spawnSync(path, ["-c", "import _testcapi"]).status === 0);

describe.skipIf(capable.length === 0)("the size of tracemalloc's tables", () => {
  it.each(capable)("is what $version says", ({ path, version }) => {
    const { stdout, stderr } = spawnSync(path, ["-S", "-c", SCRIPT], { encoding: "utf8" });
    expect(stderr).toBe("");
    const size = new TracemallocSize(profileFor(version));
    for (const [expected, tracebacks, own, others] of JSON.parse(stdout) as number[][]) {
      size.clear();
      size.filenames.added();
      for (let i = 0; i < tracebacks!; i++) size.tracebacks.added();
      for (let i = 0; i < own!; i++) size.tableOf(0).added();
      for (let i = 0; i < others!; i++) size.tableOf(5).added();
      expect({ own, others, bytes: size.bytes() }).toEqual({ own, others, bytes: expected });
    }
  });

  it("shrinks when few entries are left", () => {
    const size = new TracemallocSize(profileFor("3.13"));
    const empty = size.bytes();
    for (let i = 0; i < 1000; i++) size.tableOf(0).added();
    const full = size.bytes();
    for (let i = 0; i < 1000; i++) size.tableOf(0).removed();
    expect([empty, full, size.bytes()]).toEqual([624, 624 - 16 * 8 + 1000 * 32 + 2048 * 8, 624]);
  });
});
