// A trace made of a memray capture: its operations with their addresses, arenas as the addresses tell them, stacks, the resident set, and
// two markers: the peak, and the last allocation of the program's own.

import type { Profile } from "@obmalloc/abi";
import {
  type ByteSink,
  type Deflate,
  Domain,
  LineTableKind,
  MarkKind,
  Op,
  OutsideBlocks,
  TraceWriter,
} from "@obmalloc/trace";
import { OperationKind, operationKinds, type PassFindings, passOver } from "./capture-pass.ts";
import { fitsGrid, PageSurvey } from "./derived-arenas.ts";
import { type Capture, CaptureError } from "./memray-capture.ts";

export interface DerivedTrace {
  readonly events: number;
  readonly arenas: number;
  /** Blocks that were freed, but made before the capture began. */
  readonly strangers: number;
  /** Whether the capture saw the blocks of pymalloc. */
  readonly hasPools: boolean;
}

const PAGE_BYTES = 4096;
/** Smaller mappings are not worth a note; the recorder has the same limit. */
const MAPPING_MIN_BYTES = 65_536;
const NS_PER_MS = 1e6;
/** With fewer small blocks where pymalloc puts them, the version is not the capture's. Those of the raw domain lie anywhere. */
const FITTING_SHARE_MIN = 0.6;

interface DerivedArena {
  readonly base: number;
  /** Its id in the trace while it is mapped. */
  id: number;
  live: number;
  /** It holds blocks from before the capture, as far as can be seen: nobody knows when it is empty. */
  readonly isShared: boolean;
}

/** @throws {CaptureError} when the addresses are none of this version's pools. */
export function writeDerivedTrace(
  capture: Capture,
  profile: Profile,
  sink: ByteSink,
  deflate: Deflate,
): DerivedTrace {
  return new TraceMaker(capture, profile, sink, deflate).run();
}

class TraceMaker {
  private readonly capture: Capture;
  private readonly profile: Profile;
  private readonly writer: TraceWriter;
  private readonly kinds: readonly OperationKind[];
  /** By memray's number of the allocator. */
  private readonly isPython: boolean[] = [];
  /** A forked child says "unknown", since memray's own hooks are in place when it is asked. Debug hooks shift sizes and addresses. */
  private readonly isPymalloc: boolean;
  private readonly hasPools: boolean;
  private readonly pass: PassFindings;
  private readonly arenaOfPage = new Map<number, DerivedArena>();
  /** In pools and outside. */
  private readonly live = new OutsideBlocks();
  private readonly classOfPage = new Map<number, { szidx: number; live: Set<number> }>();
  private readonly mappings = new Map<number, number>();
  private readonly stackIds: number[] = [0];
  private readonly arenasUsed = new Set<DerivedArena>();

  constructor(capture: Capture, profile: Profile, sink: ByteSink, deflate: Deflate) {
    this.capture = capture;
    this.profile = profile;
    this.kinds = operationKinds(capture);
    for (const [number, name] of Object.entries(capture.facts.allocators))
      this.isPython[Number(number)] = name.startsWith("PYMALLOC");
    const { pythonAllocator } = capture.facts;
    this.isPymalloc = pythonAllocator === "pymalloc" || pythonAllocator === "unknown";
    this.hasPools = this.isPymalloc && this.sawPython();
    this.pass = passOver(capture);
    this.writer = new TraceWriter(sink, this.info(), { deflate });
    if (this.hasPools) this.findArenas();
  }

  run(): DerivedTrace {
    const { capture, writer, pass, kinds } = this;
    const { count, allocators, threads } = capture.operations;
    const contexts = capture.threads.map((threadId) => writer.tables.context({ threadId, heap: 0 }));
    this.defineStacks();
    const notes = this.notes();
    let nextNote = 0;
    let thread = -1;
    for (let i = 0; i <= count; i++) {
      while (notes[nextNote] !== undefined && notes[nextNote]!.operation <= i) notes[nextNote++]!.write();
      if (i === count) break;
      if (threads[i] !== thread) {
        thread = threads[i]!;
        writer.context(contexts[thread]!);
      }
      const kind = kinds[allocators[i]!] ?? OperationKind.allocate;
      if (kind === OperationKind.allocate) this.allocate(i);
      else if (kind === OperationKind.free) this.free(capture.operations.addresses[i]!);
      else if (kind === OperationKind.map) this.map(i);
      else this.unmap(capture.operations.addresses[i]!);
    }
    const elapsedNs = Math.max(0, (capture.facts.endedAtUnixMs - capture.facts.startedAtUnixMs) * NS_PER_MS);
    const detail = capture.problem ?? (capture.facts.isCut ? "the capture lacks its end" : "");
    writer.finish({ reason: "exit", detail, shutdown: false, elapsedNs });
    const { event } = writer;
    return {
      events: event,
      arenas: this.arenasUsed.size,
      strangers: pass.strangers.size,
      hasPools: this.hasPools,
    };
  }

