// From events to the bytes of an EVENTS chunk: the other direction of event-decoder.ts. The encoder keeps the same
// state that the decoder rebuilds: which page each slot holds, which symbol follows which, what was freed.

import { OutsideBlocks } from "../replay/outside-blocks.ts";
import { AddressPredictor } from "./address-predictor.ts";
import { ByteWriter } from "./byte-writer.ts";
import {
  CLASS_SHIFT,
  Domain,
  EventRecord,
  EXPLICIT,
  HASH,
  HISTORY_SHIFT,
  MAX_SLOTS,
  NO_CLASS,
  Op,
  REF_BITS,
  REF_UNIT_SHIFT,
  ReallocForm,
  RUN_MAX,
  SHORT_SIZE_MAX,
  STACK_FOLLOWS,
  SYMBOL_BITS,
  SYMBOL_HOW_SHIFT,
  SYMBOL_VALUE_SHIFT,
  SymbolOp,
} from "./constants.ts";
import type { ArenaMapping } from "./tables.ts";

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

/** Pages beyond this number do not fit a slot record. */
const MAX_PAGE = 2 ** 40;
const NO_SYMBOL = 0xffffffff;

/** Encodes events one by one; {@link take} ends a chunk. */
export class EventEncoder {
  private readonly out = new ByteWriter(1 << 16);
  private readonly pageBytes: number;
  private readonly slotCount: number;
  private readonly offsetBits: number;
  private readonly pages = new Float64Array(MAX_SLOTS).fill(-1);
  private readonly symbols = new Uint32Array(1 << SYMBOL_BITS).fill(NO_SYMBOL);
  private readonly symbolStacks = new Uint32Array(1 << SYMBOL_BITS);
  private readonly addresses: AddressPredictor;
  /** Pages that lie wholly in an arena. */
  private readonly arenaPages = new Set<number>();
  /** Size class of each live block inside arenas. */
  private readonly classes = new OutsideBlocks();
  private history = 0;
  private stack = 0;
  /** Events in the present chunk. */
  eventCount = 0;

  /** @param pageShift log2 of the bytes of a page: 12 or 14, as the trace's info says. */
  constructor(pageShift: number) {
    this.pageBytes = 2 ** pageShift;
    this.offsetBits = pageShift - REF_UNIT_SHIFT;
    this.slotCount = 1 << (REF_BITS - this.offsetBits);
    this.addresses = new AddressPredictor(pageShift);
  }

  /** Bytes in the present chunk. */
  get byteLength(): number {
    return this.out.length;
  }

  add(event: TraceEvent): void {
    if (!this.isShort(event)) this.addWide(event);
    else if (event.op === Op.realloc) this.addRealloc(event);
    else if (event.op === Op.free) this.addFree(event);
    else this.addAllocation(event);
    this.stack = event.stack;
    this.eventCount++;
  }

  /** What follows is of this context. */
  context(id: number): void {
    this.out.u8(EventRecord.context);
    this.out.varint(id);
  }

  /** The event that follows maps this arena. */
  arenaMapped(id: number, arena: ArenaMapping): void {
    this.out.u8(EventRecord.arenaMap);
    this.out.varint(id);
    this.emptySlots(arena);
    for (const page of this.pagesOf(arena)) this.arenaPages.add(page);
  }

  /** The event before has unmapped this arena. */
  arenaUnmapped(id: number, arena: ArenaMapping): void {
    this.out.u8(EventRecord.arenaUnmap);
    this.out.varint(id);
    this.emptySlots(arena);
    for (const page of this.pagesOf(arena)) this.arenaPages.delete(page);
    this.addresses.forget();
  }

