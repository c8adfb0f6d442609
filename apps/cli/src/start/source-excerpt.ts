// A few lines of a source file around one of them.

import { readFileSync } from "node:fs";

export interface SourceLine {
  readonly number: number;
  readonly text: string;
  readonly isTheLine: boolean;
}

const BEFORE = 2;

/** The line `line` (from 1) of `file` and two before it, moved left as far as they go; nothing where there is none. */
export function sourceExcerpt(file: string, line: number): SourceLine[] {
  const lines = readFileSync(file, "utf8").split("\n");
  if (line > lines.length) return [];
  const first = Math.max(1, line - BEFORE);
  const shown = lines.slice(first - 1, line);
  const indents = shown.filter((text) => text.trim() !== "").map((text) => text.search(/\S/));
  const indent = Math.min(...indents);
  return shown.map((text, index) => ({
    number: first + index,
    text: text.slice(indent),
    isTheLine: first + index === line,
  }));
}
