// Where a replay gets its events from: a decoder of its own, or another thread's.

import type { TraceError } from "../errors.ts";
import type { EventSink } from "./event-sink.ts";

/** The events of a trace, in order, from its beginning. */
export interface EventSupply {
  /** Why it stopped for good, where the trace is damaged or cut. What came before is sound. */
  readonly damage: TraceError | undefined;
  /** False while {@link run} would wait for another thread; undefined where there is none. */
  readonly isReady?: boolean;
  /** How many events the last call of {@link run} gave. */
  readonly eventsGiven: number;
  /** Gives up to `maxEvents` events, or fewer, but at least one record; false when there are no more. */
  run(sink: EventSink, maxEvents: number): boolean;
}