  /** The payload of the chunk; the next event starts a new one. */
  take(): Uint8Array<ArrayBuffer> {
    this.pages.fill(-1);
    this.symbols.fill(NO_SYMBOL);
    this.addresses.forget();
    this.history = 0;
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

  private isInArena(address: number): boolean {
    return this.arenaPages.has(Math.floor(address / this.pageBytes));
  }

  private addAllocation({ op, domain, address, sizeBytes, stack }: TraceEvent): void {
    const symbolOp = (op === Op.malloc ? SymbolOp.malloc : SymbolOp.calloc) + Domain.obj - domain;
    const szidx = (sizeBytes - 1) >>> CLASS_SHIFT;
    let how: number = EXPLICIT;
    if (this.isInArena(address)) {
      how = this.addresses.allocate(szidx, address);
      this.classes.set(address, szidx, Domain.obj, 0);
    }
    this.addSymbol(symbolOp, how, sizeBytes - 1, stack, address);
  }

  private addFree({ domain, address, stack }: TraceEvent): void {
    const szidx = this.isInArena(address) ? this.classes.sizeAt(address) : undefined;
    const how = szidx === undefined ? EXPLICIT : this.addresses.free(szidx, address);
    this.classes.delete(address);
    this.addSymbol(SymbolOp.free + Domain.obj - domain, how, szidx ?? NO_CLASS, stack, address);
  }

  private addSymbol(op: number, how: number, value: number, stack: number, address: number): void {
    const symbol = op | (how << SYMBOL_HOW_SHIFT) | (value << SYMBOL_VALUE_SHIFT);
    const index = Math.imul(this.history, HASH.history) >>> (32 - SYMBOL_BITS);
    this.follow(symbol, stack);
    if (this.symbols[index] === symbol && this.symbolStacks[index] === stack) {
      if (how !== EXPLICIT) this.out.count(RUN_MAX);
      else {
        const ref = this.ref(address);
        this.out.u8(EventRecord.explicitAddress | (ref >>> 16));
        this.out.word(ref, 2);
      }
      return;
    }
    this.symbols[index] = symbol;
    this.symbolStacks[index] = stack;
    const ref = how === EXPLICIT ? this.ref(address) : 0;
    this.head(EventRecord.symbol | (how << 4) | op, stack);
    this.out.varint(value);
    if (how === EXPLICIT) this.out.word(ref, 3);
  }

  private addRealloc({ domain, address, old, sizeBytes, stack }: TraceEvent): void {
    const form = old === 0 ? ReallocForm.fresh : old === address ? ReallocForm.kept : ReallocForm.moved;
    if (form === ReallocForm.moved) {
      const from = this.ref(old);
      this.out.u8(EventRecord.old);
      this.out.word(from, 3);
      this.classes.delete(old);
    }
    const ref = this.ref(address);
    if (form !== ReallocForm.kept && this.isInArena(address)) {
      const szidx = (sizeBytes - 1) >>> CLASS_SHIFT;
      this.addresses.allocate(szidx, address);
      this.classes.set(address, szidx, Domain.obj, 0);
    }
    this.head(EventRecord.realloc | form | (Domain.obj - domain), stack);
    this.out.varint(sizeBytes - 1);
    this.out.word(ref, 3);
    this.follow(SymbolOp.realloc | (form << 2) | ((sizeBytes - 1) << SYMBOL_VALUE_SHIFT), stack);
  }

  /** Takes a symbol into the history that the next one is predicted from. */
  private follow(symbol: number, stack: number): void {
    const mixed = Math.imul(symbol ^ Math.imul(stack, HASH.stack), HASH.symbol);
    this.history = (this.history << HISTORY_SHIFT) | (mixed >>> (32 - HISTORY_SHIFT));
  }

  private addWide({ op, domain, address, old, sizeBytes, stack }: TraceEvent): void {
    const changed = stack !== this.stack;
    this.out.u8(EventRecord.wide);
    this.out.u8(op | (domain << 2) | (changed ? 16 : 0));
    if (changed) this.out.varint(stack);
    if (op !== Op.free) this.out.varint(sizeBytes);
    this.out.varint(address);
    if (op === Op.realloc) this.out.varint(old);
    if (address !== 0) this.classes.delete(old);
  }

  /** A record's first byte, and the stack when it is another one. */
  private head(byte: number, stack: number): void {
    const changed = stack !== this.stack;
    this.out.u8(changed ? byte | STACK_FOLLOWS : byte);
    if (changed) this.out.varint(stack);
  }

  /** Slot and offset of an address; names the page first when its slot holds another. */
  private ref(address: number): number {
    const page = Math.floor(address / this.pageBytes);
    const slot = page % this.slotCount;
    if (this.pages[slot] !== page) {
      this.pages[slot] = page;
      this.out.u8(EventRecord.slot);
      this.out.word(slot, 2);
      this.out.wide(page, 5);
    }
    return (slot << this.offsetBits) | ((address % this.pageBytes) >>> REF_UNIT_SHIFT);
  }

  private emptySlots({ base, sizeBytes }: ArenaMapping): void {
    const last = Math.floor((base + sizeBytes - 1) / this.pageBytes);
    for (let page = Math.floor(base / this.pageBytes); page <= last; page++) {
      const slot = page % this.slotCount;
      if (this.pages[slot] === page) this.pages[slot] = -1;
    }
  }

  private *pagesOf({ base, sizeBytes }: ArenaMapping): Generator<number> {
    const end = Math.floor((base + sizeBytes) / this.pageBytes);
    for (let page = Math.ceil(base / this.pageBytes); page < end; page++) yield page;
  }
}
