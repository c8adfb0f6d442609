// One decoder for several sinks: events are decoded once, batch by batch, and given to each sink in turn.

import type { TraceError } from "../errors.ts";
import { EventFeed } from "../format/event-feed.ts";
import type { EventSink } from "../format/event-sink.ts";
import type { TraceReader } from "../format/reader.ts";
import { BATCH_WORDS, canPack } from "./event-ring.ts";
import { PackingSink } from "./fill-ring.ts";
import { EventUnpacker } from "./packed-events.ts";

/**
 * Gives all events before `event` to each of `sinks`; addresses are those of `DenseArenas`. A sink that says stop gets no more of
 * the present batch.
 *
 * @param onProgress called now and then with the events so far.
 * @returns why it stopped before, where the trace is damaged or cut. What came before is sound.
 */
export function feedAll(
  trace: TraceReader,
  sinks: readonly EventSink[],
  event: number,
  onProgress?: (events: number) => void,
): TraceError | undefined {
  if (!canPack(trace.tables.nodeCode.length)) {
    throw new RangeError(
      "This trace has more stacks than packed events can name: give its events to one sink at a time.",
    );
  }
  const packing = new PackingSink(trace);
  const feed = new EventFeed(trace, packing.space);
  const words = new Uint32Array(BATCH_WORDS);
  const unpackers = sinks.map(() => new EventUnpacker());
  for (let done = 0, next = PROGRESS_EVENTS; done < event; ) {
    packing.packInto(words);
    if (!feed.run(packing, Math.min(BATCH_WORDS, event - done))) break;
    done += feed.eventsGiven;
    const batch = words.subarray(0, packing.length);
    for (const [index, sink] of sinks.entries()) {
      unpackers[index]!.unpackFrom(batch);
      unpackers[index]!.run(sink, BATCH_WORDS);
    }
    if (done < next) continue;
    next += PROGRESS_EVENTS;
    onProgress?.(done);
  }
  return feed.damage;
}

const PROGRESS_EVENTS = 1 << 17;
