// Replaying a trace: the recorded operations drive the engine, and each address it gives is compared with the one that
// the process was given. The arenas' bases are inputs; everything else has to come out.

import { type BlockAddress, ilp32, lp64, type Profile, profileFor } from "@obmalloc/abi";
import { formatDebugMallocStats, type PyMalloc } from "@obmalloc/pymalloc";
import { LinearMemory, PageMapper } from "@obmalloc/raw-heap";
import { TraceError, TraceQuestionError } from "../errors.ts";
import { CHUNK_HEADER_BYTES, Domain, Op, SHORT_SIZE_MAX } from "../format/constants.ts";
import { Entry, EventBatch } from "../format/event-batch.ts";
import { EventDecoder } from "../format/event-decoder.ts";
import type { TraceReader } from "../format/reader.ts";
import type { Mark } from "../format/tables.ts";
import { Heap } from "./heap.ts";
import { LiveBlocks } from "./live-blocks.ts";
import type { Mismatch } from "./mismatch.ts";
import { OutsideBlocks } from "./outside-blocks.ts";
import { RecordedArenas } from "./recorded-arenas.ts";

export interface ReplayOptions {
  /** Keep the stack of each live block. @defaultValue true */
  readonly stacks?: boolean;
  /** Called now and then with the number of events replayed. */
  readonly onProgress?: (events: number) => void;
}

/** What the process itself said of pymalloc at a marker, against what the replay says. */
export interface EvidenceCheck {
  readonly mark: Mark;
  readonly expected: string;
  readonly replayed: string;
  readonly equal: boolean;
}

const OPERATIONS = ["malloc", "calloc", "realloc", "free"];
const PROGRESS_EVENTS = 1 << 17;

/**
 * The recorded process at one moment, moved forward with {@link runTo}.
 *
 * Memory follows the live heap, not the length of the trace. The replay stops for good at the first
 * {@link mismatch}, and at {@link damage} of the trace.
 */
export class Replay {
  readonly trace: TraceReader;
  readonly profile: Profile;
  /** Whether the recorded allocator has pools to replay. */
  readonly hasPools: boolean;
  readonly memory: LinearMemory;
  readonly arenas: RecordedArenas;
  readonly live: LiveBlocks;
  readonly outside = new OutsideBlocks();

  /** Events replayed so far; the next one has this number. */
  event = 0;
  /** Addresses that were compared. */
  compared = 0;
  /** Frees of raw blocks whose allocation was not seen. */
  unknownFrees = 0;
  mismatch: Mismatch | undefined;
  damage: TraceError | undefined;
  readonly evidence: EvidenceCheck[] = [];

  private readonly heaps: (Heap | undefined)[] = [];
  private readonly mapper: PageMapper;
  private readonly decoder: EventDecoder;
  private readonly batch = new EventBatch();
  private readonly onProgress: ((events: number) => void) | undefined;
  private current: Heap;
  private engine: PyMalloc;
  private context = 0;
  private nextChunk = 0;
  private nextMark = 0;
  private nextProgress = PROGRESS_EVENTS;

  /** @throws {TraceQuestionError} when the trace comes from a version or data model that is not known. */
  constructor(trace: TraceReader, options: ReplayOptions = {}) {
    this.trace = trace;
    this.profile = knownProfile(trace);
    this.hasPools = trace.info.allocator === "pymalloc" || trace.info.allocator === "pymalloc_debug";
    this.onProgress = options.onProgress;
    this.memory = new LinearMemory();
    this.mapper = PageMapper.create(this.memory);
    this.arenas = new RecordedArenas(this.mapper, this.profile.pymalloc);
    this.live = new LiveBlocks(options.stacks ?? true);
    this.decoder = new EventDecoder(trace.tables, this.arenas, trace.info.pageShift);
    this.current = this.heap(0);
    this.engine = this.current.engine;
    this.live.ensure(this.memory.byteLength);
  }

  /** The pymalloc state of the interpreter `index`; 0 is the main one's. */
  heap(index: number): Heap {
    let heap = this.heaps[index];
    if (heap === undefined) {
      heap = new Heap(this.memory, this.mapper, this.profile, this.arenas);
      this.heaps[index] = heap;
    }
    return heap;
  }

  /** The pymalloc states that the recording has used so far. */
  *allHeaps(): Generator<{ readonly index: number; readonly heap: Heap }> {
    for (const [index, heap] of this.heaps.entries()) if (heap !== undefined) yield { index, heap };
  }

  /** Whether nothing more can be replayed. */
  get stopped(): boolean {
    return this.mismatch !== undefined || this.damage !== undefined;
  }

  /** The thread that made the last event. */
  get threadId(): number {
    return this.trace.tables.contexts[this.context]!.threadId;
  }

  /** What `sys._debugmallocstats()` would print of pymalloc now, in the interpreter that ran last. */
  statsText(): string {
    return formatDebugMallocStats(this.profile, this.current.stats());
  }

