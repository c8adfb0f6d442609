// From events to the bytes of an EVENTS chunk: the other direction of event-decoder.ts. The encoder keeps the same
// small state that the decoder rebuilds: which page each slot holds, and which stack followed which.

import { ByteWriter } from "./byte-writer.ts";
import {
  Domain,
  Escape,
  EventKind,
  MAX_SLOTS,
  Op,
  REF_BITS,
  REF_UNIT_SHIFT,
  SHORT_SIZE_MAX,
  SUCCESSOR_SLOTS,
} from "./constants.ts";

/** One allocator operation. Addresses are those of the process; 0 is NULL. */
export interface TraceEvent {
  readonly op: Op;
  readonly domain: Domain;
  /** The block that came out, or that was freed; 0 when the operation failed. */
  readonly address: number;
  /** Of a realloc: the block that was resized, 0 for NULL. Otherwise 0. */
  readonly old: number;
  /** Requested bytes; 0 for a free. */
  readonly sizeBytes: number;
  /** Stack id, 0 for none. */
  readonly stack: number;
}

const REF_SHIFT = 5;
const STACK_BIT = 1 << 4;
const SIZE_SHIFT = 23;
/** Pages beyond this number do not fit a slot record. */
const MAX_PAGE = 2 ** 40;

/** Encodes events one by one; {@link take} ends a chunk. */
export class EventEncoder {
  private readonly out = new ByteWriter(1 << 16);
  private readonly pageBytes: number;
  private readonly slotCount: number;
  private readonly offsetBits: number;
  private readonly pages = new Float64Array(MAX_SLOTS).fill(-1);
  private readonly successor = new Uint32Array(SUCCESSOR_SLOTS);
  private stack = 0;
  /** Events in the present chunk. */
  eventCount = 0;

  /** @param pageShift log2 of the bytes of a page: 12 or 14, as the trace's info says. */
  constructor(pageShift: number) {
    this.pageBytes = 2 ** pageShift;
    this.offsetBits = pageShift - REF_UNIT_SHIFT;
    this.slotCount = 1 << (REF_BITS - this.offsetBits);
  }

  /** Bytes in the present chunk. */
  get byteLength(): number {
    return this.out.length;
  }

  add(event: TraceEvent): void {
    const successor = this.stackBit(event.stack);
    if (this.isShort(event)) this.addShort(event, successor);
    else this.addWide(event, successor);
    this.eventCount++;
  }

  /** What follows is of this context. */
  context(id: number): void {
    this.escape(Escape.context);
    this.out.varint(id);
  }

  /** The event that follows maps this arena. */
  arenaMapped(id: number): void {
    this.escape(Escape.arenaMap);
    this.out.varint(id);
  }

  /** The event before has unmapped this arena. */
  arenaUnmapped(id: number): void {
    this.escape(Escape.arenaUnmap);
    this.out.varint(id);
  }

  /** The payload of the chunk; the next event starts a new one. */
  take(): Uint8Array<ArrayBuffer> {
    this.pages.fill(-1);
    this.successor.fill(0);
    this.stack = 0;
    this.eventCount = 0;
    return this.out.takeBytes();
  }

  private isShort({ op, domain, address, old, sizeBytes }: TraceEvent): boolean {
    if (domain === Domain.raw || !this.fitsRef(address)) return false;
    if (op === Op.free) return true;
    const fits = Number.isInteger(sizeBytes) && sizeBytes >= 1 && sizeBytes <= SHORT_SIZE_MAX;
    return fits && (old === 0 || this.fitsRef(old));
  }

  private fitsRef(address: number): boolean {
    return address !== 0 && address % (1 << REF_UNIT_SHIFT) === 0 && address / this.pageBytes < MAX_PAGE;
  }

  private addShort({ op, domain, address, old, sizeBytes }: TraceEvent, successor: number): void {
    let kind: number =
      op === Op.free ? EventKind.free : op === Op.malloc ? EventKind.malloc : EventKind.calloc;
    if (op === Op.realloc) {
      kind =
        old === 0 ? EventKind.reallocNew : old === address ? EventKind.reallocKept : EventKind.reallocMoved;
      if (kind === EventKind.reallocMoved) {
        const ref = this.ref(old);
        this.out.word(EventKind.old | (ref << REF_SHIFT), 3);
      }
    }
    const ref = this.ref(address);
    const size = op === Op.free ? 0 : (sizeBytes - 1) << SIZE_SHIFT;
    this.out.word(
      (kind + Domain.obj - domain) | successor | (ref << REF_SHIFT) | size,
      op === Op.free ? 3 : 4,
    );
  }

  private addWide({ op, domain, address, old, sizeBytes }: TraceEvent, successor: number): void {
    this.escape(Escape.wide);
    this.out.u8(op | (domain << 2) | successor);
    if (op !== Op.free) this.out.varint(sizeBytes);
    this.out.varint(address);
    if (op === Op.realloc) this.out.varint(old);
  }

  /** Slot and offset of an address; names the page first when its slot holds another. */
  private ref(address: number): number {
    const page = Math.floor(address / this.pageBytes);
    const slot = page % this.slotCount;
    if (this.pages[slot] !== page) {
      this.pages[slot] = page;
      this.escape(Escape.slot);
      this.out.word(slot, 2);
      this.out.wide(page, 5);
    }
    return (slot << this.offsetBits) | ((address % this.pageBytes) >>> REF_UNIT_SHIFT);
  }

  /** The bit of an event that says "successor", after writing what no bit can say. */
  private stackBit(stack: number): number {
    if (stack === this.stack) return 0;
    const slot = this.stack & (SUCCESSOR_SLOTS - 1);
    this.stack = stack;
    if (this.successor[slot] === stack) return STACK_BIT;
    this.successor[slot] = stack;
    this.escape(Escape.stack);
    this.out.word(stack, 4);
    return 0;
  }

  private escape(sub: number): void {
    this.out.u8(EventKind.escape | (sub << 4));
  }
}
