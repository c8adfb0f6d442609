// Decoded events as 32-bit words: what one thread decodes, another one gives to its sink.
//
// A record begins with a code in its four low bits. Addresses of blocks in arenas are multiples of 16, so that they share
// a word with it; a stack and a size below 513 share another one.
//
//   free, allocation     │ address + code │ stack, size - 1 │
//   realloc of a block   │ address + code │ stack, size - 1 │ old address │
//   outside              │ code, op, domain │ stack │ address, low │ high │ old address, low │ high │ size, low │ high │
//   context, arena       │ code │ id │

import type { Domain, Op } from "../format/constants.ts";
import { CLASS_SHIFT, SHORT_SIZE_MAX } from "../format/constants.ts";
import type { EventSink } from "../format/event-sink.ts";

// Codes, of this module, so that V8 folds them. 0 is a free, then come the operations that allocate: 2 a malloc, 4 a calloc, 6 a
// realloc of NULL. The low bit of the first five is the mem domain.
const ALLOCATION = 2;
const REALLOC = 8;
const OUTSIDE = 10;
const CONTEXT = 11;
const ARENA_MAPPED = 12;
const ARENA_UNMAPPED = 13;
const CODE_MASK = 15;
const OP_SHIFT = 4;
const DOMAIN_SHIFT = 6;
const SIZE_SHIFT = Math.log2(SHORT_SIZE_MAX);
const SIZE_MASK = SHORT_SIZE_MAX - 1;
const HIGH = 2 ** 32;

/** Words of the longest record. */
export const RECORD_WORDS_MAX = 8;
/** Traces with more stacks than this do not fit into the words. */
export const PACKED_STACKS_MAX = 2 ** (32 - SIZE_SHIFT);

// An address of a block has room for a code because it is a multiple of this.
if (CODE_MASK >= 1 << CLASS_SHIFT) throw new Error("codes do not fit below addresses");

const NO_WORDS = new Uint32Array(0);

/** A sink that packs what it is given; it says stop when the words are full. */
export class EventPacker implements EventSink {
  /** Words used, from the first on. */
  length = 0;
  private words: Uint32Array = new Uint32Array(0);
  private full = 0;
  /** Where the records begin and end that are no events and were packed last. */
  private tailStart = 0;
  private tailEnd = -1;

  /** Goes on in other words, many times {@link RECORD_WORDS_MAX}, behind `head`. */
  packInto(words: Uint32Array, head: Uint32Array = NO_WORDS): void {
    words.set(head);
    this.words = words;
    this.length = head.length;
    this.full = words.length - RECORD_WORDS_MAX;
    this.tailStart = 0;
    this.tailEnd = head.length;
  }

  /** Takes back what follows the last event. */
  takeTail(): Uint32Array {
    if (this.tailEnd !== this.length) return NO_WORDS;
    const tail = this.words.slice(this.tailStart, this.length);
    this.length = this.tailStart;
    return tail;
  }

  allocate(address: number, sizeBytes: number, domainBit: number, stack: number, op: Op): boolean {
    const at = this.length;
    this.words[at] = address | ((op << 1) + ALLOCATION) | domainBit;
    this.words[at + 1] = (stack << SIZE_SHIFT) | (sizeBytes - 1);
    this.length = at + 2;
    return at + 2 <= this.full;
  }

  free(address: number, domainBit: number, stack: number): boolean {
    const at = this.length;
    this.words[at] = address | domainBit;
    this.words[at + 1] = stack << SIZE_SHIFT;
    this.length = at + 2;
    return at + 2 <= this.full;
  }

  reallocate(address: number, old: number, sizeBytes: number, domainBit: number, stack: number): boolean {
    this.put(address | REALLOC | domainBit, (stack << SIZE_SHIFT) | (sizeBytes - 1));
    this.words[this.length++] = old;
    return this.length <= this.full;
  }

  outside(op: Op, domain: Domain, address: number, old: number, sizeBytes: number, stack: number): boolean {
    this.put(OUTSIDE | (op << OP_SHIFT) | (domain << DOMAIN_SHIFT), stack);
    this.put(address, Math.floor(address / HIGH));
    this.put(old, Math.floor(old / HIGH));
    return this.put(sizeBytes, Math.floor(sizeBytes / HIGH));
  }

  context(id: number): boolean {
    return this.putBetween(CONTEXT, id);
  }

  arenaMapped(id: number): boolean {
    return this.putBetween(ARENA_MAPPED, id);
  }

  arenaUnmapped(id: number): boolean {
    return this.putBetween(ARENA_UNMAPPED, id);
  }

  private putBetween(code: number, id: number): boolean {
    if (this.tailEnd !== this.length) this.tailStart = this.length;
    this.put(code, id);
    this.tailEnd = this.length;
    return this.length <= this.full;
  }

  private put(first: number, second: number): boolean {
    this.words[this.length++] = first;
    this.words[this.length++] = second;
    return this.length <= this.full;
  }
}

/** Gives a sink what an {@link EventPacker} has packed. */
export class EventUnpacker {
  /** Events given in the last call of {@link run}. */
  given = 0;
  private words: Uint32Array = new Uint32Array(0);
  private at = 0;

  /** Goes on with other words. */
  unpackFrom(words: Uint32Array): void {
    this.words = words;
    this.at = 0;
  }

  get atEnd(): boolean {
    return this.at >= this.words.length;
  }

  /** As a decoder's: up to `maxEvents` events, up to the end of the words, or to the event at which the sink says stop. */
  run(sink: EventSink, maxEvents: number): void {
    const { words } = this;
    const end = words.length;
    let { at } = this;
    let given = 0;
    let goOn = true;
    while (goOn && given < maxEvents && at < end) {
      const head = words[at]!;
      const code = head & CODE_MASK;
      if (code >= REALLOC) {
        this.at = at;
        goOn = this.rare(sink, head);
        at = this.at;
        if (code <= OUTSIDE) given++;
        continue;
      }
      const detail = words[at + 1]!;
      at += 2;
      given++;
      const address = (head - code) >>> 0;
      if (code < ALLOCATION) goOn = sink.free(address, code, detail >>> SIZE_SHIFT);
      else {
        const op = ((code - ALLOCATION) >> 1) as Op;
        goOn = sink.allocate(address, (detail & SIZE_MASK) + 1, code & 1, detail >>> SIZE_SHIFT, op);
      }
    }
    this.at = at;
    this.given = given;
  }

  private rare(sink: EventSink, head: number): boolean {
    const { words, at } = this;
    const code = head & CODE_MASK;
    const second = words[at + 1]!;
    if (code < OUTSIDE) {
      this.at = at + 3;
      const address = (head - code) >>> 0;
      return sink.reallocate(
        address,
        words[at + 2]!,
        (second & SIZE_MASK) + 1,
        code & 1,
        second >>> SIZE_SHIFT,
      );
    }
    if (code === OUTSIDE) {
      this.at = at + RECORD_WORDS_MAX;
      const op = ((head >>> OP_SHIFT) & 3) as Op;
      const domain = (head >>> DOMAIN_SHIFT) as Domain;
      return sink.outside(op, domain, this.wide(at + 2), this.wide(at + 4), this.wide(at + 6), second);
    }
    this.at = at + 2;
    if (code === CONTEXT) return sink.context(second);
    return code === ARENA_MAPPED ? sink.arenaMapped(second) : sink.arenaUnmapped(second);
  }

  private wide(at: number): number {
    return this.words[at]! + this.words[at + 1]! * HIGH;
  }
}