  /** Replays up to and not including the event number `event`, or to the end. */
  runTo(event: number = Number.POSITIVE_INFINITY): this {
    while (!this.stopped && this.event <= event) {
      const mark = this.trace.tables.marks[this.nextMark];
      if (mark !== undefined && mark.event <= this.event) {
        this.nextMark++;
        this.checkEvidence(mark);
        continue;
      }
      if (this.event === event || !this.step(Math.min(event, mark?.event ?? Number.POSITIVE_INFINITY))) break;
    }
    return this;
  }

  /** Decodes and applies one batch; false at the end of the trace. */
  private step(until: number): boolean {
    if (this.decoder.atEnd && !this.startChunk()) return false;
    // An arena that is unmapped by the event that comes next: its addresses change their meaning right after it.
    const single = this.arenas.awaitsReturn;
    try {
      this.decoder.fill(this.batch, single ? 1 : until - this.event);
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      this.damage = error; // what came before it in the batch is sound
    }
    this.apply();
    if (single) this.decoder.refreshPages();
    if (this.event >= this.nextProgress) {
      this.nextProgress = this.event + PROGRESS_EVENTS;
      this.onProgress?.(this.event);
    }
    return true;
  }

  private startChunk(): boolean {
    const header = this.trace.eventChunks[this.nextChunk];
    if (header === undefined) {
      this.damage = this.trace.damage;
      return false;
    }
    try {
      this.decoder.start(this.trace.chunk(header).payload, header.fileOffset + CHUNK_HEADER_BYTES);
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      this.damage = error;
      return false;
    }
    this.nextChunk++;
    return true;
  }

  /** The hot loop: each event drives the engine, each address is compared. */
  private apply(): void {
    const { batch, live } = this;
    const { kind: kinds, domain: domains, address: addresses, size: requested, stack: stackIds } = batch;
    const { sizes, stacks } = live;
    const keepStacks = stacks.length > 0;
    const count = batch.count;
    let engine = this.engine;
    let compared = 0;
    let events = 0;
    for (let i = 0; i < count; i++) {
      const address = addresses[i]!;
      const kind = kinds[i]!;
      const unit = address >>> 4;
      if (kind === Entry.free) {
        if (sizes[unit] === 0) {
          this.disagree(i, events, 0, "the freed address is not a live block");
          break;
        }
        sizes[unit] = 0;
        engine.freeSmall(address as BlockAddress);
        events++;
      } else if (kind <= Entry.calloc || kind === Entry.reallocNew) {
        const size = requested[i]!;
        const block = engine.allocateSmall(size);
        compared++;
        if (block !== address) {
          this.disagree(i, events, block, "another address came out");
          break;
        }
        sizes[unit] = domains[i] === Domain.mem ? size | LiveBlocks.memFlag : size;
        if (keepStacks) stacks[unit] = stackIds[i]!;
        events++;
      } else if (kind === Entry.realloc || kind === Entry.reallocKept) {
        compared++;
        if (!this.reallocate(i, events)) break;
        events++;
      } else if (kind === Entry.wide) {
        if (!this.applyOutside(i, address, events)) break;
        events++;
      } else {
        if (!this.control(kind, address, events)) break;
        engine = this.engine;
      }
    }
    this.event += events;
    this.compared += compared;
  }

  private reallocate(i: number, before: number): boolean {
    const { batch, live, engine } = this;
    const kept = batch.kind[i] === Entry.reallocKept;
    const address = batch.address[i]!;
    const old = (kept ? address : batch.old[i]!) as BlockAddress;
    const sizeBytes = batch.size[i]!;
    if (live.sizes[old >>> 4] === 0) return this.disagree(i, before, 0, "the old address is not a live block");
    const keeps = engine.reallocKeeps(old, sizeBytes);
    if (keeps !== kept) {
      return this.disagree(i, before, keeps ? old : 0, kept ? "the block should have moved" : "the block should have stayed");
    }
    if (!kept) {
      const block = engine.allocateSmall(sizeBytes);
      if (block !== address) return this.disagree(i, before, block, "another address came out");
      live.sizes[old >>> 4] = 0;
      engine.freeSmall(old);
    }
    live.set(address, sizeBytes, batch.domain[i]!, batch.stack[i]!);
    return true;
  }

