// The same as a picture, as tables.

import { type Frame, type GraphNode, hex, KINDS, type Region } from "../scenes/scene.ts";
import { table } from "./dom.ts";

export function textTwin(frame: Frame): HTMLElement[] {
  const tables = (frame.regions ?? []).map(regionTable);
  if (frame.graph !== undefined) tables.push(graphTable(frame.graph));
  return tables;
}

function regionTable({ title, cells }: Region): HTMLElement {
  const rows = cells.map(({ address, sizeBytes, kind, label, link, fill }) => [
    hex(address),
    String(sizeBytes),
    fill === undefined ? KINDS[kind] : `${KINDS[kind]}, ${(fill * 100).toFixed(1)} %`,
    label,
    link === undefined ? "" : link === 0 ? "NULL" : hex(link),
  ]);
  return table(title, ["address", "bytes", "state", "what", "holds the address"], rows);
}

function graphTable(nodes: readonly GraphNode[]): HTMLElement {
  const rows = nodes.map(({ label, count, gcRefs, state, refersTo }) => [
    label,
    count === undefined ? "" : String(count),
    gcRefs === undefined ? "" : String(gcRefs),
    state,
    refersTo.map((id) => nodes.find((node) => node.id === id)?.label ?? id).join(", "),
  ]);
  return table("Objects", ["object", "reference count", "gc_refs", "state", "refers to"], rows);
}
