// From the bytes of an EVENTS chunk to calls of a sink. FORMAT.md, "Events", describes the encoding; the other
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
import type { EventSink } from "./event-sink.ts";
import type { Tables } from "./tables.ts";

/** Gives recorded addresses a place in 32 bits. */
export interface AddressSpace {
  /**
   * The linear address of the page that begins at `pageBase`, or 0 when it lies in no arena. Asked when a page is
   * first named, and again for every named page after an arena was mapped or unmapped.
   */
  linearPage(pageBase: number): number;
}

/** An address space without arenas: every event comes out as `outside`, with the address as it was recorded. */
export const NO_ARENAS: AddressSpace = { linearPage: () => 0 };

const REF_MASK = (1 << REF_BITS) - 1;
const KIND_MASK = 15;
/** Of an event's first four bytes: says that the stack is the successor of the last one. */
const SUCCESSOR_BIT = 1 << 4;
const SIZE_SHIFT = 23;
/** Bytes after the payload that the hot loop may look at without using them. */
const SLACK_BYTES = 8;

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
  /** Events given to the sink in the present call of {@link run}. */
  private given = 0;

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
    if (this.bytes.length < payload.length + SLACK_BYTES)
      this.bytes = new Uint8Array(payload.length + SLACK_BYTES);
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

  /** How many events the last call of {@link run} gave to the sink, also when it ended in an error. */
  get eventsGiven(): number {
    return this.given;
  }

  /**
   * Gives `sink` what comes next: up to `maxEvents` events, up to the end of the chunk, or up to and including the
   * event at which the sink says stop.
   *
   * @throws {TraceDamagedError} at a record that cannot be; the sink then has what came before it.
   */
  run(sink: EventSink, maxEvents: number): void {
    const { bytes, end, offsetBits, offsetMask, linear, successor } = this;
    let p = this.position;
    let stack = this.stack;
    let events = 0;
    let goOn = true;
    while (goOn && p < end && events < maxEvents) {
      const word = bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24);
      const ref = (word >>> 5) & REF_MASK;
      const base = linear[ref >>> offsetBits]!;
      const kind = word & KIND_MASK;
      if (kind < EventKind.reallocMoved && base !== 0) {
        if ((word & SUCCESSOR_BIT) !== 0) stack = successor[stack & (SUCCESSOR_SLOTS - 1)]!;
        const address = base + ((ref & offsetMask) << REF_UNIT_SHIFT);
        events++;
        if (kind < EventKind.malloc) {
          p += 3;
          goOn = sink.free(address, kind, stack);
        } else {
          p += 4;
          const op = kind < EventKind.calloc ? Op.malloc : Op.calloc;
          goOn = sink.allocate(address, (word >>> SIZE_SHIFT) + 1, kind & 1, stack, op);
        }
        continue;
      }
      this.position = p;
      this.stack = stack;
      this.given = events;
      goOn = this.rare(sink, word, kind, ref);
      p = this.position;
      stack = this.stack;
      events = this.given;
    }
    this.position = p;
    this.stack = stack;
    this.given = events;
    if (p > end) throw this.damage("the last event runs over the end of its chunk");
  }

  /** Everything but a malloc, calloc or free inside an arena. Returns whether to go on. */
  private rare(sink: EventSink, word: number, kind: number, ref: number): boolean {
    if (kind === EventKind.escape) return this.escape(sink, (word >>> 4) & 15);
    if (kind === EventKind.old) return this.readOld(ref);
    if (kind > EventKind.old) throw this.damage(`an event of the unknown kind ${kind}`);
    if ((word & SUCCESSOR_BIT) !== 0) this.nextStack();
    const slot = this.knownSlot(ref);
    const offset = (ref & this.offsetMask) << REF_UNIT_SHIFT;
    const address = this.pageBase[slot]! + offset;
    const linear = this.linear[slot]! === 0 ? 0 : this.linear[slot]! + offset;
    const sizeBytes = (word >>> SIZE_SHIFT) + 1;
    const domainBit = kind & 1;
    this.position += kind < EventKind.malloc ? 3 : 4;
    if (this.position > this.end) throw this.damage("the last event runs over the end of its chunk");
    this.given++;
    if (kind < EventKind.reallocMoved) {
      const op = kind < EventKind.malloc ? Op.free : kind < EventKind.calloc ? Op.malloc : Op.calloc;
      const requested = op === Op.free ? 0 : sizeBytes;
      return sink.outside(op, (Domain.obj - domainBit) as Domain, address, 0, requested, this.stack);
    }
    const moved = kind < EventKind.reallocKept;
    if (moved && this.oldAddress < 0) throw this.damage("a realloc does not say from where");
    const isNew = kind >= EventKind.reallocNew;
    const old = moved ? this.oldAddress : isNew ? 0 : address;
    const oldLinear = moved ? this.oldLinear : isNew ? 0 : linear;
    this.oldAddress = -1;
    if (linear !== 0 && (isNew || oldLinear !== 0)) {
      return sink.reallocate(linear, oldLinear, sizeBytes, domainBit, this.stack);
    }
    return sink.outside(Op.realloc, (Domain.obj - domainBit) as Domain, address, old, sizeBytes, this.stack);
  }

  /** The old address is looked up at once: its slot may hold another page by the time of its realloc. */
  private readOld(ref: number): true {
    const slot = this.knownSlot(ref);
    const offset = (ref & this.offsetMask) << REF_UNIT_SHIFT;
    this.oldAddress = this.pageBase[slot]! + offset;
    this.oldLinear = this.linear[slot]! === 0 ? 0 : this.linear[slot]! + offset;
    this.position += 3;
    return true;
  }

  private knownSlot(ref: number): number {
    const slot = ref >>> this.offsetBits;
    if (this.pageBase[slot]! < 0) throw this.damage("an event names a page that was not defined");
    return slot;
  }

  private nextStack(): void {
    this.stack = this.successor[this.stack & (SUCCESSOR_SLOTS - 1)]!;
  }

  private escape(sink: EventSink, sub: number): boolean {
    if (sub === Escape.stack) return this.readStack();
    if (sub === Escape.slot) return this.readSlot();
    const r = new ByteReader(this.bytes.subarray(0, this.end), this.fileOffset);
    r.position = this.position + 1;
    if (sub === Escape.wide) return this.readWide(r, sink);
    if (sub === Escape.context) return sink.context(this.readId(r, this.tables.contexts.length));
    if (sub !== Escape.arenaMap && sub !== Escape.arenaUnmap) {
      throw this.damage(`an escape of the unknown kind ${sub}`);
    }
    const arena = this.readId(r, this.tables.arenas.length);
    const goOn = sub === Escape.arenaMap ? sink.arenaMapped(arena) : sink.arenaUnmapped(arena);
    this.refreshPages();
    return goOn;
  }

  // The two escapes that are frequent read the bytes themselves; run() notices when they ran over the end.

  private readSlot(): true {
    const { bytes, position } = this;
    const slot = bytes[position + 1]! | (bytes[position + 2]! << 8);
    if (slot >= 1 << (REF_BITS - this.offsetBits)) throw this.damage(`a slot of the number ${slot}`);
    const low = bytes[position + 3]! | (bytes[position + 4]! << 8) | (bytes[position + 5]! << 16);
    const page = low + (bytes[position + 6]! | (bytes[position + 7]! << 8)) * 2 ** 24;
    const base = page * 2 ** this.pageShift;
    this.pageBase[slot] = base;
    this.linear[slot] = this.space.linearPage(base);
    this.position = position + 8;
    return true;
  }

  private readStack(): true {
    const { bytes, position } = this;
    const low = bytes[position + 1]! | (bytes[position + 2]! << 8);
    const stack = (low | (bytes[position + 3]! << 16) | (bytes[position + 4]! << 24)) >>> 0;
    if (stack >= this.tables.nodeParent.length) throw this.damage(`the stack ${stack}, which is not defined`);
    this.successor[this.stack & (SUCCESSOR_SLOTS - 1)] = stack;
    this.stack = stack;
    this.position = position + 5;
    return true;
  }

  private readWide(r: ByteReader, sink: EventSink): boolean {
    const head = r.u8("an event");
    const op = (head & 3) as Op;
    const domain = (head >>> 2) & 3;
    if (domain > Domain.obj || head > 31) throw this.damage("an event of an unknown domain");
    if ((head & SUCCESSOR_BIT) !== 0) this.nextStack();
    const sizeBytes = op === Op.free ? 0 : r.varint("a size");
    const address = r.varint("an address");
    const old = op === Op.realloc ? r.varint("an address") : 0;
    this.position = r.position;
    this.given++;
    return sink.outside(op, domain as Domain, address, old, sizeBytes, this.stack);
  }

  private readId(r: ByteReader, known: number): number {
    const id = r.varint("an id");
    if (id === 0 || id >= known) throw this.damage(`the id ${id}, which is not defined`);
    this.position = r.position;
    return id;
  }

  /** Asks the address space again for each named page: an arena has come or gone. */
  private refreshPages(): void {
    for (let slot = 0; slot < MAX_SLOTS; slot++) {
      const base = this.pageBase[slot]!;
      if (base >= 0) this.linear[slot] = this.space.linearPage(base);
    }
  }

  private damage(what: string): TraceDamagedError {
    return new TraceDamagedError(
      `Damaged trace: ${what}.`,
      this.fileOffset + Math.min(this.position, this.end),
    );
  }
}
