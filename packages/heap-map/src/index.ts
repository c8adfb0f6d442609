export { type ArenaLayout, cellAt, cellFromPoint, layoutArenas } from "./arena-layout.ts";
export { ArenaMapElement } from "./arena-map.ts";
export { ABSENT, type ArenaMapData, FULL, type TimelineData, type WaterfallData } from "./data.ts";
export { bytesText, countText, percentText, secondsText } from "./format.ts";
export { Picture, type TextTwin } from "./picture.ts";
export { TimelineElement } from "./timeline.ts";
export { WaterfallElement } from "./waterfall.ts";
