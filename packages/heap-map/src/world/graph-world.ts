// Objects and their references as a world: counts that tick, and what the collector thinks of each object.

import type { Frame, GraphNode, NodeState } from "../frames/frame.ts";
import type { Box, Point } from "./camera.ts";
import { type Inks, pixelOf, textOn } from "./inks.ts";
import { cssOf, mix } from "./raster.ts";
import { arrowHead, drawFrame } from "./strokes.ts";
import type { Brush, Coloring, Description, LegendEntry, TextTwin, Thing, World } from "./world.ts";

const ROW = 96;
const HEIGHT = 50;
const WIDTH_MAX = 124;
const PHASES = 34;
const SIDE = 9;

const STATES: Readonly<Record<NodeState, string>> = {
  alive: "alive",
  root: "a name of the program",
  examined: "being examined",
  reachable: "reachable",
  unreachable: "trash, as it seems",
  finalized: "its finalizer has run",
  dead: "dead",
};

export class GraphWorld implements World {
  readonly bounds: Box;
  readonly scaleMax = 4;
  readonly height: number;
  readonly focus = undefined;
  private readonly nodes: readonly GraphNode[];
  private readonly before: ReadonlyMap<string, GraphNode>;
  private readonly phases: Frame["phases"];
  private readonly step: number;
  private readonly width: number;
  private readonly top: number;

  constructor(frame: Frame, before: Frame | undefined, width: number) {
    this.nodes = frame.graph ?? [];
    this.before = new Map((before?.graph ?? []).map((node) => [node.id, node]));
    this.phases = frame.phases;
    this.top = frame.phases === undefined ? 6 : PHASES + 8;
    const columns = Math.max(...this.nodes.map(({ column }) => column)) + 1;
    const rows = Math.max(...this.nodes.map(({ row }) => row)) + 1;
    this.step = width / columns;
    this.width = Math.min(WIDTH_MAX, this.step - 16);
    this.bounds = { x: 0, y: 0, width, height: this.top + rows * ROW - (ROW - HEIGHT) + 20 };
    this.height = this.bounds.height + 8;
  }

  fill(): void {}

  draw(brush: Brush): void {
    const { context, camera, chosen } = brush;
    context.save();
    context.scale(camera.scale, camera.scale);
    context.translate(-camera.x, -camera.y);
    context.textBaseline = "middle";
    this.drawPhases(brush);
    const byId = new Map(this.nodes.map((node) => [node.id, node]));
    for (const node of this.nodes) {
      const before = this.before.get(node.id);
      for (const id of node.refersTo) {
        const target = byId.get(id);
        const isNew = before !== undefined && !before.refersTo.includes(id);
        if (target !== undefined) this.drawReference(brush, node, target, isNew);
      }
    }
    for (const node of this.nodes) this.drawNode(brush, node);
    context.restore();
    const box = chosen === undefined ? undefined : this.box(chosen);
    if (box !== undefined) drawFrame(brush, camera.toCanvas(box));
  }

  at(point: Point): Thing | undefined {
    const found = this.nodes.find((node) => {
      const { x, y, width, height } = this.boxOf(node);
      return point.x >= x && point.x < x + width && point.y >= y && point.y < y + height;
    });
    return found === undefined ? undefined : { level: "object", id: found.id };
  }

  next(from: Thing | undefined, by: number): Thing | undefined {
    const at = from?.level === "object" ? this.nodes.findIndex(({ id }) => id === from.id) : -by;
    const node = this.nodes[Math.max(0, Math.min(this.nodes.length - 1, at + by))];
    return node === undefined ? undefined : { level: "object", id: node.id };
  }

  box(thing: Thing): Box | undefined {
    const node = thing.level === "object" ? this.nodes.find(({ id }) => id === thing.id) : undefined;
    return node === undefined ? undefined : this.boxOf(node);
  }

  describe(thing: Thing): Description | undefined {
    const node = thing.level === "object" ? this.nodes.find(({ id }) => id === thing.id) : undefined;
    if (node === undefined) return undefined;
    const facts: [string, string][] = [["state", STATES[node.state]]];
    if (node.count !== undefined) facts.push(["reference count", String(node.count)]);
    if (node.gcRefs !== undefined) facts.push(["gc_refs", String(node.gcRefs)]);
    facts.push(["refers to", this.namesOf(node.refersTo) || "nothing"]);
    const holders = this.nodes.filter(({ refersTo }) => refersTo.includes(node.id)).map(({ id }) => id);
    facts.push(["referred to by", this.namesOf(holders) || "nobody"]);
    return { title: node.label, facts };
  }

  find(): undefined {
    return undefined;
  }

  legend(_coloring: Coloring, inks: Inks): readonly LegendEntry[] {
    const seen = new Set(this.nodes.map(({ state }) => state));
    return (Object.keys(STATES) as NodeState[])
      .filter((state) => seen.has(state))
      .map((state) => ({ color: cssOf(stateInk(state, inks)), text: STATES[state] }));
  }

  twins(): readonly TextTwin[] {
    const phase = this.phases?.names[this.phases.at];
    return [
      {
        caption: phase === undefined ? "Objects" : `Objects after the phase ${phase}`,
        columns: [
          { heading: "object" },
          { heading: "reference count", isNumber: true },
          { heading: "gc_refs", isNumber: true },
          { heading: "state" },
          { heading: "refers to" },
        ],
        rows: this.nodes.map(({ label, count, gcRefs, state, refersTo }) => [
          label,
          count === undefined ? "" : String(count),
          gcRefs === undefined ? "" : String(gcRefs),
          STATES[state],
          this.namesOf(refersTo),
        ]),
      },
    ];
  }

