export {
  type AllocatorCall,
  type DomainName,
  domainNames,
  type PyMemAllocatorEx,
  PyMemDomain,
} from "./allocator.ts";
export { bindCApi, type CApi, type FilledAllocator, type FilledArenaAllocator } from "./capi.ts";
export {
  type CreateDomainsOptions,
  createDomains,
  createSharedDomains,
  type DomainsHandle,
  joinDomains,
} from "./create.ts";
export { isFreedPointer } from "./debug/freed-pointer.ts";
export type { ObjectDomain, RawDomain } from "./domain-face.ts";
export { Domains, type DomainsOptions, type DomainsSnapshot } from "./domains.ts";
export { type Environment, readSettings, type Settings, type XOptions } from "./environment.ts";
export {
  type AllocatorFault,
  BadAllocatorError,
  type FailedCall,
  type FatalKind,
  FatalMemoryError,
  FatalStartError,
  NoMemoryError,
} from "./errors.ts";
export { type CapturedStack, type FrameProvider, noFrames, type StackFrame } from "./frames.ts";
export { GilLostError, GilMisuseError } from "./gil/errors.ts";
export { Gil, type GilOptions, type GilSnapshot } from "./gil/gil.ts";
export type { GilThread } from "./gil/gil-words.ts";
export { gilState, gilThread } from "./gil/layout.ts";
export { type JavaScriptFramesOptions, javaScriptFrames } from "./js-frames/js-frames.ts";
export type { CodePosition } from "./js-frames/parse-stack.ts";
export type { ReadText } from "./js-frames/source-maps.ts";
export type { ThreadsMode } from "./object-engine.ts";
export type { OwnedBlocks } from "./owners.ts";
export type { ObjectPort, RawPort } from "./ports.ts";
export type { AllocatorChoice } from "./python-malloc.ts";
export { domainsState } from "./state-layout.ts";
export type { Place } from "./threads/place.ts";
export { DomainFilter, Filter, type FilterOptions, type TraceFilter } from "./tracemalloc/filters.ts";
export { type KeyType, Snapshot } from "./tracemalloc/snapshot.ts";
export { Statistic, StatisticDiff } from "./tracemalloc/statistic.ts";
export { Trace } from "./tracemalloc/trace.ts";
export { type FormatOptions, Frame, type GetLine, Traceback } from "./tracemalloc/traceback.ts";
export { NotTracingError, type TracedMemory, Tracemalloc } from "./tracemalloc/tracemalloc.ts";
export { type CallCounts, type CountingAllocator, countingAllocator } from "./wrappers/counting.ts";
export { type FailurePlan, failingAllocator, failNthCall, failurePlan } from "./wrappers/failing.ts";
export {
  type LatencyAllocator,
  type LatencyFigures,
  type LatencyOptions,
  latencyAllocator,
} from "./wrappers/latency.ts";
export { type Budget, type LimitingAllocator, limitingAllocator } from "./wrappers/limiting.ts";
export { type LoggedCall, loggingAllocator, logText } from "./wrappers/logging.ts";
