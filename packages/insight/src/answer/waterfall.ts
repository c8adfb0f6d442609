// The resident set as a sum of named parts. What pools hold is replayed; what the rest of the process holds is what
// the kernel and the C library said at that moment.

import type { Account, NativeMapping, TraceReader } from "@obmalloc/trace";
import type { Examination } from "../history/examine.ts";

/** How sure a figure is: replayed with every address compared, read from addresses or accounts only, or from a model. */
export type Grade = "exact" | "derived" | "modelled";

/** What a part of the waterfall is. */
export type PartKey =
  | "live"
  | "rounding"
  | "free-blocks"
  | "free-pools"
  | "pool-overhead"
  | "outside-live"
  | "c-library-used"
  | "c-library-free"
  | "native-mappings"
  | "files"
  | "library-data"
  | "stacks"
  | "recorder"
  | "remainder";

/** One part of the resident set, in bytes, and how sure it is. */
export interface Part {
  readonly key: PartKey;
  readonly name: string;
  /** Resident bytes; of the remainder negative where the other parts come to more than the resident set. */
  readonly bytes: number;
  readonly grade: Grade;
}

/** The resident set of a moment, divided up; the parts add up to it, the last one is what nobody can explain. */
export interface Waterfall {
  /** Undefined when the recording has no resident set for this moment or before: then there is nothing to add up to. */
  readonly rssBytes: number | undefined;
  /** The event before which the resident set was read. */
  readonly measuredAt: number | undefined;
  /** Whether the parts outside of pymalloc were recorded, so that they can be told apart. */
  readonly hasAccount: boolean;
  readonly parts: readonly Part[];
  /** The remainder as a share of the resident set, 0 to 1; undefined where parts are missing. */
  readonly remainderShare: number | undefined;
}

const NAMES: Readonly<Record<PartKey, string>> = {
  live: "live blocks in pools, as requested",
  rounding: "rounding to size classes",
  "free-blocks": "free blocks in used pools",
  "free-pools": "free pools in pinned arenas",
  "pool-overhead": "pool headers and alignment",
  "outside-live": "live blocks outside of pools",
  "c-library-used": "C library, in use by others",
  "c-library-free": "C library, free but held",
  "native-mappings": "mappings of the program's own",
  files: "file-backed pages",
  "library-data": "data of libraries",
  stacks: "stacks",
  recorder: "the recorder itself",
  remainder: "remainder, not explained",
};

/** The parts that are free and yet held by pymalloc. What live blocks are rounded up to is not. */
export const PYMALLOC_HELD_PARTS = ["free-blocks", "free-pools"] as const satisfies readonly PartKey[];
/** The parts that are free and yet held, by pymalloc or by the C library. */
export const HELD_PARTS: ReadonlySet<PartKey> = new Set([...PYMALLOC_HELD_PARTS, "c-library-free"]);

export function waterfall(examination: Examination): Waterfall {
  const { trace, moment } = examination;
  const account = accountAt(trace, moment.event);
  const pools = poolParts(examination, account);
  if (account === undefined) return withoutAccount(examination, pools);
  const parts = [...pools, ...cLibraryParts(examination, account), ...otherParts(account)];
  const explained = parts.reduce((sum, part) => sum + part.bytes, 0);
  const rest = account.rss - explained;
  return {
    rssBytes: account.rss,
    measuredAt: account.event,
    hasAccount: true,
    parts: [...parts.filter((one) => one.bytes !== 0), part("remainder", rest, "derived")],
    remainderShare: Math.abs(rest) / account.rss,
  };
}

/** The last account that was taken up to this event: at a marker, exactly of its moment. */
export function accountAt({ tables }: TraceReader, event: number): Account | undefined {
  const account = tables.notes.accounts.findLast((one) => one.event <= event);
  return account !== undefined && account.rss > 0 ? account : undefined;
}

function part(key: PartKey, bytes: number, grade: Grade): Part {
  return { key, name: NAMES[key], bytes, grade };
}

/** How sure what a replay says is: of another tool's capture nothing was compared. */
export const replayedGrade = ({ info }: TraceReader): Grade =>
  info.derivedFrom === undefined ? "exact" : "derived";

/**
 * pymalloc's arenas by use. What is not resident was never touched: pools not carved yet, arenas' rims, and ends of pools that were
 * never handed out. A pool's head is touched with its first block.
 */
