// The resident set as a sum of named parts. What pools hold is replayed; what the rest of the process holds is what
// the kernel and the C library said at that moment.

import type { Account, NativeMapping, TraceReader } from "@obmalloc/trace";
import type { Examination } from "../history/examine.ts";
import { type HeapUse, heapUse } from "../history/measured.ts";
import { elapsedNsAt, peakRssBytes } from "../history/timeline.ts";

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

/**
 * The resident set of one moment, divided up; the parts add up to it, the last one is what nobody can explain. The moment is that of the last
 * look at the process up to the one asked for: at a marker the same, else somewhat earlier, and all parts are of then.
 */
export interface Waterfall {
  /** Undefined when the recording has no resident set for this moment or before: then there is nothing to add up to. */
  readonly rssBytes: number | undefined;
  /** The event before which the process was measured. */
  readonly measuredAt: number | undefined;
  /** How long before the moment that was asked for, in events and, by the clock readings around it, nanoseconds; 0 where it is the same. */
  readonly measuredBefore: { readonly events: number; readonly elapsedNs: number };
  /** The most that was resident up to the moment that was asked for, by the kernel's own mark where it was recorded. */
  readonly peakRssBytes: number | undefined;
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
  const { trace, moment, measured, replay } = examination;
  const heap = measured?.heap ?? heapUse(replay.machine);
  const grade = replayedGrade(trace);
  const when = {
    rssBytes: measured?.rssBytes,
    measuredAt: measured?.event,
    measuredBefore: measuredBefore(examination),
    peakRssBytes: peakRssBytes(trace, moment.event) || undefined,
  };
  const account = measured?.account;
  if (account === undefined) return { ...when, ...withoutAccount(heap, measured?.rssBytes, grade) };
  const unnamed = unnamedParts(account);
  const parts = [
    ...poolParts(heap, unnamed.arenas, grade),
    ...cLibraryParts(heap, account, unnamed.rest),
    ...otherParts(account, unnamed),
  ];
  const rest = account.rss - parts.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    ...when,
    hasAccount: true,
    parts: [...parts.filter(({ bytes }) => bytes !== 0), part("remainder", rest, "derived")],
    remainderShare: Math.abs(rest) / account.rss,
  };
}

function measuredBefore({ trace, moment, measured }: Examination): Waterfall["measuredBefore"] {
  if (measured === undefined || measured.event === moment.event) return { events: 0, elapsedNs: 0 };
  const elapsedNs = Math.max(0, Math.round(elapsedNsAt(trace, moment.event) - measured.elapsedNs));
  return { events: moment.event - measured.event, elapsedNs };
}

function part(key: PartKey, bytes: number, grade: Grade): Part {
  return { key, name: NAMES[key], bytes, grade };
}

/** How sure what a replay says is: of another tool's capture nothing was compared. */
export const replayedGrade = ({ info }: TraceReader): Grade =>
  info.derivedFrom === undefined ? "exact" : "derived";

/** Hands out what is resident, as far as it goes. */
class Resident {
  left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }

  take(bytes: number): number {
    const taken = Math.min(bytes, this.left);
    this.left -= taken;
    return taken;
  }
}

/**
 * pymalloc's arenas by use, as far as they are resident. What is not was never touched, or is swapped out: pools not carved yet, arenas' rims,
 * and ends of pools that were never handed out. A pool's head is touched with its first block.
 */
function poolParts(heap: HeapUse, residentBytes: number, grade: Grade): Part[] {
  const resident = new Resident(residentBytes);
  const live = resident.take(heap.live);
  const rounding = resident.take(heap.blocks - heap.live);
  const heads = resident.take(heap.heads);
  const freeBlocks = resident.take(heap.freeBlocks);
  const rims = resident.take(heap.rims);
  const freePools = resident.take(heap.freePools);
  return [
    part("live", live, grade),
    part("rounding", rounding, grade),
    part("free-blocks", freeBlocks, grade),
    part("free-pools", freePools, grade),
    part("pool-overhead", rims + heads, grade),
  ];
}

/** Resident bytes of mappings without a name: arenas, what else is known, and the rest. */
interface UnnamedParts {
  readonly arenas: number;
  /** Stacks of other threads, and of Python's own frames. */
  readonly stacks: number;
  readonly recorder: number;
  readonly rest: number;
}

function unnamedParts(account: Account): UnnamedParts {
  const resident = new Resident(account.unnamedRss);
  const arenas = resident.take(account.arenaRss);
  const stacks = resident.take(account.threadStackRss + account.regionRss);
  const recorder = resident.take(account.recorderRss);
  return { arenas, stacks, recorder, rest: resident.left };
}

const hasMallinfo = ({ mallocUsed, mallocMapped }: Account) => mallocUsed + mallocMapped > 0;

/**
 * The C library's heap: Python's blocks outside of pools; what everybody else has, with all headers; and what is free. `mallinfo2`
 * counts what is in use and free; the kernel how much of that is resident, which untouched pages are not.
 */
function cLibraryParts({ outside }: HeapUse, account: Account, unnamedRest: number): Part[] {
  if (!hasMallinfo(account)) return [];
  const resident = new Resident(cLibraryResident(account, unnamedRest));
  const used = resident.take(account.mallocUsed + account.mallocMapped);
  const live = Math.min(outside, used);
  return [
    part("outside-live", live, "derived"),
    part("c-library-used", used - live, "derived"),
    part("c-library-free", resident.left, "derived"),
  ];
}

/** Resident bytes of the C library: of its heaps, and of the chunks that it mapped one by one. */
function cLibraryResident(
  { mallocMapped, mallocSystem, heapSize, heapRss }: Account,
  unnamedRest: number,
): number {
  const unnamed = new Resident(unnamedRest);
  return heapRss + unnamed.take(mallocMapped) + unnamed.take(Math.max(0, mallocSystem - heapSize));
}

function otherParts(account: Account, { stacks, recorder, rest }: UnnamedParts): Part[] {
  const isAsked = hasMallinfo(account);
  const unknown = account.heapRss + rest - (isAsked ? cLibraryResident(account, rest) : 0);
  return [
    part(isAsked ? "native-mappings" : "c-library-used", unknown, "derived"),
    part("files", account.fileRss + account.sharedMemoryRss, "exact"),
    part("library-data", account.fileWritten, "exact"),
    part("stacks", account.stackRss + stacks, "exact"),
    part("recorder", recorder, "exact"),
  ];
}

const REST = "the rest of the process, not told apart";

/** A trace without accounts: pools, and everything else in one. */
function withoutAccount(
  heap: HeapUse,
  rssBytes: number | undefined,
  grade: Grade,
): Pick<Waterfall, "hasAccount" | "parts" | "remainderShare"> {
  const pools = poolParts(heap, Number.POSITIVE_INFINITY, grade).filter(({ bytes }) => bytes > 0);
  const parts = [...pools, part("outside-live", heap.outside, grade)];
  const rest = (rssBytes ?? 0) - parts.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    hasAccount: false,
    parts: rssBytes === undefined ? parts : [...parts, { ...part("remainder", rest, "derived"), name: REST }],
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
