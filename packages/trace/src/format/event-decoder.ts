// From the bytes of an EVENTS chunk to a batch of entries. FORMAT.md, "Events", describes the encoding; the other
// direction is event-encoder.ts, and packages/recorder/native/events.h in C.

import { TraceDamagedError } from "../errors.ts";
import { ByteReader } from "./byte-reader.ts";
import {
  Domain,
  Escape,
  EventKind,
  MAX_SLOTS,
  Op,
  REF_BITS,
  REF_UNIT_SHIFT,
  SUCCESSOR_SLOTS,
} from "./constants.ts";
import { Entry, type EventBatch } from "./event-batch.ts";
import type { Tables } from "./tables.ts";

/** Gives recorded addresses a place in 32 bits. */
export interface AddressSpace {
  /**
   * The linear address of the page that begins at `pageBase`, or 0 when it lies in no arena. Asked when a page is
   * first named, and again for every named page after an arena was mapped or unmapped.
   */
  linearPage(pageBase: number): number;
}

/** An address space without arenas: every event comes out wide, with the address as it was recorded. */
export const NO_ARENAS: AddressSpace = { linearPage: () => 0 };

/** Bytes after the payload that the hot loop may look at without using them. */
const SLACK_BYTES = 8;

/** From an event's kind to the batch's: obj and mem in turn. */
const SHORT_KINDS = Uint8Array.of(
  Entry.free, Entry.free, Entry.malloc, Entry.malloc, Entry.calloc, Entry.calloc,
  Entry.realloc, Entry.realloc, Entry.reallocKept, Entry.reallocKept, Entry.reallocNew, Entry.reallocNew,
);
/** And to the operation of a wide entry. */
const WIDE_OPS = Uint8Array.of(
  Op.free, Op.free, Op.malloc, Op.malloc, Op.calloc, Op.calloc,
  Op.realloc, Op.realloc, Op.realloc, Op.realloc, Op.realloc, Op.realloc,
);

/** Decodes one chunk after another; each starts from an empty state, so chunks can be read in any order. */
export class EventDecoder {
  private readonly tables: Tables;
  private readonly space: AddressSpace;
  private readonly pageShift: number;
  private readonly offsetBits: number;
  private readonly offsetMask: number;

  private bytes = new Uint8Array(SLACK_BYTES);
  private end = 0;
  private position = 0;
  private fileOffset = 0;
  private stack = 0;
  private readonly successor = new Uint32Array(SUCCESSOR_SLOTS);
  private readonly pageBase = new Float64Array(MAX_SLOTS);
  private readonly linear = new Uint32Array(MAX_SLOTS);
  /** From an `old` record, for the realloc that comes next: as recorded (-1: there is none), and linear or 0. */
  private oldAddress = -1;
  private oldLinear = 0;

  /** @param pageShift log2 of the bytes of a page, `pageShift` of the trace's info. */
  constructor(tables: Tables, space: AddressSpace, pageShift: number) {
    this.tables = tables;
    this.space = space;
    this.pageShift = pageShift;
    this.offsetBits = pageShift - REF_UNIT_SHIFT;
    this.offsetMask = (1 << this.offsetBits) - 1;
  }

  /** Starts a chunk whose payload begins at `fileOffset` of the file. */
  start(payload: Uint8Array, fileOffset: number): void {
    if (this.bytes.length < payload.length + SLACK_BYTES) this.bytes = new Uint8Array(payload.length + SLACK_BYTES);
    this.bytes.set(payload);
    this.bytes.fill(0, payload.length, payload.length + SLACK_BYTES);
    this.end = payload.length;
    this.position = 0;
    this.fileOffset = fileOffset;
    this.stack = 0;
    this.oldAddress = -1;
    this.successor.fill(0);
    this.pageBase.fill(-1);
    this.linear.fill(0);
  }

  get atEnd(): boolean {
    return this.position >= this.end;
  }

  /** Asks the address space again for each named page: arenas have come or gone. */
  refreshPages(): void {
    for (let slot = 0; slot < MAX_SLOTS; slot++) {
      const base = this.pageBase[slot]!;
      if (base >= 0) this.linear[slot] = this.space.linearPage(base);
    }
  }

