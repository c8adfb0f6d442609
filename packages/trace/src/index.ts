export { type ArenaOccupancy, arenaOccupancy, type PoolOccupancy } from "./analysis/arenas.ts";
export { type LiveBlock, liveBlocks } from "./analysis/blocks.ts";
export { type Moment, momentOf } from "./analysis/moment.ts";
export { type Pin, pins } from "./analysis/pins.ts";
export { RecordedFrames, tracemallocOf } from "./analysis/tracemalloc.ts";
export { type Certificate, verify } from "./analysis/verify.ts";
export {
  NotATraceError,
  TraceCutError,
  TraceDamagedError,
  TraceError,
  TraceQuestionError,
  TraceVersionError,
} from "./errors.ts";
export type { Chunk, ChunkHeader, Deflate, Inflate } from "./format/chunk.ts";
export { Domain, Op } from "./format/constants.ts";
export { DenseArenas } from "./format/dense-arenas.ts";
export { readEnd } from "./format/ending.ts";
export type { TraceEvent } from "./format/event-encoder.ts";
export { EventFeed } from "./format/event-feed.ts";
export type { EventSink } from "./format/event-sink.ts";
export type { EventSupply } from "./format/event-supply.ts";
export { readEvents, type TraceItem } from "./format/events.ts";
export type { StackMode, TraceEnd, TraceInfo } from "./format/info.ts";
export type {
  Account,
  AccountFieldName,
  ArenaResidency,
  ClockReading,
  Collection,
  MappingResidency,
  NativeMapping,
  Notes,
} from "./format/notes.ts";
export type { OpenedTrace } from "./format/opened-trace.ts";
export { type OpenOptions, TraceReader } from "./format/reader.ts";
export { type ByteSource, bytesSource } from "./format/source.ts";
export { TraceStream } from "./format/stream.ts";
export {
  type ArenaMapping,
  type Code,
  type Context,
  LineTableKind,
  type Mark,
  MarkKind,
  type Region,
  type Sample,
  Tables,
} from "./format/tables.ts";
export { type ByteSink, TraceWriter, type WriterOptions } from "./format/writer.ts";
export { type Frame, Stacks } from "./lines/stacks.ts";
export { feedAll } from "./pipeline/event-fan.ts";
export { canPack, EventRing } from "./pipeline/event-ring.ts";
export { fillRing } from "./pipeline/fill-ring.ts";
export { RingFeed } from "./pipeline/ring-feed.ts";
export { DomainsRecording, type RecordDomainsOptions, recordDomains } from "./recording/record-domains.ts";
export type { Heap } from "./replay/heap.ts";
export { columnOf, type LiveBlocks } from "./replay/live-blocks.ts";
export { type Disagreement, type MachineOptions, ReplayMachine } from "./replay/machine.ts";
export type { Mismatch, MismatchPool } from "./replay/mismatch.ts";
export { type OutsideBlock, OutsideBlocks } from "./replay/outside-blocks.ts";
export type { MappedArena, RecordedArenas } from "./replay/recorded-arenas.ts";
export { type EvidenceCheck, Replay, type ReplayOptions } from "./replay/replay.ts";
