// A JavaScript program that records itself: the domains it allocates from write a trace, as the recorder's hooks do in a
// real interpreter, and `obmalloc` replays and explains it.

import {
  type DomainName,
  type Domains,
  domainNames,
  type FrameProvider,
  type PyMemAllocatorEx,
} from "@obmalloc/domains";
import { type ArenaAllocator, formatDebugMallocStats } from "@obmalloc/pymalloc";
import { TraceQuestionError } from "../errors.ts";
import { Domain, Op } from "../format/constants.ts";
import type { TraceInfo } from "../format/info.ts";
import { MarkKind } from "../format/tables.ts";
import { type ByteSink, TraceWriter, type WriterOptions } from "../format/writer.ts";
import { StackIds } from "./js-stacks.ts";

/** What a recording from JavaScript keeps. */
export interface RecordDomainsOptions extends WriterOptions {
  /** Knows the stacks, such as `javaScriptFrames()`. @defaultValue none are kept */
  readonly frames?: FrameProvider;
  /** Frames to keep of a stack. @defaultValue 64 */
  readonly maxFrames?: number;
  /** A clock in milliseconds since 1970, for the times of marks: `Date.now`. @defaultValue all times are 0 */
  readonly now?: () => number;
  /** What the trace shall say of the program. */
  readonly info?: Partial<Pick<TraceInfo, "executable" | "commandLine" | "pid" | "versionText" | "platform">>;
}

const DEFAULT_MAX_FRAMES = 64;
const NS_PER_MS = 1e6;

/** A recording that goes on. */
export class DomainsRecording {
  private readonly memory: Domains;
  private readonly writer: TraceWriter;
  private readonly stacks: StackIds | undefined;
  private readonly arenaAllocator: ArenaAllocator;
  private readonly arenaIds = new Map<number, number>();
  private readonly arenasGone: number[] = [];
  private readonly unwraps: (() => void)[];
  private readonly now: () => number;
  private readonly startedAtMs: number;
  /** The call of mem or obj that is under way, and the block that it resizes or frees. */
  private outer: { readonly op: Op; readonly old: number } | undefined;

  constructor(memory: Domains, sink: ByteSink, options: RecordDomainsOptions) {
    this.memory = memory;
    this.now = options.now ?? (() => 0);
    this.startedAtMs = this.now();
    this.writer = new TraceWriter(sink, infoOf(memory, options, this.startedAtMs), options);
    const { tables } = this.writer;
    this.writer.context(tables.context({ threadId: memory.gil.threadId, heap: 0 }));
    const { frames, maxFrames = DEFAULT_MAX_FRAMES } = options;
    this.stacks = frames === undefined ? undefined : new StackIds(tables, frames, maxFrames);
    this.arenaAllocator = memory.getArenaAllocator();
    memory.setArenaAllocator(this.arenas(this.arenaAllocator));
    this.unwraps = domainNames.map((domain) => memory.wrap(domain, (inner) => this.around(domain, inner)));
  }

  /** Events recorded so far. */
  get event(): number {
    return this.writer.event;
  }

  /** Sets a marker, to ask about this moment later. */
  mark(label: string): void {
    const { pymalloc, profile } = this.memory;
    const evidence =
      this.memory.allocatorName === "malloc" ? "" : formatDebugMallocStats(profile, pymalloc.collectStats());
    this.writer.tables.mark({
      event: this.writer.event,
      kind: MarkKind.user,
      label,
      elapsedNs: this.elapsedNs,
      rssPages: 0,
      evidence,
    });
  }

  /** Ends the trace, and puts the allocators back. */
  finish(): void {
    for (const unwrap of this.unwraps.toReversed()) unwrap();
    this.memory.setArenaAllocator(this.arenaAllocator);
    this.writer.finish({ reason: "exit", detail: "", shutdown: false, elapsedNs: this.elapsedNs });
  }

  private get elapsedNs(): number {
    return Math.max(0, Math.round((this.now() - this.startedAtMs) * NS_PER_MS));
  }

  private around(domain: DomainName, inner: PyMemAllocatorEx): PyMemAllocatorEx<DomainsRecording> {
    const call = <T>(recording: DomainsRecording, op: Op, old: number, action: () => T): T =>
      recording.during(domain, op, old, action);
    return {
      name: `recording around ${inner.name ?? "an allocator"}`,
      ctx: this,
      malloc(recording, size) {
        const p = call(recording, Op.malloc, 0, () => inner.malloc(inner.ctx, size));
        recording.note(domain, Op.malloc, p, 0, size);
        return p;
      },
      calloc(recording, nelem, elsize) {
        const p = call(recording, Op.calloc, 0, () => inner.calloc(inner.ctx, nelem, elsize));
        recording.note(domain, Op.calloc, p, 0, nelem * elsize);
        return p;
      },
      realloc(recording, ptr, newSize) {
        const p = call(recording, Op.realloc, ptr, () => inner.realloc(inner.ctx, ptr, newSize));
        recording.note(domain, Op.realloc, p, ptr, newSize);
        return p;
      },
      free(recording, ptr) {
        call(recording, Op.free, ptr, () => inner.free(inner.ctx, ptr));
        if (ptr !== 0) recording.note(domain, Op.free, ptr, 0, 0);
      },
    };
  }

