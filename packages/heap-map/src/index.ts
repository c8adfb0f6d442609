export type { TimelineData, WaterfallData } from "./data.ts";
export type {
  FramesData,
  HeapData,
  HeapEvents,
  MomentDetail,
  SelectDetail,
  TapesData,
} from "./element/heap-data.ts";
export { HeapElement } from "./element/heap-element.ts";
export { TimelineElement } from "./element/timeline.ts";
export { WaterfallElement } from "./element/waterfall.ts";
export { bytesText, countText, percentText, secondsText } from "./format.ts";
export {
  type ArenasFrame,
  type Cell,
  type Frame,
  type GraphNode,
  KINDS,
  type Kind,
  type Region,
  type SnapshotArena,
  type SnapshotPool,
} from "./frames/frame.ts";
export type { Field } from "./tape/arena-heap.ts";
export {
  ABSENT,
  type ArenaRows,
  type BlockLives,
  FULL,
  type HeapGeometry,
  type HeapTape,
  NEVER,
  type PoolFilm,
  type StackTree,
} from "./tape/heap-tape.ts";
export { packTape, unpackTape } from "./tape/pack-tape.ts";
export { COLORINGS, type Coloring, type TextTwin, type Thing } from "./world/world.ts";
