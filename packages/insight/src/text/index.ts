// The subpath `text`: answers in words, and numbers as people read them. Light, for programs that start often.

export { frameText, shortFrameText } from "./frame-text.ts";
export { measuredText, samplingText } from "./measured-text.ts";
export { NO_FRAME, noFrameText, pinsHeadline } from "./pins-headline.ts";
export { counted, formatBytes, formatCount, formatMs, formatPercent } from "./units.ts";
export { verdictHeadline } from "./verdict-text.ts";