  /** Runs a call of a domain; those of mem and obj are remembered meanwhile, for what they ask of the raw domain. */
  private during<T>(domain: DomainName, op: Op, old: number, action: () => T): T {
    if (domain === "raw" || this.outer !== undefined) return action();
    this.outer = { op, old };
    try {
      return action();
    } finally {
      this.outer = undefined;
    }
  }

  /** Writes a call down, unless it is one that pymalloc passed on, which its own event stands for. */
  private note(domain: DomainName, op: Op, address: number, old: number, sizeBytes: number): void {
    if (this.outer !== undefined && !(domain === "raw" && this.isOfPymalloc(op, old))) return;
    const stack = this.stacks?.present() ?? 0;
    this.writer.add({ op, domain: Domain[domain], address, old, sizeBytes, stack });
    if (this.outer !== undefined) return;
    for (const id of this.arenasGone.splice(0)) this.writer.arenaUnmapped(id);
  }

  /** Whether a raw call inside another one is pymalloc's own: its table of arenas grows, its radix tree gets a node. */
  private isOfPymalloc(op: Op, old: number): boolean {
    if (op === Op.realloc) return old !== this.outer!.old || old === 0;
    return op === Op.calloc && this.outer!.op !== Op.calloc;
  }

  private arenas(inner: ArenaAllocator): ArenaAllocator<DomainsRecording> {
    return {
      ctx: this,
      alloc(recording, sizeBytes) {
        const base = inner.alloc(inner.ctx, sizeBytes);
        if (base === 0) return 0;
        const { writer } = recording;
        const id = writer.tables.arena({ base, sizeBytes, mappedAt: writer.event });
        recording.arenaIds.set(base, id);
        writer.arenaMapped(id);
        return base;
      },
      free(recording, base, sizeBytes) {
        inner.free(inner.ctx, base, sizeBytes);
        const id = recording.arenaIds.get(base);
        if (id !== undefined) recording.arenasGone.push(id);
      },
    };
  }
}

/**
 * Records what goes through the domains of `memory` from now on, until `finish()`.
 *
 * Other hooks may be put around these and must be taken off before `finish()`; debug hooks belong underneath the program's
 * own sizes and are refused.
 * @param sink takes the bytes of the trace, piece by piece.
 * @throws {TraceQuestionError} when memory is in use already, so that a replay could not begin where the recording begins;
 * when the debug hooks are set up; or when the profile is a 32-bit one, whose blocks the format has no names for.
 */
export function recordDomains(
  memory: Domains,
  sink: ByteSink,
  options: RecordDomainsOptions = {},
): DomainsRecording {
  const refuse = (what: string, advice: string) => new TraceQuestionError(what, { details: [advice] });
  if (memory.profile.model.name !== "lp64") {
    throw refuse(
      "Domains of 32 bits cannot be recorded.",
      "The trace format names blocks by multiples of 16 bytes.",
    );
  }
  if (memory.pymalloc.arenasAllocatedTotal > 0 || memory.getAllocatedBlocks() > 0) {
    throw refuse("These domains have been allocated from already.", "Record them from their first block on.");
  }
  if (memory.allocatorName !== "pymalloc" && memory.allocatorName !== "malloc") {
    throw refuse(
      `These domains have other allocators than their own: ${memory.getAllocator("mem").name}.`,
      "Start to record before hooks are put around them.",
    );
  }
  return new DomainsRecording(memory, sink, options);
}

function infoOf(memory: Domains, { info, frames }: RecordDomainsOptions, startedAtUnixMs: number): TraceInfo {
  const { version, model, pymalloc } = memory.profile;
  return {
    implementation: "obmalloc",
    version,
    versionText: `@obmalloc/domains as CPython ${version}`,
    build: null,
    compiler: null,
    platform: null,
    executable: "",
    commandLine: [],
    pid: 0,
    ...info,
    model: model.name,
    pageSizeBytes: 4096,
    pageShift: Math.log2(pymalloc.poolBytes),
    startedAtUnixMs,
    pythonmalloc: null,
    allocator: memory.allocatorName ?? "unknown",
    stacks: frames === undefined ? "none" : "full",
    stacksNote: frames === undefined ? "The program was recorded without a provider of frames." : null,
  };
}
