// The line that a reader can edit: the innermost one outside of the standard library and installed packages.

import type { Frame, Stacks, Tables } from "@obmalloc/trace";

const LIBRARY = /^<frozen |[/\\](?:lib|lib64)[/\\]python\d|[/\\](?:site|dist)-packages[/\\]/i;

/** Whether a file is of the standard library or of an installed package. */
export const isLibraryFile = (file: string): boolean => LIBRARY.test(file);

/** The frame of `stack` that is the program's own; the innermost where all are library code. */
export function userFrame(stacks: Stacks, stack: number): Frame | undefined {
  const frames = stack === 0 ? [] : stacks.frames(stack);
  return frames.find((frame) => !isLibraryFile(frame.file)) ?? frames[0];
}

/** By tables: growth and verdict ask more than once. */
const importStacksOf = new WeakMap<Tables, Uint8Array>();

/** One flag for each stack: whether the importing of modules made its allocations. */
export function importStacks(tables: Tables): Uint8Array {
  const known = importStacksOf.get(tables);
  if (known !== undefined) return known;
  const flags = findImportStacks(tables);
  importStacksOf.set(tables, flags);
  return flags;
}

function findImportStacks({ nodeParent, nodeCode, codes }: Tables): Uint8Array {
  const isImport = codes.map((code) => code.file.startsWith("<frozen importlib"));
  const flags = new Uint8Array(nodeCode.length);
  // A caller's node is defined before the nodes of what it calls.
  for (let node = 1; node < flags.length; node++) {
    flags[node] = isImport[nodeCode.at(node)] ? 1 : flags[nodeParent.at(node)]!;
  }
  return flags;
}
