// What is the matter, in one line, with the reason for it.

import type { Frame, NativeMapping, Pin } from "@obmalloc/trace";
import type { Examination } from "../history/examine.ts";
import type { LineBytes } from "../history/tally.ts";
import { freedOutside, liveOutside } from "./c-heap.ts";
import type { Growth } from "./growth.ts";
import { importStacks, userFrame } from "./user-frame.ts";
import { type PartKey, PYMALLOC_HELD_PARTS, residentMappings, type Waterfall } from "./waterfall.ts";

/** What a process can suffer from. */
export type VerdictKind =
  | "leak"
  | "retention-in-pymalloc"
  | "retention-in-c-library"
  | "native-or-file-backed"
  | "interpreter-overhead"
  | "nothing-wrong";

/** A line that the verdict names. */
export interface Culprit {
  /** The line that asked for the memory; undefined where no Python code did, or stacks are missing. */
  readonly frame: Frame | undefined;
  /** The line of the program's own code that led there, when that is another one. */
  readonly calledFrom: Frame | undefined;
  readonly stack: number;
  /** Bytes that the verdict lays at this line's door. */
  readonly bytes: number;
}

/** In a sentence: is it a leak, or memory that is free and held, and by whom? */
export interface Verdict {
  readonly kind: VerdictKind;
  /** Bytes that it is about, and the resident set where it is known, and known of the same moment. */
  readonly bytes: number;
  readonly rssBytes: number | undefined;
  /** Heaviest first, at most {@link CULPRITS}; empty where no line can be named. */
  readonly culprits: readonly Culprit[];
  /** Of other kinds: what else was looked at, and found smaller. */
  readonly weighed: readonly { readonly kind: VerdictKind; readonly bytes: number }[];
}

export interface Findings {
  readonly examination: Examination;
  readonly waterfall: Waterfall;
  readonly pins: readonly Pin[];
  readonly growth: Growth;
}

const MIB = 2 ** 20;
/** Less than this is not worth a reader's time, whatever its share. */
const SMALLEST_BYTES = 2 * MIB;
/** From this share of the resident set on, memory that nobody uses is the matter. */
const HELD_SHARE = 0.2;
/** Of little memory it takes more: a few arenas stay in part free in any program that has freed something. */
const LITTLE_BYTES = 8 * MIB;
const LITTLE_HELD_SHARE = 0.3;
/** A leak is the first thing to say unless another cause weighs so many times as much. */
const OUTWEIGHED = 4;
/** Native and file-backed memory are the matter when they are the larger part, beyond what any interpreter maps. */
const NATIVE_SHARE = 0.4;
/** File-backed pages and others' memory of an interpreter that has done nothing yet. */
const ORDINARY_FILES_BYTES = 16 * MIB;
const ORDINARY_NATIVE_BYTES = 4 * MIB;
/** Lines that a verdict names at most, and what each has to weigh of the first. */
const CULPRITS = 3;
const CULPRIT_SHARE = 0.2;
const IMPORT_SHARE = 0.5;
/** An interpreter's memory is worth a word from here on. */
const LARGE_INTERPRETER_BYTES = 48 * MIB;

export function verdict(findings: Findings): Verdict {
  const { waterfall } = findings;
  const total = waterfall.rssBytes ?? waterfall.parts.reduce((sum, part) => sum + part.bytes, 0);
  const weighed = [
    leak(findings),
    pymallocRetention(findings, total),
    cLibraryRetention(findings, total),
    native(findings, total),
  ].sort((a, b) => b.bytes - a.bytes);
  const heaviestFound = weighed.find((one) => one.applies);
  const leaking = weighed.find((one) => one.kind === "leak" && one.applies);
  const isOutweighed = leaking !== undefined && heaviestFound!.bytes > leaking.bytes * OUTWEIGHED;
  const found = (isOutweighed ? undefined : leaking) ?? heaviestFound ?? interpreter(findings, total);
  const others = weighed.filter((one) => one !== found && one.bytes > 0);
  return {
    kind: found.kind,
    bytes: found.bytes,
    rssBytes: found.isOfMoment && waterfall.measuredBefore.events > 0 ? undefined : waterfall.rssBytes,
    culprits: heaviest(found.culprits?.() ?? []),
    weighed: others.map(({ kind, bytes }) => ({ kind, bytes })),
  };
}

interface Candidate {
  readonly kind: VerdictKind;
  readonly bytes: number;
  readonly applies: boolean;
  /** Whether its bytes are of the moment asked for; else they are parts of the waterfall, which may be of an earlier one. */
  readonly isOfMoment: boolean;
  readonly culprits?: () => Culprit[];
}

const bytesOf = ({ parts }: Waterfall, ...keys: PartKey[]) =>
  parts.reduce((sum, part) => sum + (keys.includes(part.key) ? part.bytes : 0), 0);

function leak({ growth, examination }: Findings): Candidate {
  return {
    kind: "leak",
    bytes: Math.max(0, growth.bytes),
    isOfMoment: true,
    applies: growth.pattern !== "none" && growth.pattern !== "one-go",
    culprits: () => grownLines(examination, growth),
  };
}

