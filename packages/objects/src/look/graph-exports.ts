// The object graph as text for other programs: Graphviz, JSON, and the heap snapshots of V8.

import { formatAddress } from "@obmalloc/abi";
import type { GraphNode, ObjectGraph } from "./object-graph.ts";

/** Which nodes are drawn. */
export interface DotOptions {
  /** Only nodes for which this holds, and the edges between them. @defaultValue all */
  readonly filter?: (node: GraphNode) => boolean;
}

/** The graph for Graphviz: one box for each object, roots drawn bold, edges with their names. */
export function toDot(graph: ObjectGraph, { filter = () => true }: DotOptions = {}): string {
  const lines = ["digraph objects {", "  node [shape=box, fontname=monospace];"];
  const nodes = Array.from(graph.objects.keys()).filter((node) => filter(graph.at(node)));
  const drawn = new Set(nodes);
  for (const node of nodes) {
    const { object, is, sizeBytes, isRoot } = graph.at(node);
    const label = quoted(`${is}\n${formatAddress(object)}, ${sizeBytes} B`);
    lines.push(`  n${node} [label=${label}${isRoot ? ", style=bold" : ""}];`);
  }
  for (const node of nodes) {
    for (let edge = graph.edgeStart[node]!; edge < graph.edgeStart[node + 1]!; edge++) {
      const target = graph.targets[edge]!;
      if (drawn.has(target)) lines.push(`  n${node} -> n${target} [label=${quoted(graph.names[edge]!)}];`);
    }
  }
  return `${lines.join("\n")}\n}\n`;
}

/** The graph as plain data. */
export interface GraphJson {
  readonly version: 1;
  readonly nodes: readonly (GraphNode & {
    readonly edges: readonly (readonly [name: string, node: number])[];
  })[];
}

/** The graph as plain data, to be written as JSON; edges lead to places in `nodes`. */
export function toGraphJson(graph: ObjectGraph): GraphJson {
  const nodes = graph.objects.map((_, node) => {
    const edges: [string, number][] = [];
    for (let edge = graph.edgeStart[node]!; edge < graph.edgeStart[node + 1]!; edge++) {
      edges.push([graph.names[edge]!, graph.targets[edge]!]);
    }
    return { ...graph.at(node), edges };
  });
  return { version: 1, nodes };
}

const NODE_FIELDS = [
  "type",
  "name",
  "id",
  "self_size",
  "edge_count",
  "trace_node_id",
  "detachedness",
] as const;
const NODE_TYPES = [
  "hidden",
  "array",
  "string",
  "object",
  "code",
  "closure",
  "regexp",
  "number",
  "native",
  "synthetic",
  "concatenated string",
  "sliced string",
  "symbol",
  "bigint",
  "object shape",
] as const;
const EDGE_FIELDS = ["type", "name_or_index", "to_node"] as const;
const EDGE_TYPES = ["context", "element", "property", "internal", "hidden", "shortcut", "weak"] as const;

/** Columns of tables that stay empty here; readers ask for their names all the same. */
const EMPTY_TABLES = {
  trace_function_info_fields: ["function_id", "name", "script_name", "script_id", "line", "column"],
  trace_node_fields: ["id", "function_info_index", "count", "size", "children"],
  sample_fields: ["timestamp_us", "last_assigned_id"],
  location_fields: ["object_index", "script_id", "line", "column"],
} as const;

/** What a node of a Python type is drawn as; anything else is an object. */
const SHOWN_AS: Readonly<Record<string, (typeof NODE_TYPES)[number]>> = {
  str: "string",
  int: "number",
  float: "number",
  list: "array",
  tuple: "array",
  code: "code",
  function: "closure",
};

/**
 * The graph as a V8 heap snapshot (`.heapsnapshot`), which Chrome's memory panel and its relatives open: summary,
 * retainers and dominators of Python's objects.
 *
 * @returns the file in pieces, to be written one after the other.
 */
export function* toHeapSnapshot(graph: ObjectGraph): Generator<string> {
  const strings = new Strings();
  const roots = Array.from(graph.objects.keys()).filter((node) => graph.isRoot[node] === 1);
  const nodeCount = graph.objects.length + 1;
  const edgeCount = graph.targets.length + roots.length;
  const meta = {
    node_fields: NODE_FIELDS,
    node_types: [NODE_TYPES, "string", "number", "number", "number", "number", "number"],
    edge_fields: EDGE_FIELDS,
    edge_types: [EDGE_TYPES, "string_or_number", "node"],
    ...EMPTY_TABLES,
  };
  const head = { meta, node_count: nodeCount, edge_count: edgeCount, trace_function_count: 0 };
  yield `{"snapshot":${JSON.stringify(head)},\n"nodes":[`;
  yield [NODE_TYPES.indexOf("synthetic"), strings.index("(Python roots)"), 1, 0, roots.length, 0, 0].join();
  for (let node = 0; node < graph.objects.length; node++) yield `,\n${nodeRow(graph, node, strings)}`;
  yield '],\n"edges":[';
  let isFirst = true;
  const row = (text: string) => {
    const piece = isFirst ? text : `,\n${text}`;
    isFirst = false;
    return piece;
  };
  for (const [i, node] of roots.entries()) yield row(edgeRow("element", i, node));
  for (let node = 0; node < graph.objects.length; node++) {
    for (let edge = graph.edgeStart[node]!; edge < graph.edgeStart[node + 1]!; edge++) {
      const [kind, name] = edgeName(graph.names[edge]!, strings);
      yield row(edgeRow(kind, name, graph.targets[edge]!));
    }
  }
  yield `],\n"trace_function_infos":[],"trace_tree":[],"samples":[],"locations":[],\n"strings":${strings.json()}}\n`;
}

/** Texts that a snapshot refers to by number. */
class Strings {
  private readonly texts: string[] = [];
  private readonly indices = new Map<string, number>();

  index(text: string): number {
    const known = this.indices.get(text);
    if (known !== undefined) return known;
    this.indices.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }

  json(): string {
    return JSON.stringify(this.texts);
  }
}

function nodeRow(graph: ObjectGraph, node: number, strings: Strings): string {
  const { typeName, is, sizeBytes } = graph.at(node);
  const shown = SHOWN_AS[typeName] ?? "object";
  const name = strings.index(shown === "object" ? typeName : is);
  const edgeCount = graph.edgeStart[node + 1]! - graph.edgeStart[node]!;
  return [NODE_TYPES.indexOf(shown), name, 2 * node + 3, sizeBytes, edgeCount, 0, 0].join();
}

function edgeName(name: string, strings: Strings): [(typeof EDGE_TYPES)[number], number] {
  const [, index] = /^\[(\d+)\]$/.exec(name) ?? [];
  if (index !== undefined) return ["element", Number(index)];
  const isInternal = name.startsWith("key ") || name.startsWith("reference ");
  return [isInternal ? "internal" : "property", strings.index(name.replace(/^\./, ""))];
}

/** The node that an edge leads to is given by its place in the table of numbers; the imaginary root is the first. */
function edgeRow(kind: (typeof EDGE_TYPES)[number], name: number, node: number): string {
  return [EDGE_TYPES.indexOf(kind), name, (node + 1) * NODE_FIELDS.length].join();
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
