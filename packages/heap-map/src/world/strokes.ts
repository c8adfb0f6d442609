// Strokes that several worlds draw.

import type { Box, Point } from "./camera.ts";
import { cssOf } from "./raster.ts";
import type { Brush } from "./world.ts";

/** The text, shortened at its end if need be; undefined where not even a few letters have room. */
export function fitText(context: CanvasRenderingContext2D, text: string, room: number): string | undefined {
  const width = context.measureText(text).width;
  if (width <= room) return text;
  const letters = Math.floor((text.length * room) / width) - 1;
  return letters < 4 ? undefined : `${text.slice(0, letters)}…`;
}

/** An arrow from a place that holds an address to the place that it names. */
export function drawLink({ context, inks }: Brush, from: Point, to: Point): void {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const bend = Math.min(40, Math.hypot(dx, dy) / 3);
  const isLevel = Math.abs(dy) < 4;
  const control = isLevel
    ? { x: from.x + dx / 2, y: from.y - bend * 0.6 }
    : { x: from.x + dx / 2 + bend, y: from.y + dy / 2 };
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.quadraticCurveTo(control.x, control.y, to.x, to.y);
  for (const [width, color] of [
    [3.5, inks.palette.surface],
    [1.5, inks.palette.accent],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke();
  }
  arrowHead(context, to, Math.atan2(to.y - control.y, to.x - control.x), inks.palette.accent);
}

export function arrowHead(
  context: CanvasRenderingContext2D,
  at: Point,
  angle: number,
  color: string,
  size = 6,
): void {
  context.beginPath();
  context.moveTo(at.x, at.y);
  for (const side of [0.45, -0.45])
    context.lineTo(at.x - size * Math.cos(angle + side), at.y - size * Math.sin(angle + side));
  context.closePath();
  context.fillStyle = color;
  context.fill();
}

/** Around what is chosen: seen on every ground. */
export function drawFrame({ context, inks }: Brush, { x, y, width, height }: Box): void {
  context.lineWidth = 4;
  context.strokeStyle = inks.palette.surface;
  context.strokeRect(x - 1, y - 1, width + 2, height + 2);
  context.lineWidth = 2;
  context.strokeStyle = cssOf(inks.accent);
  context.strokeRect(x - 1, y - 1, width + 2, height + 2);
}
