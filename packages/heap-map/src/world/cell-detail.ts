// What stands in a cell of a region: its name, and when it is large enough its fields or its bytes.

import { addressText } from "../format.ts";
import type { Cell } from "../frames/frame.ts";
import type { Box } from "./camera.ts";
import { fitText } from "./strokes.ts";
import type { Brush } from "./world.ts";

const MONO = "ui-monospace, SFMono-Regular, Menlo, monospace";
/** CSS pixels from which a cell says more than its name. */
const DETAIL_HEIGHT = 64;
const DETAIL_WIDTH = 110;
const LINE = 16;
const CHARACTER = 7.3;

export function drawCell(brush: Brush, cell: Cell, box: Box, ink: string): void {
  const { context, camera } = brush;
  if (box.x > camera.width || box.x + box.width < 0 || box.width < 12) return;
  context.fillStyle = ink;
  if (box.height < DETAIL_HEIGHT || box.width < DETAIL_WIDTH) {
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "center";
    if (context.measureText(cell.label).width + 6 <= box.width)
      context.fillText(cell.label, box.x + box.width / 2, box.y + box.height / 2);
    return;
  }
  const left = Math.max(box.x, 0) + 8;
  const room = Math.min(box.x + box.width, camera.width) - left - 8;
  const lines = detailLines(cell, room);
  context.textAlign = "left";
  for (const [index, { text, font }] of lines.entries()) {
    const y = box.y + LINE * (index + 0.9);
    if (y > box.y + box.height - 4) break;
    context.font = font;
    const shown = fitText(context, text, room);
    if (shown !== undefined) context.fillText(shown, left, y);
  }
}

function detailLines({ label, address, sizeBytes, fields, bytes, link }: Cell, room: number) {
  const prose = (text: string) => ({ text, font: "12px system-ui, sans-serif" });
  const mono = (text: string) => ({ text, font: `12px ${MONO}` });
  const lines = [prose(`${label}: ${sizeBytes} bytes at ${addressText(address)}`)];
  if (link !== undefined) lines.push(prose(`next: ${link === 0 ? "NULL" : addressText(link)}`));
  for (const { name, offset, value } of fields ?? []) lines.push(mono(`+${offset} ${name} = ${value}`));
  const perLine = Math.max(4, Math.floor(room / CHARACTER / 3 / 4) * 4);
  for (let start = 0; start < (bytes?.length ?? 0); start += perLine) {
    const part = [...bytes!.subarray(start, start + perLine)];
    lines.push(mono(part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")));
  }
  return lines;
}
