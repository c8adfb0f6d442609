// Looking at objects: paths, dominators, exports, events of a collection, bytes by name.
import { type ObjectAddress, objectAddress, profileFor } from "@obmalloc/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CollectionEvent, toDot, toGraphJson, toHeapSnapshot } from "../src/index.ts";
import { dominators } from "../src/look/dominators.ts";
import { dropSelfish, everyProfile, give, giveItem, setUp } from "./cpython/setting.ts";

/** Nodes that stay reachable from the roots when one is taken away; the definition of dominance, tried out. */
function reachable(
  edges: readonly (readonly number[])[],
  roots: readonly number[],
  without = -1,
): Set<number> {
  const seen = new Set<number>();
  const stack = roots.filter((root) => root !== without);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...edges[node]!.filter((to) => to !== without));
  }
  return seen;
}

describe("dominators", () => {
  it("property: what a node retains is what can no longer be reached without it", () => {
    const node = fc.nat({ max: 11 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(node, node), { maxLength: 40 }),
        fc.uniqueArray(node, { minLength: 1 }),
        (pairs, roots) => {
          const edges = Array.from({ length: 12 }, (_, i) =>
            pairs.filter(([from]) => from === i).map(([, to]) => to),
          );
          const edgeStart = new Uint32Array(13);
          edges.forEach((to, i) => {
            edgeStart[i + 1] = edgeStart[i]! + to.length;
          });
          const { parents, retained } = dominators({
            edgeStart,
            targets: Uint32Array.from(edges.flat()),
            sizesBytes: Float64Array.from(edges, (_, i) => i + 1),
            isRoot: Uint8Array.from(edges, (_, i) => (roots.includes(i) ? 1 : 0)),
          });
          const all = reachable(edges, roots);
          for (const i of all) {
            const left = reachable(edges, roots, i);
            const lost = [...all].filter((n) => !left.has(n));
            expect(retained[i]).toBe(lost.reduce((sum, n) => sum + n + 1, 0));
            if (parents[i] !== -1) expect(reachable(edges, roots, parents[i]).has(i)).toBe(false);
          }
        },
      ),
    );
  });
});