  /**
   * Fills `batch` with what comes next: up to `maxEvents` events, up to the end of the chunk, or up to and including
   * the next arena that is mapped or unmapped, whose effect on the address space comes before what follows it.
   *
   * @throws {TraceDamagedError} at a record that cannot be; the batch then holds what came before it.
   */
  fill(batch: EventBatch, maxEvents: number): void {
    const { bytes, end, offsetBits, offsetMask, linear, successor } = this;
    const { kind: kinds, domain: domains, address: addresses, size: sizes, stack: stacks } = batch;
    const capacity = batch.capacity;
    let p = this.position;
    let n = 0;
    let events = 0;
    let stack = this.stack;
    batch.count = 0;
    batch.eventCount = 0;
    batch.wideCount = 0;
    while (p < end && n < capacity && events < maxEvents) {
      const word = bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24);
      const kind = word & 15;
      const ref = (word >>> 5) & ((1 << REF_BITS) - 1);
      const base = linear[ref >>> offsetBits]!;
      if (kind < EventKind.reallocMoved && base !== 0) {
        if ((word & 16) !== 0) stack = successor[stack & (SUCCESSOR_SLOTS - 1)]!;
        stacks[n] = stack;
        domains[n] = Domain.obj - (kind & 1);
        kinds[n] = SHORT_KINDS[kind]!;
        addresses[n] = base + ((ref & offsetMask) << REF_UNIT_SHIFT);
        if (kind < EventKind.malloc) {
          p += 3;
        } else {
          sizes[n] = (word >>> 23) + 1;
          p += 4;
        }
        n++;
        events++;
        continue;
      }
      this.position = p;
      this.stack = stack;
      batch.count = n;
      batch.eventCount = events;
      const stop = this.rare(batch, word, kind, ref);
      p = this.position;
      stack = this.stack;
      n = batch.count;
      events = batch.eventCount;
      if (stop) break;
    }
    this.position = p;
    this.stack = stack;
    batch.count = n;
    batch.eventCount = events;
    if (p > end) throw this.damage("the last event runs over the end of its chunk");
  }

  /** Everything but a malloc, calloc or free inside an arena. Returns true where the batch has to end. */
  private rare(batch: EventBatch, word: number, kind: number, ref: number): boolean {
    if (kind === EventKind.escape) return this.escape(batch, (word >>> 4) & 15);
    if (kind === EventKind.old) return this.readOld(ref);
    if (kind > EventKind.old) throw this.damage(`an event of the unknown kind ${kind}`);
    if ((word & 16) !== 0) this.stack = this.successor[this.stack & (SUCCESSOR_SLOTS - 1)]!;
    const slot = this.knownSlot(ref);
    const offset = (ref & this.offsetMask) << REF_UNIT_SHIFT;
    const address = this.pageBase[slot]! + offset;
    const linear = this.linear[slot]! === 0 ? 0 : this.linear[slot]! + offset;
    const moved = kind === EventKind.reallocMoved || kind === EventKind.reallocMoved + 1;
    if (moved && this.oldAddress < 0) throw this.damage("a realloc does not say from where");
    const isNew = kind >= EventKind.reallocNew;
    const old = moved ? this.oldAddress : isNew ? 0 : address;
    const oldLinear = moved ? this.oldLinear : linear;
    const sizeBytes = (word >>> 23) + 1;
    if (linear !== 0 && oldLinear !== 0) {
      const n = batch.count++;
      batch.kind[n] = SHORT_KINDS[kind]!;
      batch.domain[n] = Domain.obj - (kind & 1);
      batch.stack[n] = this.stack;
      batch.address[n] = linear;
      batch.old[n] = oldLinear;
      batch.size[n] = sizeBytes;
    } else {
      this.pushWide(batch, WIDE_OPS[kind]!, Domain.obj - (kind & 1), address, old, sizeBytes);
    }
    batch.eventCount++;
    this.oldAddress = -1;
    this.position += kind < EventKind.malloc ? 3 : 4;
    return false;
  }

  /** The old address is looked up at once: its slot may hold another page by the time of its realloc. */
  private readOld(ref: number): false {
    const slot = this.knownSlot(ref);
    const offset = (ref & this.offsetMask) << REF_UNIT_SHIFT;
    this.oldAddress = this.pageBase[slot]! + offset;
    this.oldLinear = this.linear[slot]! === 0 ? 0 : this.linear[slot]! + offset;
    this.position += 3;
    return false;
  }

  private knownSlot(ref: number): number {
    const slot = ref >>> this.offsetBits;
    if (this.pageBase[slot]! < 0) throw this.damage("an event names a page that was not defined");
    return slot;
  }

  private pushWide(batch: EventBatch, op: number, domain: number, address: number, old: number, sizeBytes: number): void {
    const w = batch.wideCount++;
    const n = batch.count++;
    batch.kind[n] = Entry.wide;
    batch.domain[n] = domain;
    batch.stack[n] = this.stack;
    batch.address[n] = w;
    batch.wideOp[w] = op;
    batch.wideAddress[w] = address;
    batch.wideOld[w] = old;
    batch.wideSize[w] = op === Op.free ? 0 : sizeBytes;
  }

  private escape(batch: EventBatch, sub: number): boolean {
    const r = new ByteReader(this.bytes.subarray(0, this.end), this.fileOffset);
    r.position = this.position + 1;
    let stop = false;
    if (sub === Escape.slot) this.readSlot(r);
    else if (sub === Escape.stack) this.readStack(r);
    else if (sub === Escape.wide) this.readWide(r, batch);
    else if (sub === Escape.context) this.pushControl(r, batch, Entry.context, this.tables.contexts.length);
    else if (sub === Escape.arenaMap || sub === Escape.arenaUnmap) {
      const kind = sub === Escape.arenaMap ? Entry.arenaMap : Entry.arenaUnmap;
      this.pushControl(r, batch, kind, this.tables.arenas.length);
      stop = true;
    } else throw this.damage(`an escape of the unknown kind ${sub}`);
    this.position = r.position;
    return stop;
  }

  private readSlot(r: ByteReader): void {
    const slot = r.u8("a slot") | (r.u8("a slot") << 8);
    if (slot >= 1 << (REF_BITS - this.offsetBits)) throw this.damage(`a slot of the number ${slot}`);
    let page = 0;
    for (let i = 0, scale = 1; i < 5; i++, scale *= 256) page += r.u8("a page") * scale;
    const base = page * 2 ** this.pageShift;
    this.pageBase[slot] = base;
    this.linear[slot] = this.space.linearPage(base);
  }

  private readStack(r: ByteReader): void {
    let stack = 0;
    for (let i = 0; i < 32; i += 8) stack |= r.u8("a stack") << i;
    stack >>>= 0;
    if (stack >= this.tables.nodeParent.length) throw this.damage(`the stack ${stack}, which is not defined`);
    this.successor[this.stack & (SUCCESSOR_SLOTS - 1)] = stack;
    this.stack = stack;
  }

  private readWide(r: ByteReader, batch: EventBatch): void {
    const head = r.u8("a wide event");
    const op = head & 3;
    const domain = (head >>> 2) & 3;
    if (domain > Domain.obj || head > 31) throw this.damage("a wide event of an unknown domain");
    if ((head & 16) !== 0) this.stack = this.successor[this.stack & (SUCCESSOR_SLOTS - 1)]!;
    const sizeBytes = op === Op.free ? 0 : r.varint("a size");
    const address = r.varint("an address");
    const old = op === Op.realloc ? r.varint("an address") : 0;
    this.pushWide(batch, op, domain, address, old, sizeBytes);
    batch.eventCount++;
  }

  private pushControl(r: ByteReader, batch: EventBatch, kind: number, known: number): void {
    const id = r.varint("an id");
    if (id === 0 || id >= known) throw this.damage(`the id ${id}, which is not defined`);
    const n = batch.count++;
    batch.kind[n] = kind;
    batch.address[n] = id;
  }

  private damage(what: string): TraceDamagedError {
    return new TraceDamagedError(`Damaged trace: ${what}.`, this.fileOffset + Math.min(this.position, this.end));
  }
}
