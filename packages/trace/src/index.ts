export * from "./errors.ts";
export { bytesSource, type ByteSource } from "./format/source.ts";
export { TraceReader, type OpenOptions } from "./format/reader.ts";
export { Replay, type ReplayOptions, type EvidenceCheck } from "./replay/replay.ts";
