// Tables without lines: columns two spaces apart, headings dim.

import stringWidth from "fast-string-width";
import table from "text-table";
import type { Colors } from "./terminal.ts";

export interface Column {
  readonly heading: string;
  readonly align?: "left" | "right";
}

/** The lines of a table; cells may hold colours. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  colors: Colors,
): string[] {
  const cells = [columns.map(({ heading }) => colors.dim(heading)), ...rows.map((row) => [...row])];
  const align = columns.map(({ align: one }) => (one === "right" ? "r" : "l") as "r" | "l");
  return table(cells, { align, hsep: "  ", stringLength: stringWidth })
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
