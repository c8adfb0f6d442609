// Tables without lines: columns two spaces apart, headings dim.

import Table from "cli-table3";
import stringWidth from "string-width";
import type { Colors } from "./terminal.ts";

export interface Column {
  readonly heading: string;
  readonly align?: "left" | "right";
}

const NO_LINES = Object.fromEntries(
  ["top", "bottom", "mid", "left", "right"].flatMap((side) => [
    [side, ""],
    [`${side}-mid`, ""],
    [`${side}-left`, ""],
    [`${side}-right`, ""],
  ]),
);

/** The lines of a table; cells may hold colours. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  colors: Colors,
): string[] {
  const table = new Table({
    head: columns.map(({ heading }) => colors.dim(heading)),
    colAligns: columns.map(({ align = "left" }) => align),
    chars: { ...NO_LINES, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0, compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}

/** `text`, or its end after an ellipsis when it is wider than `width` columns: of a path, the end says most. */
export function fitEnd(text: string, width: number, ellipsis: string): string {
  if (stringWidth(text) <= width) return text;
  const characters = [...text];
  const room = width - ellipsis.length;
  let used = 0;
  let start = characters.length;
  while (start > 0) {
    used += stringWidth(characters[start - 1]!);
    if (used > room) break;
    start--;
  }
  return ellipsis + characters.slice(start).join("");
}