describe.each(everyProfile)("the graph in $name", ({ profile }) => {
  const { py } = setUp(profile);
  const Node = py.classes.new({ name: "Node" });
  const Slotted = py.classes.new({ name: "Slotted", slots: ["left"] });
  const root = py.lists.new();
  const holder = py.dicts.new();
  const a = py.instances.new(Node);
  const b = py.instances.new(Slotted);
  const text = py.strings.new("a long enough text of its own");
  give(py, b, "left", text);
  give(py, a, "child", b);
  const key = py.strings.new("held");
  py.dicts.setItem(holder, key, a);
  py.decref(key);
  py.decref(a);
  giveItem(py, root, holder);
  const graph = py.graph();
  const splits = profile.objects.instanceValues === "split-dict";

  it("says who keeps an object alive, by the shortest path from a root", () => {
    const path = graph.path(text);
    expect(path.map(({ reference }) => reference)).toEqual(
      splits
        ? [undefined, "[0]", "['held']", ".__dict__", "['child']", ".left"]
        : [undefined, "[0]", "['held']", ".child", ".left"],
    );
    expect(path[0]!.object).toBe(root);
    expect(path.at(-1)).toMatchObject({ object: text, is: "'a long enough text of its own'" });
    expect(graph.referrers(b).map(({ reference }) => reference)).toEqual([splits ? "['child']" : ".child"]);
  });

  it("says what would be freed with an object, and by whom it is dominated", () => {
    const own = [a, b, text, ...(splits ? [py.instances.dict(a)] : [])];
    const retained = own.reduce((sum, o) => sum + py.getsizeof(o), 0);
    const node = graph.node(a);
    expect(node).toMatchObject({ dominator: holder, isRoot: false });
    if (splits)
      expect(node.retainedBytes).toBeGreaterThan(retained); // names of attributes are its dict's
    else expect(node.retainedBytes).toBe(retained);
    expect(graph.node(root).isRoot).toBe(true);
    expect(graph.node(root).retainedBytes).toBe(
      [key, holder, root].reduce((sum, o) => sum + py.getsizeof(o), node.retainedBytes),
    );
    expect(graph.largest(1)[0]!.retainedBytes).toBeGreaterThanOrEqual(graph.node(root).retainedBytes);
  });

  it("has no path to trash", () => {
    const trash = dropSelfish(py, Node);
    expect(py.graph().path(trash)).toEqual([]);
    py.gc.collect();
    expect(() => py.graph().path(trash)).toThrow("is not a live object");
  });

  it("becomes DOT and JSON", () => {
    const dot = toDot(graph, { filter: ({ object }) => [root, holder, a].includes(object) });
    expect(dot).toMatch(/^digraph objects \{\n/);
    expect(dot.match(/ -> /g)).toHaveLength(2);
    expect(dot).toContain("style=bold");
    const json = JSON.parse(JSON.stringify(toGraphJson(graph)));
    const node = json.nodes.find(({ object }: { object: number }) => object === holder);
    expect(node.edges.map(([name, to]: [string, number]) => [name, json.nodes[to].object])).toContainEqual([
      "['held']",
      a,
    ]);
  });

  it("becomes a heap snapshot whose every edge leads to the node that the graph says", () => {
    const snapshot = JSON.parse([...toHeapSnapshot(graph)].join(""));
    const { meta, node_count, edge_count } = snapshot.snapshot;
    const fields = meta.node_fields.length;
    expect(snapshot.nodes).toHaveLength(node_count * fields);
    expect(snapshot.edges).toHaveLength(edge_count * meta.edge_fields.length);
    const edgeCounts = snapshot.nodes.filter((_: number, i: number) => i % fields === 4);
    expect(edgeCounts.reduce((sum: number, count: number) => sum + count)).toBe(edge_count);
    const targets = snapshot.edges.filter((_: number, i: number) => i % 3 === 2);
    const roots = edgeCounts[0];
    expect(targets.slice(roots)).toEqual(Array.from(graph.targets, (target) => (target + 1) * fields));
    expect(new Set(snapshot.nodes.filter((_: number, i: number) => i % fields === 2)).size).toBe(node_count);
  });

  it("shows an object's bytes by the names of the C struct", () => {
    const { fields, gc, refcount, type } = py.inspect(root);
    const field = (name: string) => fields.find((one) => one.name === name)!.value;
    expect([field("ob_refcnt"), field("ob_size"), refcount, type]).toEqual([1, 1, 1, "list"]);
    expect(field("ob_type")).toBe(py.core.types.builtin.list);
    expect(gc).toEqual({ isTracked: true, isFinalized: false });
    const addresses = fields.map(({ address }) => address);
    expect(addresses).toEqual([...addresses].sort((x, y) => x - y));
  });
});

describe("the events of a collection", () => {
  it("tell where each object goes, and how its copied count falls", () => {
    const { py } = setUp(profileFor("3.13"));
    py.gc.collect();
    const kept = py.lists.new();
    const list = py.lists.new();
    giveItem(py, list, list);
    const events = py.recordCollection(0, [kept, list]);
    const of = (o: ObjectAddress, kind: CollectionEvent["kind"]) =>
      events.filter((event) => event.kind === kind && "object" in event && event.object === o);
    expect(of(list, "move")).toEqual([
      { kind: "move", phase: "move_unreachable", object: list, from: "generation 0", to: "unreachable" },
      { kind: "move", phase: "clear", object: list, from: "unreachable", to: "freed" },
    ]);
    expect(of(list, "refs").map((event) => ("refs" in event ? event.refs : undefined))).toEqual([1, 0]);
    expect(of(kept, "move")).toMatchObject([{ phase: "untrack", to: "generation 1" }]);
    const phases = events.filter(({ kind }) => kind === "phase-begin").map(({ phase }) => phase);
    expect(phases).toEqual([
      "merge",
      "update_refs",
      "subtract_refs",
      "move_unreachable",
      "untrack",
      "legacy_finalizers",
      "weakrefs",
      "finalizers",
      "resurrection",
      "clear",
    ]);
  });

  it.each(everyProfile)("end where a collection that nobody watches ends ($name)", ({ profile }) => {
    const run = (isWatched: boolean) => {
      const { py, log } = setUp(profile);
      const Loud = py.classes.new({
        name: "Loud",
        methods: { __del__: (o: ObjectAddress) => void log.push(String(o)) },
      });
      for (let i = 0; i < 5; i++) dropSelfish(py, Loud);
      const kept = py.lists.new();
      giveItem(py, kept, py.tuples.of([kept]));
      if (isWatched) py.recordCollection();
      else py.gc.collect();
      expect(py.check()).toEqual([]);
      return [log, py.gc.getObjects(), py.gc.getStats().map(({ collected }) => collected)];
    };
    expect(run(true)).toEqual(run(false));
  });
});

it("an address that is none is refused", () => {
  const { py } = setUp(profileFor("3.13"));
  expect(() => py.inspect(objectAddress(8))).toThrow("inspect: 0x8 is not a live object.");
});