  /** Whether there are operations of pymalloc: captures of forked children have them, and say that they have not. */
  private sawPython(): boolean {
    const { allocators, count } = this.capture.operations;
    for (let i = 0; i < count; i++) if (this.isPython[allocators[i]!]) return true;
    return false;
  }

  private info() {
    const { facts, calls } = this.capture;
    const { version, pymalloc } = this.profile;
    return {
      implementation: "CPython",
      version,
      versionText: `${version}, as memray ${facts.memray} saw it`,
      build: null,
      compiler: null,
      platform: null,
      executable: "",
      commandLine: facts.commandLine.split(" "),
      pid: facts.pid,
      model: "lp64" as const,
      pageSizeBytes: PAGE_BYTES,
      pageShift: Math.log2(pymalloc.poolBytes),
      startedAtUnixMs: facts.startedAtUnixMs,
      pythonmalloc: null,
      allocator: this.hasPools
        ? "pymalloc"
        : this.isPymalloc
          ? "pymalloc, not captured"
          : facts.pythonAllocator,
      stacks: calls.length > 1 ? ("full" as const) : ("none" as const),
      stacksNote: calls.length > 1 ? null : "the capture has no stacks",
      derivedFrom: `memray ${facts.memray}`,
    };
  }

  private defineStacks(): void {
    const { tables } = this.writer;
    const codes = new Map<string, number>();
    for (const [id, { caller, line, function: name, file }] of this.capture.calls.entries()) {
      if (id === 0) continue;
      const key = `${file}\0${name}\0${line}`;
      let code = codes.get(key);
      if (code === undefined) {
        const lineTableKind = LineTableKind.none;
        code = tables.code({ file, name, firstLine: line, lineTableKind, lineTable: new Uint8Array(0) });
        codes.set(key, code);
      }
      this.stackIds[id] = tables.stack(this.stackIds[caller]!, code, 0);
    }
  }

  private findArenas(): void {
    const { operations } = this.capture;
    const survey = new PageSurvey(this.profile);
    const { smallRequestThreshold, poolBytes, arenaBytes } = this.profile.pymalloc;
    for (let i = 0; i < operations.count; i++) {
      if (this.kinds[operations.allocators[i]!] !== OperationKind.allocate) continue;
      const address = operations.addresses[i]!;
      const bytes = operations.sizes[i]!;
      if (this.isPython[operations.allocators[i]!] && bytes > 0 && bytes <= smallRequestThreshold)
        survey.smallBlock(address, bytes);
      else survey.other(address, bytes);
    }
    if (survey.fittingShare < FITTING_SHARE_MIN)
      throw new CaptureError(`The addresses are not those of CPython ${this.profile.version}'s pools.`, {
        details: ["Say which version the capture is of: --python-version 3.9"],
      });
    const pagesOf = (base: number) => {
      const first = Math.ceil(base / poolBytes);
      return { first, end: Math.floor((base + arenaBytes) / poolBytes) };
    };
    const strange = new Set([...this.pass.strangers].map((address) => Math.floor(address / poolBytes)));
    for (const { base, isNew } of survey.arenas()) {
      const { first, end } = pagesOf(base);
      let isShared = !isNew;
      for (let page = first; page < end; page++) isShared ||= strange.has(page);
      const arena: DerivedArena = { base, id: 0, live: 0, isShared };
      for (let page = first; page < end; page++) this.arenaOfPage.set(page, arena);
    }
  }

  private pageOf(address: number): number {
    return Math.floor(address / this.profile.pymalloc.poolBytes);
  }

  private allocate(i: number): void {
    const { operations } = this.capture;
    const address = operations.addresses[i]!;
    const sizeBytes = operations.sizes[i]!;
    const stack = this.stackIds[operations.stacks[i]!]!;
    if (address === 0) return;
    if (this.live.has(address)) this.free(address); // its end was missed
    const isPython = this.isPython[operations.allocators[i]!]!;
    const isSmall = isPython && sizeBytes > 0 && sizeBytes <= this.profile.pymalloc.smallRequestThreshold;
    const page = this.pageOf(address);
    const arena =
      isSmall && fitsGrid(this.profile, address, sizeBytes) ? this.arenaOfPage.get(page) : undefined;
    this.live.set(address, sizeBytes, Domain.raw, stack);
    if (arena === undefined) {
      const domain = isPython && this.hasPools && !isSmall ? Domain.obj : Domain.raw;
      this.writer.add({ op: Op.malloc, domain, address, old: 0, sizeBytes, stack });
      return;
    }
    this.enterPool(page, address, sizeBytes);
    if (arena.id === 0) this.mapArena(arena);
    arena.live++;
    this.writer.add({ op: Op.malloc, domain: Domain.obj, address, old: 0, sizeBytes, stack });
  }

