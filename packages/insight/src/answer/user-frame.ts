// The line that a reader can edit: the innermost one outside of the standard library and installed packages.

import type { Frame, Stacks } from "@obmalloc/trace";

const LIBRARY = /^<frozen |[/\\](?:lib|lib64)[/\\]python\d|[/\\](?:site|dist)-packages[/\\]/i;

/** The frame of `stack` that is the program's own; the innermost where all are library code. */
export function userFrame(stacks: Stacks, stack: number): Frame | undefined {
  const frames = stack === 0 ? [] : stacks.frames(stack);
  return frames.find((frame) => !LIBRARY.test(frame.file)) ?? frames[0];
}

/** Whether the importing of modules made this allocation. */
export function isImport(stacks: Stacks, stack: number): boolean {
  return stack !== 0 && stacks.frames(stack).some((frame) => frame.file.startsWith("<frozen importlib"));
}
