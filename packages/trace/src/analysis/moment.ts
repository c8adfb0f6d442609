// Which moment of a recording a question is about.

import { TraceCutError, TraceDamagedError, type TraceError, TraceQuestionError } from "../errors.ts";
import type { TraceReader } from "../format/reader.ts";
import { type Mark, MarkKind } from "../format/tables.ts";

/** A moment: the state after the events before `event`. */
export interface Moment {
  readonly event: number;
  /** Such as `marker "after load"`, `start of shutdown`, `end`, `event 1000`. */
  readonly name: string;
  readonly mark: Mark | undefined;
}

/**
 * The moment that `at` names: a marker's label (the last one of that label), `shutdown`, `end`, or an event's number.
 * Without `at`: the last marker of the program, else the start of shutdown, else the end.
 *
 * @throws {TraceQuestionError} when there is no such moment; the message lists those there are.
 * @throws {TraceError} when the trace is cut or damaged before its first event.
 */
export function momentOf(trace: TraceReader, at?: string): Moment {
  if (trace.eventCount === 0 && trace.end === undefined) throw nothingIn(trace);
  const { marks } = trace.tables;
  const user = marks.filter((mark) => mark.kind === MarkKind.user);
  const shutdown = marks.findLast((mark) => mark.kind === MarkKind.shutdown);
  const end: Moment = { event: trace.eventCount, name: "end", mark: undefined };
  if (at === undefined) {
    const mark = user.at(-1) ?? shutdown;
    return mark === undefined ? end : momentOfMark(mark);
  }
  const labelled = user.findLast((mark) => mark.label === at);
  if (labelled !== undefined) return momentOfMark(labelled);
  if (at === "end") return end;
  if (at === "shutdown" && shutdown !== undefined) return momentOfMark(shutdown);
  if (/^\d+$/.test(at)) {
    const event = Number(at);
    if (event <= trace.eventCount) return { event, name: `event ${event}`, mark: undefined };
    throw new TraceQuestionError(
      `There is no event ${event}: the recording has events 0 to ${trace.eventCount}.`,
    );
  }
  const labels = [...new Set(user.map((mark) => JSON.stringify(mark.label)))];
  throw new TraceQuestionError(`The recording has no moment ${JSON.stringify(at)}.`, {
    details: [
      labels.length > 0 ? `Its markers: ${labels.join(", ")}.` : "It has no markers.",
      `Also possible: end${shutdown === undefined ? "" : ", shutdown"}, or an event from 0 to ${trace.eventCount}.`,
    ],
  });
}

/** A recording that stops before its first event: every question would be answered from nothing. */
function nothingIn({ damage }: TraceReader): TraceError {
  const details = ["None of the program's events are in it: there is nothing to ask about. Record it again."];
  if (damage === undefined)
    return new TraceCutError("The recording stops before its first event.", 0, { details });
  const Kind = damage instanceof TraceCutError ? TraceCutError : TraceDamagedError;
  return new Kind(damage.sentence, damage.byteOffset, { details, cause: damage });
}

function momentOfMark(mark: Mark): Moment {
  const name = mark.kind === MarkKind.shutdown ? "start of shutdown" : `marker ${JSON.stringify(mark.label)}`;
  return { event: mark.event, name, mark };
}
