// The resident set as bars that follow each other and add up.

import type { WaterfallData } from "../data.ts";
import { bytesText, percentText } from "../format.ts";
import type { Palette } from "../theme.ts";
import type { TextTwin } from "../world/world.ts";
import { Picture } from "./picture.ts";

const ROW = 24;
const NAME_WIDTH = 230;
const FIGURE_WIDTH = 130;
/** Narrower pictures put names above the bars. */
const NARROW = 560;

/** `<obm-waterfall>` */
export class WaterfallElement extends Picture<WaterfallData> {
  protected heightFor({ parts }: WaterfallData, width: number): number {
    return parts.length * (width < NARROW ? ROW * 1.7 : ROW) + 4;
  }

  protected draw(
    { parts, totalBytes }: WaterfallData,
    context: CanvasRenderingContext2D,
    width: number,
    palette: Palette,
  ): void {
    const isNarrow = width < NARROW;
    const left = isNarrow ? 0 : NAME_WIDTH;
    const room = width - left - FIGURE_WIDTH;
    const rowHeight = isNarrow ? ROW * 1.7 : ROW;
    const scale = room / Math.max(1, totalBytes);
    let before = 0;
    context.textBaseline = "middle";
    for (const [index, { name, bytes, isHeld }] of parts.entries()) {
      const top = index * rowHeight;
      const barTop = isNarrow ? top + rowHeight / 2 : top + 4;
      const middle = isNarrow ? top + rowHeight / 4 : top + ROW / 2;
      context.fillStyle = palette.text;
      context.textAlign = isNarrow ? "left" : "right";
      context.fillText(name, isNarrow ? 0 : left - 10, middle);
      const start = left + Math.min(before, before + bytes) * scale;
      context.fillStyle = isHeld ? palette.held : palette.used;
      context.fillRect(start, barTop, Math.max(1, Math.abs(bytes) * scale), ROW - 8);
      context.fillStyle = palette.dim;
      context.textAlign = "left";
      const figure = `${bytesText(bytes)}  ${percentText(bytes / totalBytes)}`;
      context.fillText(figure, width - FIGURE_WIDTH + 8, isNarrow ? barTop + (ROW - 8) / 2 : middle);
      before += bytes;
    }
  }

  protected textTwins({ parts, totalBytes }: WaterfallData): readonly TextTwin[] {
    const twin: TextTwin = {
      caption: `Parts of ${bytesText(totalBytes)}`,
      columns: [
        { heading: "part" },
        { heading: "bytes", isNumber: true },
        { heading: "share", isNumber: true },
        { heading: "in use" },
        { heading: "how sure" },
      ],
      rows: parts.map(({ name, bytes, isHeld, grade }) => [
        name,
        bytesText(bytes),
        percentText(bytes / totalBytes),
        isHeld ? "free but held" : "yes",
        grade,
      ]),
    };
    return [twin];
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "obm-waterfall": WaterfallElement;
  }
}
