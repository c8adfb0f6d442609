// Tables without lines: columns two spaces apart, headings dim.

import stringWidth from "fast-string-width";
import type { Colors } from "./terminal.ts";

export interface Column {
  readonly heading: string;
  readonly align?: "left" | "right";
}

const GAP = "  ";

/** The lines of a table; cells may hold colours. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  colors: Colors,
): string[] {
  const cells = [columns.map(({ heading }) => colors.dim(heading)), ...rows];
  const cellWidths = cells.map((row) => row.map((cell) => stringWidth(cell)));
  const widths = columns.map((_, i) => cellWidths.reduce((most, row) => Math.max(most, row[i] ?? 0), 0));
  return cells.map((row, line) => {
    const padded = row.map((cell, i) => {
      const space = " ".repeat(widths[i]! - cellWidths[line]![i]!);
      return columns[i]?.align === "right" ? space + cell : cell + space;
    });
    return padded.join(GAP).trimEnd();
  });
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