function poolParts({ replay, trace }: Examination, account: Account | undefined): Part[] {
  const grade = replayedGrade(trace);
  const sum = {
    live: replay.machine.liveBytes,
    blocks: 0,
    freeBlocks: 0,
    freePools: 0,
    rims: 0,
    heads: 0,
    total: 0,
  };
  for (const { heap } of replay.machine.allHeaps()) {
    const { bytes } = heap.stats();
    sum.blocks += bytes.allocatedBlocks;
    sum.freeBlocks += bytes.availableBlocks;
    sum.freePools += bytes.unusedPools;
    sum.rims += bytes.arenaAlignment;
    sum.heads += bytes.poolHeaders + bytes.quantization;
    sum.total += bytes.total;
  }
  let absent = account === undefined ? 0 : Math.max(0, sum.total - account.arenaRss);
  const resident = (bytes: number) => {
    const gone = Math.min(bytes, absent);
    absent -= gone;
    return bytes - gone;
  };
  const freePools = resident(sum.freePools);
  const rims = resident(sum.rims);
  const freeBlocks = resident(sum.freeBlocks);
  const heads = resident(sum.heads);
  return [
    part("live", sum.live, grade),
    part("rounding", sum.blocks - sum.live, grade),
    part("free-blocks", freeBlocks, grade),
    part("free-pools", freePools, grade),
    part("pool-overhead", rims + heads, grade),
  ].filter((one) => one.bytes > 0);
}

/**
 * The C library's heap: Python's blocks outside of pools; what everybody else has, with all headers; and what is free. `mallinfo2`
 * counts what is in use and free; the kernel how much of that is resident, which untouched pages are not.
 */
function cLibraryParts({ replay }: Examination, account: Account): Part[] {
  const { outsideBlocks } = replay.machine;
  const usedBytes = account.mallocUsed + account.mallocMapped;
  if (usedBytes === 0) return []; // no mallinfo2
  const { heapBytes, mappedBytes } = cLibraryResident(account);
  const residentUsed = Math.min(usedBytes, heapBytes + mappedBytes);
  const free = Math.max(0, heapBytes + mappedBytes - residentUsed);
  const live = Math.min(outsideBlocks.bytes, residentUsed);
  return [
    part("outside-live", live, "derived"),
    part("c-library-used", residentUsed - live, "derived"),
    part("c-library-free", free, "derived"),
  ];
}

/** Resident bytes of the C library: of its heaps, and of the chunks that it mapped one by one. */
function cLibraryResident(account: Account): { readonly heapBytes: number; readonly mappedBytes: number } {
  const anonymous = anonymousLeft(account);
  const mappedBytes = Math.min(account.mallocMapped, anonymous);
  const otherHeaps = Math.max(0, account.mallocSystem - account.heapSize);
  return { heapBytes: account.heapRss + Math.min(otherHeaps, anonymous - mappedBytes), mappedBytes };
}

/** Resident bytes of mappings without a name that are neither arenas nor anything else that is known. */
function anonymousLeft(account: Account): number {
  const { unnamedRss, arenaRss, regionRss, recorderRss, threadStackRss } = account;
  return Math.max(0, unnamedRss - arenaRss - regionRss - recorderRss - threadStackRss);
}

function otherParts(account: Account): Part[] {
  const { heapBytes, mappedBytes } = cLibraryResident(account);
  const hasMallinfo = account.mallocUsed + account.mallocMapped > 0;
  const unknown = account.heapRss + anonymousLeft(account) - (hasMallinfo ? heapBytes + mappedBytes : 0);
  return [
    part("native-mappings", hasMallinfo ? unknown : 0, "derived"),
    part("c-library-used", hasMallinfo ? 0 : unknown, "derived"),
    part("files", account.fileRss + account.sharedMemoryRss, "exact"),
    part("library-data", account.fileWritten, "exact"),
    part("stacks", account.stackRss + account.threadStackRss + account.regionRss, "exact"),
    part("recorder", account.recorderRss, "exact"),
  ];
}

const REST = "the rest of the process, not told apart";

/** A trace without accounts: pools, and everything else in one. */
function withoutAccount({ trace, moment, replay }: Examination, pools: readonly Part[]): Waterfall {
  const { samples, marks } = trace.tables;
  const seen = [...samples, ...marks].filter((one) => one.event <= moment.event);
  const last = seen.reduce<(typeof seen)[number] | undefined>(
    (latest, one) => (latest === undefined || one.event >= latest.event ? one : latest),
    undefined,
  );
  const rssBytes = last === undefined ? undefined : last.rssPages * trace.info.pageSizeBytes;
  const grade = replayedGrade(trace);
  const parts = [...pools, part("outside-live", replay.machine.outsideBlocks.bytes, grade)];
  const explained = parts.reduce((sum, one) => sum + one.bytes, 0);
  return {
    rssBytes,
    measuredAt: last?.event,
    hasAccount: false,
    parts:
      rssBytes === undefined
        ? parts
        : [...parts, { ...part("remainder", rssBytes - explained, "derived"), name: REST }],
    remainderShare: undefined,
  };
}

/** The program's own mappings that were resident when they were last looked at up to `event`, largest first. */
export function residentMappings(
  { tables }: TraceReader,
  event: number,
): { readonly mapping: NativeMapping; readonly bytes: number }[] {
  const { notes } = tables;
  const last = notes.mappingResidency.findLast((one) => one.event <= event);
  return [...(last?.bytes ?? [])]
    .filter(([id]) => notes.mappings[id] !== undefined && (notes.mappingGoneAt.get(id) ?? Infinity) > event)
    .map(([id, bytes]) => ({ mapping: notes.mappings[id]!, bytes }))
    .sort((a, b) => b.bytes - a.bytes);
}