  private namesOf(ids: readonly string[]): string {
    return ids.map((id) => this.nodes.find((node) => node.id === id)?.label ?? id).join(", ");
  }

  private boxOf({ column, row }: GraphNode): Box {
    const x = (column + 0.5) * this.step - this.width / 2;
    return { x, y: this.top + row * ROW + 6, width: this.width, height: HEIGHT };
  }

  private drawPhases({ context, inks }: Brush): void {
    if (this.phases === undefined) return;
    const { names, at } = this.phases;
    const width = this.bounds.width / names.length;
    const longest = Math.max(...names.map((name) => name.length));
    const size = Math.min(12, width / longest / 0.6);
    context.textAlign = "center";
    for (const [index, name] of names.entries()) {
      const isNow = index === at;
      context.fillStyle = isNow ? inks.palette.accent : cssOf(inks.uncarved);
      context.fillRect(index * width + 1, 2, width - 2, 22);
      context.font = `${isNow ? "600 " : ""}${Math.max(9, size)}px system-ui, sans-serif`;
      context.fillStyle = isNow ? textOn(pixelOf(inks.palette.accent)) : inks.palette.dim;
      context.fillText(size < 8 ? String(index + 1) : name, (index + 0.5) * width, 13);
    }
  }

  private drawReference({ context, inks }: Brush, from: GraphNode, to: GraphNode, isNew: boolean): void {
    const [a, b] = [this.boxOf(from), this.boxOf(to)];
    const start = { x: a.x + a.width / 2, y: a.y + HEIGHT / 2 };
    const end = { x: b.x + b.width / 2, y: b.y + HEIGHT / 2 };
    const color = isNew ? inks.palette.accent : inks.palette.dim;
    context.strokeStyle = color;
    context.lineWidth = isNew ? 2.5 : 1.5;
    context.beginPath();
    if (from === to) {
      const x = a.x + a.width;
      context.moveTo(x, start.y - 10);
      context.bezierCurveTo(x + 34, start.y - 30, x + 34, start.y + 30, x + 2, start.y + 10);
      context.stroke();
      arrowHead(context, { x: x + 1, y: start.y + 10 }, Math.PI + 0.5, color, 8);
      return;
    }
    const [dx, dy] = [end.x - start.x, end.y - start.y];
    const cut = Math.min(
      dx === 0 ? Number.POSITIVE_INFINITY : a.width / 2 / Math.abs(dx),
      dy === 0 ? Number.POSITIVE_INFINITY : HEIGHT / 2 / Math.abs(dy),
    );
    const length = Math.hypot(dx, dy);
    // To the right of its direction, so that two arrows between the same objects stay apart.
    const side = { x: (-dy / length) * SIDE, y: (dx / length) * SIDE };
    const tip = { x: end.x - dx * cut + side.x, y: end.y - dy * cut + side.y };
    context.moveTo(start.x + dx * cut + side.x, start.y + dy * cut + side.y);
    context.lineTo(tip.x, tip.y);
    context.stroke();
    arrowHead(context, tip, Math.atan2(dy, dx), color, 9);
  }

  private drawNode(brush: Brush, node: GraphNode): void {
    const { context, inks } = brush;
    const { x, y, width, height } = this.boxOf(node);
    const isName = node.count === undefined;
    const ground = stateInk(node.state, inks);
    context.beginPath();
    context.roundRect(x, y, width, height, isName ? height / 2 : 7);
    context.fillStyle = cssOf(ground);
    context.fill();
    context.strokeStyle = node.state === "dead" ? inks.palette.line : inks.palette.dim;
    context.setLineDash(node.state === "dead" ? [4, 4] : []);
    context.lineWidth = 1.2;
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = textOn(ground);
    context.textAlign = "center";
    context.font = `${isName ? "italic " : "600 "}14px system-ui, sans-serif`;
    context.fillText(node.label, x + width / 2, y + (isName ? height / 2 : 16));
    if (isName) return;
    const gc = node.gcRefs === undefined ? "" : `, gc ${node.gcRefs}`;
    context.font = "12px system-ui, sans-serif";
    context.fillText(`refs ${node.count}${gc}`, x + width / 2, y + 35);
    this.drawTick(brush, node, { x: x + width - 4, y: y + 2 });
  }

  /** How the count has changed with this step. */
  private drawTick({ context, inks }: Brush, node: GraphNode, { x, y }: Point): void {
    const before = this.before.get(node.id)?.count;
    const change = before === undefined || node.count === undefined ? 0 : node.count - before;
    if (change === 0) return;
    const color = change > 0 ? pixelOf(inks.palette.good) : inks.pin;
    context.beginPath();
    context.arc(x, y, 12, 0, 2 * Math.PI);
    context.fillStyle = cssOf(color);
    context.fill();
    context.fillStyle = textOn(color);
    context.font = "600 12px system-ui, sans-serif";
    context.fillText(change > 0 ? `+${change}` : `−${-change}`, x, y + 0.5);
  }
}

function stateInk(state: NodeState, inks: Inks): number {
  if (state === "root") return inks.surface;
  if (state === "dead") return inks.uncarved;
  if (state === "unreachable") return mix(inks.surface, inks.pin, 0.45);
  if (state === "finalized") return mix(inks.surface, inks.pin, 0.75);
  if (state === "examined") return mix(inks.surface, inks.accent, 0.4);
  if (state === "reachable") return mix(inks.surface, pixelOf(inks.palette.good), 0.35);
  return mix(inks.surface, inks.live, 0.35);
}
