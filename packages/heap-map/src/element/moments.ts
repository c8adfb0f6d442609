// The moments that a scrubber goes through: steps of an engine, every event of a tape, or those of its film.

import { countText } from "../format.ts";
import type { Frame } from "../frames/frame.ts";
import type { HeapTape } from "../tape/heap-tape.ts";

export interface Moments {
  readonly count: number;
  /** What the address of a page calls a moment, and the events of an element. */
  eventOf(index: number): number;
  /** The moment nearest to an event. */
  indexOf(event: number): number;
  /** Such as `event 1,234 of 5,678`. */
  textOf(index: number): string;
  readonly marks: readonly { readonly event: number; readonly label: string }[];
  /** Moments of one picture while playing, and milliseconds between pictures. */
  readonly play: { readonly moments: number; readonly everyMs: number };
}

const PICTURES_OF_A_PLAY = 400;
const STEP_MS = 900;
const EVENT_MS = 40;
const FILM_MS = 160;

export function momentsOfFrames(frames: readonly Frame[]): Moments {
  return {
    count: frames.length,
    eventOf: (index) => index,
    indexOf: (event) => event,
    textOf: (index) => `step ${index} of ${frames.length - 1}`,
    marks: [],
    play: { moments: 1, everyMs: STEP_MS },
  };
}

export function momentsOfTape({ film, firstEvent, lastEvent, marks }: HeapTape): Moments {
  const last = countText(lastEvent);
  if (film === undefined) {
    const count = lastEvent - firstEvent + 1;
    return {
      count,
      eventOf: (index) => firstEvent + index,
      indexOf: (event) => event - firstEvent,
      textOf: (index) => `event ${countText(firstEvent + index)} of ${last}`,
      marks: marks.filter(({ event }) => event >= firstEvent && event <= lastEvent),
      play: { moments: Math.max(1, Math.ceil(count / PICTURES_OF_A_PLAY)), everyMs: EVENT_MS },
    };
  }
  const { moments } = film;
  const indexOf = (event: number) =>
    moments.reduce(
      (best, one, index) =>
        Math.abs(one.event - event) < Math.abs(moments[best]!.event - event) ? index : best,
      0,
    );
  return {
    count: moments.length,
    eventOf: (index) => moments[index]!.event,
    indexOf,
    textOf: (index) => `event ${countText(moments[index]!.event)} of ${last}`,
    marks,
    play: { moments: 1, everyMs: FILM_MS },
  };
}
