// From the bytes of an EVENTS chunk to calls of a sink. FORMAT.md, "Events", describes the encoding; the other
// direction is event-encoder.ts, and packages/recorder/native/events.h in C.

import { TraceDamagedError } from "../errors.ts";
import { AddressHistory } from "./address-history.ts";
import type { AddressSpace } from "./address-space.ts";
import { ByteReader } from "./byte-reader.ts";
import {
  CLASS_SHIFT,
  CLASSES,
  Domain,
  EventRecord,
  EXPLICIT,
  HASH,
  HISTORY_SHIFT,
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
import type { EventSink } from "./event-sink.ts";
import { PageSlots } from "./page-slots.ts";
import type { Tables } from "./tables.ts";

// The constants of the hot loop, in this module: V8 folds those into the code, but not imported ones, which cost a fifth
// of the time. The hashes are signed because larger numbers would be doubles.
const HISTORY_HASH = HASH.history | 0;
const STACK_HASH = HASH.stack | 0;
const SYMBOL_HASH = HASH.symbol | 0;
const INDEX_SHIFT = 32 - SYMBOL_BITS;
const KEPT_SHIFT = HISTORY_SHIFT;
const MIX_SHIFT = 32 - HISTORY_SHIFT;
const HOW_SHIFT = SYMBOL_HOW_SHIFT;
const VALUE_SHIFT = SYMBOL_VALUE_SHIFT;
const SZIDX_SHIFT = CLASS_SHIFT;
const UNIT_SHIFT = REF_UNIT_SHIFT;
const CLASS_COUNT = CLASSES;
const LAST_RUN = RUN_MAX;
const { slot: SLOT_RECORD, symbol: SYMBOL_RECORD } = EventRecord;
const { malloc: MALLOC, calloc: CALLOC } = SymbolOp;
const BY_REF = EXPLICIT;
const { malloc: OP_MALLOC, calloc: OP_CALLOC } = Op;

const HOW_MASK = 3;
const OP_MASK = 7;
/** In the table of symbols: none yet. Its operation is none that is. */
const NO_SYMBOL = 0xffffffff;
const NO_REF = -1;
const SLACK_BYTES = 16;

/** Decodes one chunk after another; each starts from an empty state, so that no chunk needs the bytes of another. */
export class EventDecoder {
  private readonly tables: Tables;
  private readonly space: AddressSpace;
  private readonly pageShift: number;
  private readonly slots: PageSlots;

  /** The payload, and some bytes that the hot loop may look at without using them. */
  private bytes = new Uint8Array(SLACK_BYTES);
  private end = 0;
  private reader = new ByteReader(this.bytes, 0);
  private position = 0;
  /** Predicted events that the run at `position` still has. */
  private runLeft = 0;
  /** The ref of the symbol that was read last, or NO_REF. */
  private symbolRef = NO_REF;
  private stack = 0;
  private history = 0;
  private readonly symbols = new Uint32Array(1 << SYMBOL_BITS);
  private readonly symbolStacks = new Uint32Array(1 << SYMBOL_BITS);
  /** What each symbol, with its stack, adds to the history. */
  private readonly symbolMixes = new Uint32Array(1 << SYMBOL_BITS);
  private readonly addresses: AddressHistory;
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
    this.slots = new PageSlots(pageShift);
    this.addresses = new AddressHistory(pageShift);
  }

  /** Starts a chunk whose payload begins at `fileOffset` of the file. The payload is copied. */
  start(payload: Uint8Array, fileOffset: number): void {
    if (this.bytes.length < payload.length + SLACK_BYTES) {
      this.bytes = new Uint8Array(payload.length + SLACK_BYTES);
    }
    this.bytes.set(payload);
    this.bytes.fill(0, payload.length, payload.length + SLACK_BYTES);
    this.end = payload.length;
    this.reader = new ByteReader(this.bytes.subarray(0, this.end), fileOffset);
    this.position = 0;
    this.runLeft = 0;
    this.stack = 0;
    this.history = 0;
    this.oldAddress = -1;
    this.symbols.fill(NO_SYMBOL);
    this.slots.forget();
    this.addresses.forget();
  }

  get atEnd(): boolean {
    return this.position >= this.end && this.runLeft === 0;
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
    const { bytes, end, symbols, symbolStacks, symbolMixes, addresses } = this;
    const { linear, offsetBits } = this.slots;
    const offsetMask = (1 << offsetBits) - 1;
    let { position, runLeft, stack, history } = this;
    let given = 0;
    let goOn = true;
    while (goOn && given < maxEvents) {
      const index = Math.imul(history, HISTORY_HASH) >>> INDEX_SHIFT;
      let symbol = symbols[index]!;
      let ref = NO_REF;
      if (runLeft > 0) {
        runLeft--;
        stack = symbolStacks[index]!;
      } else {
        if (position >= end) break;
        const head = bytes[position]!;
        if (head <= LAST_RUN) {
          runLeft = head + 1;
          position++;
          continue;
        }
        if (head < SLOT_RECORD) {
          ref = ((head & 3) << 16) | bytes[position + 1]! | (bytes[position + 2]! << 8);
          position += 3;
          stack = symbolStacks[index]!;
        } else {
          this.leave(position, runLeft, stack, history, given);
          const isSymbol = head >= SYMBOL_RECORD;
          if (isSymbol) symbol = this.readSymbol(head);
          else goOn = this.rare(sink, head);
          ({ position, stack, history, given } = this);
          if (!isSymbol) continue;
          ref = this.symbolRef;
          symbols[index] = symbol;
          symbolStacks[index] = stack;
          symbolMixes[index] = Math.imul(symbol ^ Math.imul(stack, STACK_HASH), SYMBOL_HASH) >>> MIX_SHIFT;
        }
      }
      const op = symbol & OP_MASK;
      const how = (symbol >>> HOW_SHIFT) & HOW_MASK;
      const value = symbol >>> VALUE_SHIFT;
      const szidx = op < MALLOC ? value : value >>> SZIDX_SHIFT;
      const isExplicit = ref !== NO_REF;
      if (op > CALLOC + 1 || (how === BY_REF) !== isExplicit) this.unpredicted(position, given);
      history = (history << KEPT_SHIFT) | symbolMixes[index]!;
      let address = 0;
      if (isExplicit) {
        const base = linear[ref >>> offsetBits]!;
        if (base === 0 || szidx >= CLASS_COUNT) {
          this.leave(position, runLeft, stack, history, given + 1);
          goOn = this.outside(sink, op, value, ref);
          given++;
          continue;
        }
        address = base + ((ref & offsetMask) << UNIT_SHIFT);
      }
      given++;
      if (op < MALLOC) {
        if (isExplicit) addresses.noteFreed(szidx, address);
        else address = addresses.free(szidx, how);
        goOn = sink.free(address, op, stack);
      } else {
        if (isExplicit) {
          addresses.findFreed(szidx, address);
          addresses.noteAllocated(szidx, address);
        } else address = addresses.allocate(szidx, how);
        goOn = sink.allocate(address, value + 1, op & 1, stack, op < CALLOC ? OP_MALLOC : OP_CALLOC);
      }
    }
    this.leave(position, runLeft, stack, history, given);
  }

  /**
   * To be asked at the end of a chunk.
   *
   * @throws {TraceDamagedError} when its last event, which the sink has, is not wholly in it.
   */
  checkEnd(): void {
    if (this.position > this.end) throw this.damage("the last event runs over the end of its chunk");
  }

  /** Puts the hot loop's variables where the other methods and the next call find them. */
  private leave(position: number, runLeft: number, stack: number, history: number, given: number): void {
    this.position = position;
    this.runLeft = runLeft;
    this.stack = stack;
    this.history = history;
    this.given = given;
  }

  private unpredicted(position: number, given: number): never {
    this.position = position;
    this.given = given;
    throw this.damage("an event was predicted that could not be");
  }

  /** A symbol that was not predicted; leaves its ref in {@link symbolRef}. */
  private readSymbol(head: number): number {
    const { bytes } = this;
    const op = head & OP_MASK;
    const how = (head >>> 4) & HOW_MASK;
    let p = this.position + 1;
    if ((head & STACK_FOLLOWS) !== 0) {
      const { reader } = this;
      reader.position = p;
      this.stack = this.readStack();
      p = reader.position;
    }
    let value = bytes[p++]!;
    if (value >= 0x80) value = (value & 0x7f) | (bytes[p++]! << 7);
    const isFree = op < SymbolOp.malloc;
    const sound = isFree
      ? value < CLASSES || (value === NO_CLASS && how === EXPLICIT)
      : value < SHORT_SIZE_MAX;
    if (!sound || op > SymbolOp.calloc + 1) throw this.damage("an event of a size that cannot be");
    this.symbolRef = NO_REF;
    if (how === EXPLICIT) {
      this.symbolRef = bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16);
      p += 3;
      if (this.symbolRef >= 1 << REF_BITS) throw this.damage("an address that cannot be");
    }
    this.position = p;
    return op | (how << SYMBOL_HOW_SHIFT) | (value << SYMBOL_VALUE_SHIFT);
  }

  /** An event whose address is in no arena. */
  private outside(sink: EventSink, op: number, value: number, ref: number): boolean {
    const { address } = this.refOf(ref);
    const isFree = op < SymbolOp.malloc;
    const operation = isFree ? Op.free : op < SymbolOp.calloc ? Op.malloc : Op.calloc;
    const sizeBytes = isFree ? 0 : value + 1;
    return sink.outside(operation, (Domain.obj - (op & 1)) as Domain, address, 0, sizeBytes, this.stack);
  }

  private rare(sink: EventSink, head: number): boolean {
    const { reader } = this;
    reader.position = this.position + 1;
    if (head === EventRecord.slot) return this.readSlot();
    if (head === EventRecord.old) return this.readOld();
    if (head === EventRecord.wide) return this.readWide(sink);
    if (head === EventRecord.context) return sink.context(this.readId(this.tables.contexts.length));
    if (head === EventRecord.arenaMap || head === EventRecord.arenaUnmap) return this.readArena(sink, head);
    const form = head & (OP_MASK - 1);
    if (head >= EventRecord.realloc && head < EventRecord.realloc + 16 && form <= ReallocForm.fresh) {
      return this.readRealloc(sink, head, form);
    }
    throw this.damage(`a record of the unknown kind ${head}`);
  }

  private readSlot(): true {
    const { reader } = this;
    const slot = reader.u8("a slot") | (reader.u8("a slot") << 8);
    if (slot >= this.slots.count) throw this.damage(`a slot of the number ${slot}`);
    let page = 0;
    for (let i = 0, scale = 1; i < 5; i++, scale *= 256) page += reader.u8("a page") * scale;
    const base = page * 2 ** this.pageShift;
    this.slots.define(slot, base, this.space.linearPage(base));
    this.position = reader.position;
    return true;
  }

  /** The old address is looked up at once: its slot may hold another page by the time of its realloc. */
  private readOld(): true {
    const { address, linear } = this.refOf(this.readRef());
    this.oldAddress = address;
    this.oldLinear = linear;
    this.position = this.reader.position;
    return true;
  }

  /** Takes a symbol into the history that the next one is predicted from. */
  private follow(symbol: number): void {
    const mixed = Math.imul(symbol ^ Math.imul(this.stack, STACK_HASH), SYMBOL_HASH);
    this.history = (this.history << KEPT_SHIFT) | (mixed >>> MIX_SHIFT);
  }

  private readRealloc(sink: EventSink, head: number, form: number): boolean {
    const { reader } = this;
    const domainBit = head & 1;
    if ((head & STACK_FOLLOWS) !== 0) this.stack = this.readStack();
    const sizeBytes = reader.varint("a size") + 1;
    if (sizeBytes > SHORT_SIZE_MAX) throw this.damage("a realloc of a size that cannot be");
    const { address, linear } = this.refOf(this.readRef());
    const isMoved = form === ReallocForm.moved;
    if (isMoved && this.oldAddress < 0) throw this.damage("a realloc does not say from where");
    const old = isMoved ? this.oldAddress : form === ReallocForm.kept ? address : 0;
    const oldLinear = isMoved ? this.oldLinear : form === ReallocForm.kept ? linear : 0;
    this.oldAddress = -1;
    this.position = reader.position;
    this.given++;
    this.follow(SymbolOp.realloc | (form << 2) | ((sizeBytes - 1) << SYMBOL_VALUE_SHIFT));
    if (form !== ReallocForm.kept && linear !== 0) {
      const szidx = (sizeBytes - 1) >>> CLASS_SHIFT;
      this.addresses.expectAllocated(szidx, linear);
      this.addresses.noteAllocated(szidx, linear);
    }
    if (linear !== 0 && old === 0) return sink.allocate(linear, sizeBytes, domainBit, this.stack, Op.realloc);
    if (linear !== 0 && oldLinear !== 0) {
      return sink.reallocate(linear, oldLinear, sizeBytes, domainBit, this.stack);
    }
    return sink.outside(Op.realloc, (Domain.obj - domainBit) as Domain, address, old, sizeBytes, this.stack);
  }

  private readWide(sink: EventSink): boolean {
    const { reader } = this;
    const head = reader.u8("an event");
    const op = (head & 3) as Op;
    const domain = (head >>> 2) & 3;
    if (domain > Domain.obj || head > 31) throw this.damage("an event of an unknown domain");
    if (head > 15) this.stack = this.readStack();
    const sizeBytes = op === Op.free ? 0 : reader.varint("a size");
    const address = reader.varint("an address");
    const old = op === Op.realloc ? reader.varint("an address") : 0;
    this.position = reader.position;
    this.given++;
    return sink.outside(op, domain as Domain, address, old, sizeBytes, this.stack);
  }

  private readArena(sink: EventSink, head: number): boolean {
    const id = this.readId(this.tables.arenas.length);
    this.slots.empty(this.tables.arenas[id]!);
    if (head === EventRecord.arenaMap) return sink.arenaMapped(id);
    this.addresses.forget();
    return sink.arenaUnmapped(id);
  }

  private readRef(): number {
    const { reader } = this;
    const low = reader.u8("an address") | (reader.u8("an address") << 8);
    const ref = low | (reader.u8("an address") << 16);
    if (ref >= 1 << REF_BITS) throw this.damage("an address that cannot be");
    return ref;
  }

  private refOf(ref: number): { readonly address: number; readonly linear: number } {
    const found = this.slots.addressOf(ref);
    if (found === undefined) throw this.damage("an event names a page that was not defined");
    return found;
  }

  private readStack(): number {
    const stack = this.reader.varint("a stack");
    if (stack >= this.tables.nodeParent.length) throw this.damage(`the stack ${stack}, which is not defined`);
    return stack;
  }

  private readId(known: number): number {
    const id = this.reader.varint("an id");
    if (id === 0 || id >= known) throw this.damage(`the id ${id}, which is not defined`);
    this.position = this.reader.position;
    return id;
  }

  private damage(what: string): TraceDamagedError {
    const { fileOffset } = this.reader;
    return new TraceDamagedError(`Damaged trace: ${what}.`, fileOffset + Math.min(this.position, this.end));
  }
}
