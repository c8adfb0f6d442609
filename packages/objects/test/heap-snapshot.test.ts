// The heap snapshot, read by somebody else's reader: every object, every reference and every retainer is there.
import type { ObjectAddress } from "@obmalloc/abi";
import fc from "fast-check";
import { type Node, parseSnapshot } from "v8-heapsnapshot";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ObjectGraph, type Objects, toHeapSnapshot } from "../src/index.ts";
import { everyProfile, setUp } from "./cpython/setting.ts";

/** Lists, dicts and instances that refer to each other as the numbers say; the first is held, the others are not. */
function build(py: Objects, links: readonly (readonly [from: number, to: number])[]): ObjectAddress[] {
  const Node = py.classes.new({ name: "Node" });
  const make = [() => py.lists.new(), () => py.dicts.new(), () => py.instances.new(Node)];
  const objects = Array.from({ length: 12 }, (_, i) => make[i % 3]!());
  for (const [n, [from, to]] of links.entries()) {
    const [o, target] = [objects[from]!, objects[to]!];
    if (from % 3 === 0) py.lists.append(o, target);
    else if (from % 3 === 2) py.instances.setAttribute(o, `name${n % 4}`, target);
    else {
      const key = py.strings.new(`key "${n}" \u20ac`);
      py.dicts.setItem(o, key, target);
      py.decref(key);
    }
  }
  for (const o of objects.slice(1)) py.decref(o);
  return objects;
}

/** Who refers to each object, and by what name, as the graph has it. */
function retainersOf(graph: ObjectGraph): string[][] {
  const retainers: string[][] = graph.objects.map(() => []);
  for (let node = 0; node < graph.objects.length; node++) {
    for (let edge = graph.edgeStart[node]!; edge < graph.edgeStart[node + 1]!; edge++) {
      const name = graph.names[edge]!.replace(/^\.|^\[(\d+)\]$/g, "$1");
      retainers[graph.targets[edge]!]!.push(`${idOf(node)} ${name}`);
    }
  }
  return retainers;
}

/** The id of a node of the graph in a snapshot: odd, as those of V8's objects are, behind the root's. */
const idOf = (node: number) => 2 * node + 3;

function expectSameRetainers(graph: ObjectGraph, nodes: readonly Node[]): void {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const rootId = nodes[0]!.id;
  for (const [i, retainers] of retainersOf(graph).entries()) {
    const node = byId.get(idOf(i))!;
    const found = node.in_edges.filter(({ from }) => from.id !== rootId);
    expect(found.map(({ name, from }) => `${from.id} ${name}`).sort()).toEqual(retainers.sort());
    expect(node.in_edges.length - found.length).toBe(graph.isRoot[i]);
    expect(node.self_size).toBe(graph.sizesBytes[i]);
  }
}

/** What a snapshot shows differs between versions only in where instances keep their attributes. */
const everyKind = everyProfile.filter(({ name }) => /^3\.(7 lp64|11 ilp32|12 lp64|15 ilp32)$/.test(name));

describe.each(everyKind)("a heap snapshot in $name", ({ profile }) => {
  const complaints = vi.spyOn(console, "error");
  beforeEach(() => {
    complaints.mockClear();
  });
  afterEach(() => {
    expect(complaints).not.toHaveBeenCalled();
  });

  it("property: has every object with its retainers, for whoever reads it", { timeout: 60_000 }, async () => {
    const place = fc.nat({ max: 11 });
    const links = fc.array(fc.tuple(place, place), { maxLength: 30, size: "max" });
    await fc.assert(
      fc.asyncProperty(links, async (pairs) => {
        const { py } = setUp(profile);
        build(py, pairs);
        const graph = py.graph();
        const { nodes } = await parseSnapshot([...toHeapSnapshot(graph)].join(""));
        expect(nodes.length).toBe(graph.objects.length + 1);
        expectSameRetainers(graph, nodes);
      }),
      { numRuns: 8 },
    );
  });

  it("is readable when nothing is a root", async () => {
    const { py } = setUp(profile);
    const [held] = build(py, [[0, 0]]);
    const { nodes } = await parseSnapshot([...toHeapSnapshot(py.graph([]))].join(""));
    expect(nodes[0]!.out_edges.length).toBe(0);
    const list = nodes.find(({ id }) => id === idOf(py.graph().nodeOf(held!)))!;
    expect(list.in_edges.map(({ from }) => from.id)).toEqual([list.id]);
  });
});
