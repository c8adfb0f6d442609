// The last events of a tape before a moment, in words.

import { addressText, countText } from "../format.ts";
import { stackLines } from "./heap-tape.ts";
import type { TapeHeap } from "./tape-heap.ts";
import { lowerBound } from "./tape-state.ts";

const LINES = 20;

/** Births and deaths up to the moment, the latest last. */
export function tapeLog(heap: TapeHeap): { readonly call: string; readonly text: string }[] {
  const { lives, stacks } = heap.tape;
  const { born, died, deaths, sizeBytes, stack } = lives;
  let b = lowerBound(born.length, heap.event, (index) => born[index]!);
  let d = lowerBound(deaths.length, heap.event, (index) => died[deaths[index]!]!);
  const found: { call: string; text: string }[] = [];
  while (found.length < LINES && (b > 0 || d > 0)) {
    const isDeath = d > 0 && (b === 0 || died[deaths[d - 1]!]! > born[b - 1]!);
    const life = isDeath ? deaths[--d]! : --b;
    if (sizeBytes[life] === 0) continue;
    const address = addressText(heap.addressOf(life));
    const line = stackLines(stacks, stack[life]!)[0] ?? "no Python code";
    found.push(
      isDeath
        ? {
            call: `event ${countText(died[life]!)}: free ${address}`,
            text: `${sizeBytes[life]} bytes, born at event ${countText(born[life]!)}`,
          }
        : { call: `event ${countText(born[life]!)}: ${sizeBytes[life]} bytes at ${address}`, text: line },
    );
  }
  return found.reverse();
}