function pymallocRetention({ waterfall, pins, examination }: Findings, total: number): Candidate {
  const bytes = bytesOf(waterfall, ...PYMALLOC_HELD_PARTS);
  return {
    kind: "retention-in-pymalloc",
    bytes,
    isOfMoment: false,
    applies:
      bytes >= SMALLEST_BYTES / 2 && bytes >= total * (bytes < LITTLE_BYTES ? LITTLE_HELD_SHARE : HELD_SHARE),
    culprits: () => pins.map((pin) => culpritOf(examination, pin.stack, pin.heldBytes + pin.sharedBytes)),
  };
}

function cLibraryRetention({ waterfall, examination }: Findings, total: number): Candidate {
  const bytes = bytesOf(waterfall, "c-library-free");
  return {
    kind: "retention-in-c-library",
    bytes,
    isOfMoment: false,
    applies: bytes >= Math.max(SMALLEST_BYTES, total * HELD_SHARE),
    culprits: () => {
      const freed = freedOutside(examination);
      const lines = freed.length > 0 ? freed : liveOutside(examination);
      return lines.map((line) => culpritOf(examination, line.stack, line.outside));
    },
  };
}

function native({ waterfall, examination }: Findings, total: number): Candidate {
  const { trace, moment } = examination;
  const mappings = residentMappings(trace, waterfall.measuredAt ?? moment.event);
  const mappedFiles = mappings.reduce((sum, { mapping, bytes }) => sum + (mapping.isFile ? bytes : 0), 0);
  const files = bytesOf(waterfall, "files");
  const own = Math.min(files, mappedFiles);
  const others = bytesOf(waterfall, "c-library-used", "native-mappings", "library-data");
  const beyond =
    Math.max(0, files - own - ORDINARY_FILES_BYTES) + Math.max(0, others - ORDINARY_NATIVE_BYTES);
  const bytes = own + beyond;
  return {
    kind: "native-or-file-backed",
    bytes,
    isOfMoment: false,
    applies: bytes >= Math.max(SMALLEST_BYTES, total * NATIVE_SHARE),
    culprits: () =>
      mappings.map(({ mapping, bytes: resident }) => culpritOf(examination, mapping.stack, resident)),
  };
}

/** Nothing held back: then either most of it came with the interpreter and the imports, or the program uses it. */
function interpreter({ examination, growth }: Findings, total: number): Candidate {
  const { now, trace } = examination;
  const isImport = importStacks(trace.tables);
  let live = 0;
  let imported = 0;
  for (let stack = 0; stack < now.inPools.length; stack++) {
    const bytes = now.inPools[stack]! + now.outside[stack]!;
    if (bytes === 0) continue;
    live += bytes;
    if (stack === 0 || isImport[stack] === 1) imported += bytes;
  }
  const isInterpreter = total >= LARGE_INTERPRETER_BYTES && imported > live * IMPORT_SHARE;
  return {
    kind: isInterpreter ? "interpreter-overhead" : "nothing-wrong",
    bytes: isInterpreter ? imported : 0,
    isOfMoment: true,
    applies: true,
    culprits: () => (isInterpreter || growth.pattern !== "one-go" ? [] : grownLines(examination, growth)),
  };
}

/** The lines that made what grew. */
const grownLines = (examination: Examination, growth: Growth): Culprit[] =>
  byOwnLine(growth.lines.map((line) => culpritOf(examination, line.stack, bytesOfLine(line))));

const bytesOfLine = ({ inPools, outside }: LineBytes) => inPools + outside;

/** Lines that the same line of the program's own called are one: there it can be changed. */
function byOwnLine(culprits: readonly Culprit[]): Culprit[] {
  const lines = new Map<Frame | undefined, Culprit>();
  for (const one of culprits) {
    const own = one.calledFrom ?? one.frame;
    const before = lines.get(own);
    lines.set(own, before === undefined ? one : { ...before, bytes: before.bytes + one.bytes });
  }
  return [...lines.values()];
}

/** The heaviest, and those beside it that weigh something. */
function heaviest(culprits: readonly Culprit[]): Culprit[] {
  const sorted = [...culprits].sort((a, b) => b.bytes - a.bytes).slice(0, CULPRITS);
  const least = (sorted[0]?.bytes ?? 0) * CULPRIT_SHARE;
  return sorted.filter((one) => one.bytes > 0 && one.bytes >= least);
}

function culpritOf({ stacks }: Examination, stack: number, bytes: number): Culprit {
  const frame = stacks.innermost(stack);
  const own = userFrame(stacks, stack);
  return { frame, calledFrom: own === frame ? undefined : own, stack, bytes };
}

/** A mapping as a person would say it. */
export function mappingText({ isFile, isShared }: NativeMapping): string {
  if (isFile) return "a mapped file";
  return isShared ? "a shared mapping" : "an anonymous mapping";
}
