export { type Budget, type BudgetResult, type Budgets, checkBudgets } from "./answer/budgets.ts";
export { type Change, type Comparison, compare, type Side, sideOf } from "./answer/compare.ts";
export { type ExplainOptions, type Explanation, explain, REPLAYED_EVENTS_MAX } from "./answer/explain.ts";
export type { Growth, GrowthPattern } from "./answer/growth.ts";
export { type ClassLifetimes, lifetimes } from "./answer/lifetimes.ts";
export {
  type TimelinePicture,
  timelinePicture,
  type WaterfallPicture,
  waterfallPicture,
} from "./answer/pictures.ts";
export { type Lack, lacksOf, noEnding } from "./answer/shortcomings.ts";
export { userFrame } from "./answer/user-frame.ts";
export { type Culprit, mappingText, type Verdict, type VerdictKind } from "./answer/verdict.ts";
export {
  type Grade,
  HELD_PARTS,
  type Part,
  type PartKey,
  residentMappings,
  type Waterfall,
} from "./answer/waterfall.ts";
export { type RecordTapeOptions, recordTape } from "./film/record-tape.ts";
export {
  type FilmMoment,
  TAPE_ABSENT,
  TAPE_FULL,
  TAPE_NEVER,
  type Tape,
  type TapeGeometry,
  tapeGeometry,
} from "./film/tape.ts";
export { type DevelopOptions, TapeCamera } from "./film/tape-camera.ts";
export { type RecordUnderOptions, recordTapeUnder } from "./film/what-if-tape.ts";
export { type Examination, type ExamineOptions, examine } from "./history/examine.ts";
export { byGeneration, type CollectionTally, type GenerationTally } from "./history/garbage.ts";
export { AGE_BINS, HistoryMachine } from "./history/history-machine.ts";
export type { HeapUse, Measured } from "./history/measured.ts";
export type { LineBytes } from "./history/tally.ts";
export { type Reading, readings, type TimePoint } from "./history/timeline.ts";
export { type Remedy, type RemedyKind, smallestSaving } from "./remedies/remedy.ts";
export { mallocStream } from "./what-if/malloc-stream.ts";
export { checkSettings, type Settings, settingsName } from "./what-if/settings.ts";
export { recordedSettings, type WhatIf, whatIf, whatIfAll } from "./what-if/what-if.ts";
