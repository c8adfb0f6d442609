// The incremental collector of 3.14.0 to 3.14.4: marking from roots, and cycles of increments that end where a full
// collection ends.
import { ilp32, lp64, type ObjectAddress, profileFor } from "@obmalloc/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createObjects, type Objects } from "../src/index.ts";
import { dropCycle, dropSelfish } from "./cpython/setting.ts";

const profiles = [lp64, ilp32].map((model) => ({ name: model.name, profile: profileFor("3.14.2", model) }));

describe.each(profiles)("increments in 3.14.2 $name", ({ profile }) => {
  /** A runtime whose roots are the objects of a set. */
  function withRoots(): { py: Objects; roots: Set<ObjectAddress> } {
    const roots = new Set<ObjectAddress>();
    const py = createObjects({ profile, roots: () => roots });
    py.gc.disable();
    py.gc.collect();
    return { py, roots };
  }

  const collections = (py: Objects) => py.gc.getStats().map((stats) => stats.collections);

  it("the first of a cycle only marks what the roots lead to, which counts twice as work done", () => {
    const { py, roots } = withRoots();
    const root = py.lists.new();
    roots.add(root);
    for (let i = 0; i < 100; i++) py.lists.append(root, py.lists.new());
    const trash = dropCycle(py);
    const before = collections(py);
    expect([py.gc.collect(1), collections(py)]).toEqual([0, before]);
    expect(py.isObject(trash)).toBe(true);
    // the marking has done more than the new objects ask for: increments have nothing to do until there are more
    expect([py.gc.collect(1), collections(py)]).toEqual([0, before]);
    for (let i = 0; i < 300; i++) py.lists.append(root, py.lists.new());
    expect(py.gc.collect(1)).toBe(1);
    expect([py.isObject(trash), collections(py)]).toEqual([false, [before[0], before[1]! + 1, before[2]]]);
    expect(py.check()).toEqual([]);
  });

  it("steps name the marking, and the merge of an increment", () => {
    const { py, roots } = withRoots();
    roots.add(py.lists.new());
    const phases = () =>
      [...py.gc.collectSteps(1)].filter(({ kind }) => kind === "begin").map(({ phase }) => phase);
    expect(phases()).toEqual(["mark_roots"]);
    dropCycle(py);
    py.lists.new();
    py.lists.new();
    expect(phases().slice(0, 4)).toEqual(["merge", "update_refs", "subtract_refs", "move_unreachable"]);
  });

  it("what is old and becomes trash is found by a later cycle, and frozen objects by none", () => {
    const { py } = withRoots();
    const Node = py.classes.new({ name: "Node" });
    const frozen = py.instances.new(Node);
    py.instances.setAttribute(frozen, "me", frozen);
    py.gc.freeze();
    const kept = py.instances.new(Node);
    py.instances.setAttribute(kept, "me", kept);
    py.gc.collect();
    py.decref(kept);
    py.decref(frozen);
    for (let i = 0; i < 20 && py.isObject(kept); i++) {
      for (let n = 0; n < 50; n++) dropSelfish(py, Node);
      py.gc.collect(1);
    }
    expect([py.isObject(kept), py.isObject(frozen)]).toEqual([false, true]);
    py.gc.unfreeze();
    expect(py.gc.collect()).toBeGreaterThan(0);
    expect([py.isObject(frozen), py.check()]).toEqual([false, []]);
  });

  it("property: enough increments find exactly the trash that a full collection finds", {
    timeout: 60_000,
  }, () => {
    const node = fc.nat({ max: 19 });
    const link = fc.tuple(node, node);
    fc.assert(
      fc.property(
        fc.array(link, { maxLength: 40 }),
        fc.uniqueArray(node),
        fc.uniqueArray(node),
        (links, held, old) => {
          const run = (isIncremental: boolean) => {
            const { py, roots } = withRoots();
            const Node = py.classes.new({ name: "Node" });
            const nodes = Array.from({ length: 20 }, () => py.instances.new(Node));
            const refs = nodes.map((node) => py.weakrefs.new(node));
            links.forEach(([from, to], i) => {
              py.instances.setAttribute(nodes[from]!, `link${i}`, nodes[to]!);
            });
            if (old.length > 10) py.gc.collect(old.length % 3);
            nodes.forEach((node, i) => {
              if (held.includes(i)) roots.add(node);
              else py.decref(node);
            });
            for (let i = 0; i < (isIncremental ? 12 : 0); i++) {
              for (let n = 0; n < 100; n++) dropCycle(py);
              py.gc.collect(1);
            }
            if (!isIncremental) py.gc.collect();
            expect(py.check()).toEqual([]);
            return refs.map((ref) => py.weakrefs.get(ref) !== 0);
          };
          expect(run(true)).toEqual(run(false));
        },
      ),
      { numRuns: 30 },
    );
  });
});