  /** An operation that did not end in an arena: the raw domain, over 512 bytes, NULL. */
  private applyOutside(i: number, w: number, before: number): boolean {
    const { batch } = this;
    const op = batch.wideOp[w]!;
    const address = batch.wideAddress[w]!;
    const sizeBytes = batch.wideSize[w]!;
    const domain = batch.domain[i]!;
    const counted = domain !== Domain.raw && this.hasPools;
    if (op === Op.free) {
      const inside = this.arenas.toLinear(address);
      if (inside !== 0 && this.live.sizeAt(inside) !== 0) return this.disagree(i, before, 0, "a block of a pool was freed outside of it");
      if (!this.outside.delete(address)) this.unknownFrees++;
      else if (counted) this.engine.countRawBlocks(-1);
      return true;
    }
    if (address === 0) return true; // refused: nothing has changed
    const old = op === Op.realloc ? batch.wideOld[w]! : 0;
    const oldInside = old === 0 ? 0 : this.arenas.toLinear(old);
    if (oldInside !== 0) {
      if (this.live.sizeAt(oldInside) === 0) return this.disagree(i, before, 0, "the old address is not a live block");
      this.live.sizes[oldInside >>> 4] = 0;
      this.engine.freeSmall(oldInside as BlockAddress);
    }
    const stays = old !== 0 && oldInside === 0; // with the raw domain, whatever its size
    if (counted && !stays && sizeBytes > 0 && sizeBytes <= SHORT_SIZE_MAX) {
      return this.disagree(i, before, 0, "a request that pools serve was served outside of them");
    }
    if (stays && !this.outside.delete(old)) this.unknownFrees++;
    this.outside.set(address, sizeBytes, domain, batch.stack[i]!);
    if (counted && !stays) this.engine.countRawBlocks(1);
    return true;
  }

  private control(kind: number, id: number, before: number): boolean {
    const { tables } = this.trace;
    if (kind === Entry.context) {
      this.context = id;
      this.current = this.heap(tables.contexts[id]!.heap);
      this.engine = this.current.engine;
      this.live.ensure(this.memory.byteLength);
      return true;
    }
    const mapping = tables.arenas[id]!;
    const wrong = kind === Entry.arenaMap ? this.arenas.map(id, mapping) : this.arenas.unmap(id);
    if (wrong !== undefined) {
      this.mismatch = {
        event: this.event + before,
        operation: kind === Entry.arenaMap ? "map an arena" : "unmap an arena",
        domain: Domain.raw,
        sizeBytes: mapping.sizeBytes,
        recorded: mapping.base,
        replayed: 0,
        reason: wrong,
        stack: 0,
        pool: undefined,
      };
      return false;
    }
    if (kind === Entry.arenaMap) this.current.arenaMap.add(mapping.base);
    this.live.ensure(this.memory.byteLength);
    this.decoder.refreshPages();
    return true;
  }

  /** Notes the first mismatch. @returns false, for its callers to pass on */
  private disagree(i: number, before: number, replayed: number, reason: string): false {
    const { batch } = this;
    const kind = batch.kind[i]!;
    const wide = kind === Entry.wide;
    const linear = wide ? 0 : batch.address[i]!;
    const op = wide ? batch.wideOp[linear === 0 ? batch.address[i]! : 0]! : kind > Entry.free ? Op.realloc : kind;
    const recorded = wide ? batch.wideAddress[batch.address[i]!]! : this.arenas.toRecorded(linear);
    this.mismatch = {
      event: this.event + before,
      operation: OPERATIONS[op]!,
      domain: batch.domain[i] as Domain,
      sizeBytes: op === Op.free ? 0 : wide ? batch.wideSize[batch.address[i]!]! : batch.size[i]!,
      recorded,
      replayed: this.arenas.toRecorded(replayed),
      reason: replayed === 0 && reason === "another address came out" ? "the replay needed another arena" : reason,
      stack: batch.stack[i]!,
      pool: wide ? undefined : this.poolAt(replayed === 0 ? linear : replayed),
    };
    return false;
  }

  private poolAt(linear: number): Mismatch["pool"] {
    const { poolBytes } = this.profile.pymalloc;
    const arena = this.arenas.arenaAt(linear);
    if (arena === undefined) return undefined;
    const address = linear - (linear % poolBytes);
    for (const snapshot of this.engine.inspect().arenas) {
      const pool = snapshot.pools.find((one) => one.address === address);
      if (pool === undefined) continue;
      return {
        address: this.arenas.toRecorded(address),
        arena: arena.base,
        szidx: pool.szidx ?? -1,
        blockBytes: pool.blockBytes,
        count: pool.count,
        capacity: pool.capacity,
      };
    }
    return undefined;
  }

  private checkEvidence(mark: Mark): void {
    if (mark.evidence === "" || !this.hasPools) return;
    const calls = /# times object malloc called *= *([\d,]+)/.exec(mark.evidence)?.[1];
    // The debug hooks' own counter of calls (3.7) is no state of pymalloc: it is taken over.
    const stats = this.current.stats(calls === undefined ? undefined : Number(calls.replaceAll(",", "")));
    const replayed = formatDebugMallocStats(this.profile, stats);
    this.evidence.push({ mark, expected: mark.evidence, replayed, equal: replayed === mark.evidence });
  }
}

function knownProfile(trace: TraceReader): Profile {
  const { version, model } = trace.info;
  try {
    return profileFor(version, model === "lp64" ? lp64 : ilp32);
  } catch (cause) {
    throw new TraceQuestionError(`This trace was recorded with CPython ${version}, which cannot be replayed.`, { cause });
  }
}
