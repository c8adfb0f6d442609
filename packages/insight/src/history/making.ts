// How memory that grows is made: by a function that is called again and again, and leaves something each time; or by one loop, of
// the module or of a function that is still in its first call. The events of a few places tell: they have their stacks.

import {
  DenseArenas,
  type Domain,
  EventFeed,
  type EventSink,
  type Op,
  type Stacks,
  type Tables,
} from "@obmalloc/trace";
import type { Examination } from "./examine.ts";
import type { StackTally } from "./tally.ts";

/** Each of many calls left something; a loop of a module's own lines did; or one function, or one line, in a single go. */
export type Making = "call-by-call" | "loop" | "one-go";

/** Places that are looked at, and events at each. */
const PLACES = 6;
const PLACE_EVENTS = 8192;
/** A function that is entered so often was not entered to build one thing. */
const ENTRIES_MIN = 4;
/** Smaller blocks outside of pools are no list or table that all the others hang on. */
const CONTAINER_MIN_BYTES = 4096;
/** Where there is none: the outermost of the stacks that made this share of the growth. */
const SHARE = 0.15;

/**
 * How `grown`, which is what stacks grew by lately, was made since event `from`; and the stack that the judgement is about.
 *
 * @param isShort so little was made that calls cannot be told from rounds of a loop.
 */
export function makingOf(
  examination: Examination,
  grown: StackTally,
  from: number,
  isShort: boolean,
): { readonly making: Making; readonly stack: number } {
  const { tables } = examination.trace;
  const stack = containerStack(examination, grown) ?? outermostStack(tables, grown);
  const watch = new CallWatch(examination, ownFrame(tables, stack));
  for (const [start, end] of places(examination, from)) watchEvents(examination, watch, start, end);
  if (watch.entries >= ENTRIES_MIN) return { making: "call-by-call", stack };
  const isModule = tables.codes[tables.nodeCode.at(watch.frame)]?.name === "<module>";
  const isLoop = (isModule || isShort) && watch.lineChanges >= ENTRIES_MIN;
  return { making: isLoop ? "loop" : "one-go", stack };
}

/** The stack of the largest block outside of pools, of those that grew: a list's items, a dictionary's table. */
function containerStack({ replay }: Examination, grown: StackTally): number | undefined {
  let largest = CONTAINER_MIN_BYTES;
  let found: number | undefined;
  replay.machine.outsideBlocks.each((sizeBytes, stack) => {
    if (sizeBytes <= largest || !(grown.outside[stack]! > 0)) return;
    largest = sizeBytes;
    found = stack;
  });
  return found;
}

function outermostStack({ nodeParent }: Tables, { inPools, outside }: StackTally): number {
  const bytes = inPools.map((one, stack) => Math.max(0, one + outside[stack]!));
  const least = bytes.reduce((sum, one) => sum + one, 0) * SHARE;
  let best = 0;
  let bestDepth = Number.POSITIVE_INFINITY;
  for (let stack = 1; stack < bytes.length; stack++) {
    if (bytes[stack]! < least) continue;
    let depth = 0;
    for (let node = stack; node !== 0; node = nodeParent.at(node)) depth++;
    if (depth > bestDepth || (depth === bestDepth && bytes[stack]! <= bytes[best]!)) continue;
    best = stack;
    bestDepth = depth;
  }
  return best;
}

/** The node of the innermost frame; of a function that calls itself, the outermost call. */
function ownFrame({ nodeParent, nodeCode }: Tables, stack: number): number {
  let frame = stack;
  for (let node = stack; node !== 0; node = nodeParent.at(node))
    if (nodeCode.at(node) === nodeCode.at(stack)) frame = node;
  return frame;
}

/** Ranges of events, at the beginning of chunks where there are enough of them. */
function places({ trace, moment }: Examination, from: number): [start: number, end: number][] {
  const chunks = trace.eventChunks.filter(
    (chunk) => chunk.firstEvent + chunk.eventCount > from && chunk.firstEvent < moment.event,
  );
  const count = Math.min(PLACES, chunks.length);
  return Array.from({ length: count }, (_, i) => {
    const chunk = chunks[Math.floor((i * chunks.length) / count)]!;
    const start = Math.max(from, chunk.firstEvent);
    return [start, Math.min(start + PLACE_EVENTS, chunk.firstEvent + chunk.eventCount, moment.event)];
  });
}

