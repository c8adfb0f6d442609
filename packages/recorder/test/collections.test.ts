// Collections of garbage as the recorder notes them, against what gc.callbacks and gc.get_stats() say in the process.
import { type Collection, MarkKind } from "@obmalloc/trace";
import { describe, expect, it } from "vitest";
import { expectSound, recordable, recordPython } from "./harness.ts";

const CYCLES = `
import gc, json
class Node: pass
def cycle(size):
    node = Node()
    node.self = node
    node.load = bytes(size)
before = [row["collections"] for row in gc.get_stats()]
for _ in range(3000): cycle(100)
keep = []
for _ in range(2000): keep.append([None])
gc.collect()
gc.collect(0)
gc.disable()
for _ in range(3000): cycle(100)
gc.collect(1)
gc.enable()
stats = gc.get_stats()
print(json.dumps([[row["collections"] for row in stats], [row["collected"] for row in stats]]))
gc.freeze()
`;

const count = (collections: readonly Collection[], generation: number) =>
  collections.filter((one) => one.generation === generation);
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe.skipIf(recordable.length === 0)("collections", () => {
  it.each(recordable)("are all noted, with generation, objects and frees ($version)", async (python) => {
    const run = await recordPython(python, CYCLES);
    const trace = expectSound(run);
    const shutdown = trace.tables.marks.find((mark) => mark.kind === MarkKind.shutdown)!.event;
    const all = trace.tables.notes.collections.filter((one) => one.event < shutdown);
    const [collections, collected] = JSON.parse(run.stdout) as [number[], number[]];
    for (const generation of [0, 1, 2]) {
      expect(count(all, generation)).toHaveLength(collections[generation]!);
      expect(sum(count(all, generation).map((one) => one.collected))).toBe(collected[generation]);
    }
    let last = 0;
    for (const { event, firstEvent, startNs, elapsedNs, collected: objects } of all) {
      expect(firstEvent).toBeGreaterThanOrEqual(last);
      expect(event - firstEvent).toBeGreaterThanOrEqual(objects); // each object is at least one block
      expect(startNs + elapsedNs).toBeLessThanOrEqual(trace.end!.elapsedNs);
      last = event;
    }
    const asked = all.findLast((one) => one.generation === 1)!;
    expect(asked.collected).toBeGreaterThanOrEqual(3000);
    expect(asked.elapsedNs).toBeGreaterThan(0);
  });

  it.each(recordable)("take as long as gc.callbacks say, and no longer ($version)", async (python) => {
    const run = await recordPython(
      python,
      `
import gc, time
gc.disable()
keep = [[n] for n in range(300000)]
begun = time.perf_counter_ns()
gc.collect()
print(time.perf_counter_ns() - begun)
`,
    );
    const trace = expectSound(run);
    const full = count(trace.tables.notes.collections, 2)[0]!;
    const measured = Number(run.stdout);
    expect(full.elapsedNs).toBeGreaterThan(measured / 10);
    expect(full.elapsedNs).toBeLessThan(measured * 1.5 + 5e6);
  });

  it.each(recordable)("leave what the program allocates as it is ($version)", async (python) => {
    const run = await recordPython(
      python,
      "import gc\nprint(len(gc.callbacks), gc.isenabled(), gc.get_threshold()[0] > 0)",
    );
    expectSound(run);
    expect(run.stdout).toBe("0 True True\n");
  });
});
