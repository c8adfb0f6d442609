// The recorded operations as a stream for a real malloc: no addresses, but numbers of slots that live blocks have.

import {
  columnOf,
  DenseArenas,
  type Domain,
  EventFeed,
  type EventSink,
  Op,
  type TraceReader,
} from "@obmalloc/trace";

const UNIT_SHIFT = 4;
const STEP_EVENTS = 1 << 12;
/** Words for each operation: the operation in the two high bits of the first, the slot below; the size in the second. */
const WORDS = 2;
/** An event is at most an operation and a free. */
const BUFFER_WORDS = STEP_EVENTS * WORDS * 2;
const OPERATION_SHIFT = 30;

class SlotSink implements EventSink {
  readonly space: DenseArenas;
  readonly words = new Uint32Array(BUFFER_WORDS);
  length = 0;
  /** Slot + 1 by dense address / 16, and by recorded address outside of arenas. */
  private readonly inside: Uint32Array;
  private readonly outsideSlots = new Map<number, number>();
  private readonly vacant: number[] = [];
  private slots = 0;

  constructor(trace: TraceReader) {
    this.space = new DenseArenas(trace.tables, trace.info.pageShift);
    this.inside = columnOf(this.space.end >>> UNIT_SHIFT);
  }

  allocate(address: number, sizeBytes: number, _domainBit: number, _stack: number, op: Op): boolean {
    this.inside[address >>> UNIT_SHIFT] = this.begin(op === Op.realloc ? Op.malloc : op, sizeBytes) + 1;
    return true;
  }

  free(address: number, _domainBit: number, _stack: number): boolean {
    this.end(this.takeInside(address));
    return true;
  }

  reallocate(address: number, old: number, sizeBytes: number, _domainBit: number, _stack: number): boolean {
    this.inside[address >>> UNIT_SHIFT] = this.resize(this.takeInside(old), sizeBytes) + 1;
    return true;
  }

  outside(op: Op, _domain: Domain, address: number, old: number, sizeBytes: number, _stack: number): boolean {
    if (op === Op.free) this.end(this.takeAny(address));
    else if (address !== 0) {
      const slot = op === Op.realloc && old !== 0 ? this.takeAny(old) : -1;
      const now = op === Op.realloc ? this.resize(slot, sizeBytes) : this.begin(op, sizeBytes);
      this.outsideSlots.set(address, now);
    }
    return true;
  }

  context(): boolean {
    return true;
  }

  arenaMapped(id: number): boolean {
    this.space.map(id);
    return true;
  }

  arenaUnmapped(id: number): boolean {
    this.space.unmap(id);
    return true;
  }

  private begin(op: Op, sizeBytes: number): number {
    const slot = this.vacant.pop() ?? this.slots++;
    this.write(op, slot, sizeBytes);
    return slot;
  }

  private resize(slot: number, sizeBytes: number): number {
    if (slot < 0) return this.begin(Op.malloc, sizeBytes);
    this.write(Op.realloc, slot, sizeBytes);
    return slot;
  }

  private end(slot: number): void {
    if (slot < 0) return;
    this.write(Op.free, slot, 0);
    this.vacant.push(slot);
  }

  private write(op: Op, slot: number, sizeBytes: number): void {
    this.words[this.length++] = (op << OPERATION_SHIFT) | slot;
    this.words[this.length++] = Math.min(sizeBytes, 0xffffffff);
  }

  private takeInside(address: number): number {
    const unit = address >>> UNIT_SHIFT;
    const slot = this.inside[unit]! - 1;
    this.inside[unit] = 0;
    return slot;
  }

  private takeAny(recorded: number): number {
    const { pageBytes } = this.space;
    const offset = recorded % pageBytes;
    const page = this.space.linearPage(recorded - offset);
    if (page !== 0) return this.takeInside(page + offset);
    const slot = this.outsideSlots.get(recorded);
    if (slot === undefined) return -1;
    this.outsideSlots.delete(recorded);
    return slot;
  }
}

/**
 * All operations before `event`, in pieces: pairs of 32-bit words, the operation (0 malloc, 1 calloc, 2 realloc, 3 free) in the
 * two high bits of the first with the slot below, and the size in bytes. A piece is overwritten by the next.
 */
export function* mallocStream(trace: TraceReader, event: number): Generator<Uint32Array> {
  const sink = new SlotSink(trace);
  const feed = new EventFeed(trace, sink.space);
  for (let done = 0; done < event && feed.run(sink, Math.min(STEP_EVENTS, event - done)); ) {
    done += feed.eventsGiven;
    yield sink.words.subarray(0, sink.length);
    sink.length = 0;
  }
}