  /** A pool has one size class at a time: what another one left there was freed, and that was missed. */
  private enterPool(page: number, address: number, sizeBytes: number): void {
    const szidx = Math.ceil(sizeBytes / this.profile.pymalloc.alignmentBytes) - 1;
    const pool = this.classOfPage.get(page);
    if (pool === undefined) this.classOfPage.set(page, { szidx, live: new Set([address]) });
    else {
      if (pool.szidx !== szidx) for (const stale of [...pool.live]) this.free(stale);
      pool.szidx = szidx;
      pool.live.add(address);
    }
  }

  private free(address: number): void {
    if (!this.live.delete(address)) return; // from before the capture
    const page = this.pageOf(address);
    const pool = this.classOfPage.get(page);
    const isInPool = pool?.live.delete(address) === true;
    const domain = isInPool ? Domain.obj : Domain.raw;
    this.writer.add({ op: Op.free, domain, address, old: 0, sizeBytes: 0, stack: 0 });
    if (!isInPool) return;
    const arena = this.arenaOfPage.get(page)!;
    if (--arena.live > 0 || arena.isShared) return;
    this.writer.arenaUnmapped(arena.id);
    arena.id = 0;
  }

  private mapArena(arena: DerivedArena): void {
    const { writer } = this;
    const sizeBytes = this.profile.pymalloc.arenaBytes;
    arena.id = writer.tables.arena({ base: arena.base, sizeBytes, mappedAt: writer.event });
    writer.arenaMapped(arena.id);
    this.arenasUsed.add(arena);
  }

  /** Mappings of the program's own are notes; where pymalloc's blocks are not captured, its arenas count as blocks. */
  private map(i: number): void {
    const { operations } = this.capture;
    const address = operations.addresses[i]!;
    const sizeBytes = operations.sizes[i]!;
    const isArena = sizeBytes === this.profile.pymalloc.arenaBytes && this.isPymalloc;
    if (isArena) this.allocate(i);
    else if (sizeBytes >= MAPPING_MIN_BYTES) {
      const stack = this.stackIds[operations.stacks[i]!]!;
      const { tables, event } = this.writer;
      this.mappings.set(
        address,
        tables.mapping({ event, isFile: false, isShared: false, stack, base: address, sizeBytes }),
      );
    }
  }

  private unmap(address: number): void {
    const mapping = this.mappings.get(address);
    if (mapping === undefined) this.free(address);
    else {
      this.mappings.delete(address);
      this.writer.tables.mappingGone(mapping, this.writer.event);
    }
  }

  /** Samples and markers, by the operation that they come before. */
  private notes(): { readonly operation: number; readonly write: () => void }[] {
    const { capture, pass, writer } = this;
    const { startedAtUnixMs } = capture.facts;
    const elapsedNs = (unixMs: number) => Math.max(0, (unixMs - startedAtUnixMs) * NS_PER_MS);
    const samples = pass.samples.map(({ operation, sample: { unixMs, rssBytes } }) => ({
      operation,
      write: () =>
        writer.tables.sample({
          event: writer.event,
          elapsedNs: elapsedNs(unixMs),
          rssPages: Math.round(rssBytes / PAGE_BYTES),
          sizePages: 0,
          sharedPages: 0,
        }),
    }));
    const mark = (operation: number, label: string) => {
      const last = pass.samples.findLast((one) => one.operation <= operation) ?? pass.samples[0];
      const rssPages = Math.round((last?.sample.rssBytes ?? 0) / PAGE_BYTES);
      const at = elapsedNs(last?.sample.unixMs ?? startedAtUnixMs);
      const kind = MarkKind.user;
      const write = () =>
        writer.tables.mark({ event: writer.event, kind, label, elapsedNs: at, rssPages, evidence: "" });
      return { operation, write };
    };
    const marks = [
      mark(pass.peak, "peak"),
      mark(Math.max(pass.peak, pass.lastAllocation), "last allocation"),
    ];
    return [...samples, ...marks].sort((a, b) => a.operation - b.operation);
  }
}
