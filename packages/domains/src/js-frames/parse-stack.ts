// `Error.stack` in words: V8 writes "    at name (file:1:2)", Firefox and Safari "name@file:1:2".

/** A place in the code that runs, before any source map. */
export interface CodePosition {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The function; undefined at the top of a module. */
  readonly name: string | undefined;
}

const V8_LINE = /^\s*at (?:(.*?) \()?(.*?):(\d+):(\d+)\)?$/;
const OTHER_LINE = /^(.*?)@(.*):(\d+):(\d+)$/;

/** The calls of a stack, the most recent one first; lines without a place, such as those of native functions, are left out. */
export function parseStack(stack: string): CodePosition[] {
  const positions: CodePosition[] = [];
  for (const text of stack.split("\n")) {
    const match = V8_LINE.exec(text) ?? OTHER_LINE.exec(text);
    if (match === null) continue;
    const [, name, file, line, column] = match;
    const isNamed = name !== undefined && name !== "" && name !== "async";
    positions.push({
      file: file!.replace(/^async /, ""),
      line: Number(line),
      column: Number(column),
      name: isNamed ? name.replace(/^async /, "") : undefined,
    });
  }
  return positions;
}