/** Where a stack is, as seen from a frame: not within it, at one of its own lines, or in something that it called. */
const OUTSIDE = 0;
const BELOW = -1;

/** Counts how often a frame is entered anew, by thread, and how often it goes from one of its lines to another. */
class CallWatch {
  entries = 0;
  lineChanges = 0;
  readonly frame: number;
  private readonly tables: Tables;
  private readonly stacks: Stacks;
  /** By stack: one of the above, or the line. */
  private readonly places = new Map<number, number>();
  private readonly wasWithin = new Map<number, boolean>();
  private line = 0;

  constructor({ trace, stacks }: Examination, frame: number) {
    this.tables = trace.tables;
    this.stacks = stacks;
    this.frame = frame;
  }

  /** At the beginning of a place nothing is known of what was before. */
  begin(): void {
    this.wasWithin.clear();
  }

  see(thread: number, stack: number): void {
    if (stack === 0) return;
    const place = this.placeOf(stack);
    const within = place !== OUTSIDE;
    if (within && this.wasWithin.get(thread) === false) this.entries++;
    this.wasWithin.set(thread, within);
    if (place <= 0 || place === this.line) return;
    this.line = place;
    this.lineChanges++;
  }

  private placeOf(stack: number): number {
    let place = this.places.get(stack);
    if (place === undefined) {
      place = this.search(stack);
      this.places.set(stack, place);
    }
    return place;
  }

  /** The frame may be at another line than in the stack that it was taken from: its caller and its code are the same. */
  private search(stack: number): number {
    const { nodeParent, nodeCode } = this.tables;
    const parent = nodeParent.at(this.frame);
    const code = nodeCode.at(this.frame);
    for (let node = stack; node !== 0; node = nodeParent.at(node)) {
      if (nodeParent.at(node) !== parent || nodeCode.at(node) !== code) continue;
      return node === stack ? (this.stacks.innermost(stack)?.line ?? BELOW) : BELOW;
    }
    return OUTSIDE;
  }
}

/** Shows a range of events to a watch. */
class WatchSink implements EventSink {
  readonly space: DenseArenas;
  private readonly tables: Tables;
  private readonly watch: CallWatch;
  private readonly from: number;
  private event: number;
  private thread = 0;

  constructor(examination: Examination, watch: CallWatch, event: number, from: number) {
    const { tables, info } = examination.trace;
    this.tables = tables;
    this.watch = watch;
    this.event = event;
    this.from = from;
    this.space = new DenseArenas(tables, info.pageShift);
    for (const id of tables.arenasAt(event)) this.space.map(id);
  }

  allocate(_address: number, _sizeBytes: number, _domainBit: number, stack: number): boolean {
    return this.see(stack);
  }

  free(_address: number, _domainBit: number, stack: number): boolean {
    return this.see(stack);
  }

  reallocate(_address: number, _old: number, _sizeBytes: number, _domainBit: number, stack: number): boolean {
    return this.see(stack);
  }

  outside(_op: Op, _domain: Domain, _address: number, _old: number, _size: number, stack: number): boolean {
    return this.see(stack);
  }

  context(id: number): boolean {
    this.thread = this.tables.contexts[id]!.threadId;
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

  private see(stack: number): boolean {
    if (this.event++ >= this.from) this.watch.see(this.thread, stack);
    return true;
  }
}

function watchEvents(examination: Examination, watch: CallWatch, start: number, end: number): void {
  const { trace } = examination;
  const chunk = trace.eventChunks.findLastIndex(({ firstEvent }) => firstEvent <= start);
  const first = trace.eventChunks[chunk]!.firstEvent;
  const sink = new WatchSink(examination, watch, first, start);
  const feed = EventFeed.fromChunk(trace, sink.space, chunk);
  watch.begin();
  for (let done = first; done < end && feed.run(sink, end - done); ) done += feed.eventsGiven;
}
