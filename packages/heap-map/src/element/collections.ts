// Collections of garbage below a timeline: a lane for each generation, a tick for each collection.

import type { TimelineData } from "../data.ts";
import { bytesText, countText } from "../format.ts";
import type { Palette } from "../theme.ts";
import type { TextTwin } from "../world/world.ts";

/** CSS pixels. */
const LANE = 14;
const TICK = 9;
const TWIN_ROWS = 40;

type Collection = NonNullable<TimelineData["collections"]>[number];

export const COLLECTION_LEGEND = [
  { name: "collection that freed memory", color: "good" },
  { name: "collection that freed none", color: "other" },
] as const;

const generationsOf = (collections: readonly Collection[]): number[] =>
  [...new Set(collections.map(({ generation }) => generation))].sort();

/** CSS pixels that the lanes take. */
export const lanesHeight = ({ collections = [] }: TimelineData): number =>
  generationsOf(collections).length * LANE;

/** @param x from an event to CSS pixels; `top` and `left` of the lanes. */
export function drawLanes(
  { collections = [] }: TimelineData,
  context: CanvasRenderingContext2D,
  place: { readonly x: (event: number) => number; readonly top: number; readonly left: number },
  palette: Palette,
): void {
  context.textAlign = "right";
  context.textBaseline = "middle";
  const [freed, none] = COLLECTION_LEGEND;
  for (const [lane, generation] of generationsOf(collections).entries()) {
    const y = place.top + lane * LANE;
    context.fillStyle = palette.dim;
    context.fillText(`gc ${generation}`, place.left - 8, y + LANE / 2);
    // Those that freed memory lie over those that did not.
    for (const { color, isFreeing } of [
      { color: palette[none.color], isFreeing: false },
      { color: palette[freed.color], isFreeing: true },
    ]) {
      context.fillStyle = color;
      for (const one of collections)
        if (one.generation === generation && one.bytes > 0 === isFreeing)
          context.fillRect(Math.round(place.x(one.event)), y + (LANE - TICK) / 2, 1.5, TICK);
    }
  }
}

/** The collections that freed most, in their order; none where there were none. */
export function collectionTwins({ collections = [] }: TimelineData): TextTwin[] {
  if (collections.length === 0) return [];
  const most = [...collections].sort((a, b) => b.bytes - a.bytes).slice(0, TWIN_ROWS);
  most.sort((a, b) => a.event - b.event);
  const isAll = most.length === collections.length;
  return [
    {
      caption: isAll
        ? "Collections of garbage"
        : `The ${most.length} of ${countText(collections.length)} collections of garbage that freed most`,
      columns: [
        { heading: "event", isNumber: true },
        { heading: "generation", isNumber: true },
        { heading: "freed", isNumber: true },
        { heading: "took", isNumber: true },
      ],
      rows: most.map(({ event, generation, bytes, elapsedNs }) => [
        countText(event),
        String(generation),
        bytesText(bytes),
        `${(elapsedNs / 1e6).toFixed(2)} ms`,
      ]),
    },
  ];
}
