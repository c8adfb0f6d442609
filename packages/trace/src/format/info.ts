// What a trace says of the interpreter it was recorded from, and how the recording ended.

import { TraceDamagedError } from "../errors.ts";

/** Which frames of the Python stack each event keeps. */
export type StackMode = "none" | "innermost" | "full";

/** The INFO chunk. Sizes are bytes, times Unix milliseconds. */
export interface TraceInfo {
  readonly implementation: string;
  /** Such as `3.11.7`. */
  readonly version: string;
  readonly versionText: string;
  readonly build: string | null;
  readonly compiler: string | null;
  readonly platform: string | null;
  readonly model: "lp64" | "ilp32";
  readonly executable: string;
  readonly commandLine: readonly string[];
  readonly pid: number;
  readonly pageSizeBytes: number;
  /** log2 of the page that short events name: 12 up to CPython 3.9, 14 from 3.10. */
  readonly pageShift: number;
  readonly startedAtUnixMs: number;
  /** The environment variable PYTHONMALLOC of the program. */
  readonly pythonmalloc: string | null;
  /** The allocator behind the object domain: `pymalloc`, `malloc`, `pymalloc_debug`, ... */
  readonly allocator: string;
  readonly stacks: StackMode;
  /** Why there are no stacks although they were wanted. */
  readonly stacksNote: string | null;
  /**
   * The tool whose capture this was made of, such as `memray 1.20.0`: where blocks lay is known, but the recording does not begin with the
   * process, so that it is not replayed and nothing is compared. Absent in recordings of our own.
   */
  readonly derivedFrom?: string;
}

/** The END chunk. */
export interface TraceEnd {
  /** `exit`, `_exit`, `disk-full`, `write-failed`. */
  readonly reason: string;
  readonly detail: string;
  readonly events: number;
  /** Whether the interpreter began to shut down. */
  readonly shutdown: boolean;
  readonly elapsedNs: number;
}

type Shape = Readonly<Record<string, "string" | "number" | "boolean" | "string?" | "strings">>;

const INFO_SHAPE: Shape = {
  implementation: "string",
  version: "string",
  versionText: "string",
  build: "string?",
  compiler: "string?",
  platform: "string?",
  model: "string",
  executable: "string",
  commandLine: "strings",
  pid: "number",
  pageSizeBytes: "number",
  pageShift: "number",
  startedAtUnixMs: "number",
  pythonmalloc: "string?",
  allocator: "string",
  stacks: "string",
  stacksNote: "string?",
};

const END_SHAPE: Shape = {
  reason: "string",
  detail: "string",
  events: "number",
  shutdown: "boolean",
  elapsedNs: "number",
};

/** @throws {TraceDamagedError} when it is not JSON of this shape. */
export function parseInfo(payload: Uint8Array, fileOffset: number): TraceInfo {
  const info = parse(payload, fileOffset, INFO_SHAPE) as unknown as TraceInfo;
  const pages = info.pageShift === 12 || info.pageShift === 14;
  const model = info.model === "lp64" || info.model === "ilp32";
  const stacks = info.stacks === "none" || info.stacks === "innermost" || info.stacks === "full";
  const derived = info.derivedFrom === undefined || typeof info.derivedFrom === "string";
  if (!pages || !model || !stacks || !derived) {
    throw new TraceDamagedError("Damaged trace: its info has a value that cannot be.", fileOffset);
  }
  return info;
}

/** @throws {TraceDamagedError} when it is not JSON of this shape. */
export function parseEnd(payload: Uint8Array, fileOffset: number): TraceEnd {
  return parse(payload, fileOffset, END_SHAPE) as unknown as TraceEnd;
}

function parse(payload: Uint8Array, fileOffset: number, shape: Shape): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(payload));
  } catch (cause) {
    throw new TraceDamagedError("Damaged trace: its info is not JSON.", fileOffset, { cause });
  }
  if (typeof value !== "object" || value === null) {
    throw new TraceDamagedError("Damaged trace: its info is no object.", fileOffset);
  }
  const record = value as Record<string, unknown>;
  for (const [key, kind] of Object.entries(shape)) {
    if (!fits(record[key], kind)) {
      throw new TraceDamagedError(`Damaged trace: its info has no valid "${key}".`, fileOffset);
    }
  }
  return record;
}

function fits(value: unknown, kind: Shape[string]): boolean {
  if (kind === "strings") return Array.isArray(value) && value.every((item) => typeof item === "string");
  if (kind === "string?") return value === null || typeof value === "string";
  return typeof value === kind;
}
