// The stacks of a trace as a tape has them: each line once, as text.

import type { Frame, Stacks, Tables } from "@obmalloc/trace";
import type { Tape } from "./tape.ts";

/** All stacks of a trace; with `used`, only those that it holds and what they were called from. */
export function tapeStacks(
  tables: Tables,
  stacks: Stacks,
  lineText: (frame: Frame) => string,
  used?: ReadonlySet<number>,
): { readonly stacks: Tape["stacks"]; readonly numberOf: (stack: number) => number } {
  const count = tables.nodeCode.length;
  const numbers = new Uint32Array(count);
  const wanted = new Uint8Array(count);
  if (used === undefined) wanted.fill(1);
  else
    for (const stack of used)
      for (let node = stack; node !== 0 && wanted[node] === 0; node = tables.nodeParent.at(node))
        wanted[node] = 1;
  const parent: number[] = [0];
  const line: number[] = [0];
  const lines: string[] = [];
  const lineNumbers = new Map<string, number>();
  for (let node = 1; node < count; node++) {
    if (wanted[node] === 0) continue;
    const frame = stacks.innermost(node);
    const text = frame === undefined ? "?" : lineText(frame);
    let number = lineNumbers.get(text);
    if (number === undefined) {
      number = lines.length;
      lineNumbers.set(text, number);
      lines.push(text);
    }
    numbers[node] = parent.length;
    parent.push(numbers[tables.nodeParent.at(node)]!); // a stack is defined after what it was called from
    line.push(number);
  }
  return {
    stacks: { parent: Uint32Array.from(parent), line: Uint32Array.from(line), lines },
    numberOf: (stack) => numbers[stack] ?? 0,
  };
}
