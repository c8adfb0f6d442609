// Draws objects and their references.

import type { GraphNode } from "../scenes/scene.ts";
import { svg } from "./dom.ts";

const ROW = 84;
const HEIGHT = 46;
const WIDTH_MAX = 118;

export function drawGraph(
  nodes: readonly GraphNode[],
  width: number,
): { element: SVGElement; height: number } {
  const columns = Math.max(...nodes.map(({ column }) => column)) + 1;
  const rows = Math.max(...nodes.map(({ row }) => row)) + 1;
  const step = width / columns;
  const boxWidth = Math.min(WIDTH_MAX, step - 14);
  const middle = ({ column, row }: GraphNode) => ({
    x: (column + 0.5) * step,
    y: row * ROW + HEIGHT / 2 + 6,
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const group = svg("g");
  for (const node of nodes) {
    for (const id of node.refersTo) {
      const target = byId.get(id);
      if (target !== undefined) group.append(edge(middle(node), middle(target), boxWidth));
    }
  }
  for (const node of nodes) group.append(box(node, middle(node), boxWidth));
  return { element: group, height: rows * ROW };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function edge(from: Point, to: Point, boxWidth: number): SVGElement {
  if (from.x === to.x && from.y === to.y) {
    const { x, y } = { x: from.x + boxWidth / 2, y: from.y };
    const loop = `M${x} ${y - 8} C${x + 30} ${y - 26} ${x + 30} ${y + 26} ${x + 2} ${y + 8}`;
    return arrow(loop, { x: x + 2, y: y + 8 });
  }
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const cut = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : boxWidth / 2 / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : HEIGHT / 2 / Math.abs(dy),
  );
  const length = Math.hypot(dx, dy);
  // To the right of its direction, so that two arrows between the same objects stay apart.
  const [sideX, sideY] = [(-dy / length) * 9, (dx / length) * 9];
  const start = { x: from.x + dx * cut + sideX, y: from.y + dy * cut + sideY };
  const end = { x: to.x - dx * cut + sideX, y: to.y - dy * cut + sideY };
  return arrow(`M${start.x} ${start.y} L${end.x} ${end.y}`, end);
}

function arrow(path: string, tip: Point): SVGElement {
  return svg(
    "g",
    {},
    svg("path", { class: "scene-edge", d: path }),
    svg("circle", { class: "scene-tip", cx: tip.x, cy: tip.y, r: 4 }),
  );
}

function box(node: GraphNode, { x, y }: Point, width: number): SVGElement {
  const isName = node.count === undefined;
  const below = isName
    ? ""
    : node.gcRefs === undefined
      ? `refs ${node.count}`
      : `refs ${node.count}, gc ${node.gcRefs}`;
  const shape = svg("rect", {
    x: x - width / 2,
    y: y - HEIGHT / 2,
    width,
    height: HEIGHT,
    rx: isName ? HEIGHT / 2 : 6,
  });
  const group = svg("g", { class: `scene-node is-${node.state}${isName ? " is-name" : ""}` }, shape);
  group.append(svg("text", { x, y: isName ? y : y - 8, class: "scene-label" }, node.label));
  if (!isName) group.append(svg("text", { x, y: y + 10, class: "scene-count" }, below));
  return group;
}
