// The words around the canvas: what happened, what was chosen, the legend, and the picture as text.

import { addressText } from "../format.ts";
import type { Frame } from "../frames/frame.ts";
import type { Description, LegendEntry, TextTwin } from "../world/world.ts";
import { html, twinTable } from "./dom.ts";
import type { LogLine } from "./sources.ts";

const BYTES_PER_LINE = 16;

export class Panels {
  readonly title = html("figcaption");
  readonly said = html("div", { class: "said" });
  readonly figures = html("dl", { class: "figures" });
  readonly legend = html("div", { class: "legend" });
  readonly status = html("div", { class: "status", "aria-live": "polite" });
  readonly detail = html("div", { class: "detail" });
  readonly twin = html("details", { class: "twin" }, html("summary", {}, "As text"));
  private readonly call = html("code", { class: "call" });
  private readonly text = html("p", { "aria-live": "polite" });
  private legendKey = "";
  private legendRanks = "";
  private choose: (rank: number) => void = () => {};

  constructor() {
    this.said.append(this.call, this.text);
    this.said.hidden = true;
  }

  /** The words of a step. */
  say(frame: Frame | undefined): void {
    this.said.hidden = frame === undefined;
    this.call.textContent = frame?.call ?? "";
    this.text.textContent = frame?.text ?? "";
    const figures = frame?.figures ?? [];
    this.figures.replaceChildren(
      ...figures.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))),
    );
  }

  /** What is known of what was chosen. */
  tell(found: Description | undefined): void {
    this.detail.replaceChildren();
    const where = found?.address === undefined ? "" : ` at ${addressText(found.address)}`;
    const facts = found?.facts.map(([name, value]) => `${name} ${value}`).join(", ");
    this.status.textContent = found === undefined ? "" : `${found.title}${where}: ${facts}`;
    if (found === undefined) return;
    const { stack = [], tables = [], bytes } = found;
    if (stack.length > 0) {
      this.detail.append(html("p", {}, "Made by:"));
      this.detail.append(html("ol", { class: "stack" }, ...stack.map((line) => html("li", {}, line))));
    }
    this.detail.append(...tables.map(twinTable));
    if (bytes === undefined) return;
    const label = `Bytes at ${addressText(bytes.address)}`;
    this.detail.append(
      html("pre", { tabindex: 0, role: "region", "aria-label": label }, hexDump(bytes.address, bytes.data)),
    );
  }

  /** Entries are changed in their places where they are as many as before: one of them may have the focus. */
  showLegend(entries: readonly LegendEntry[], rank: number, choose: (rank: number) => void): void {
    this.choose = choose;
    const key = JSON.stringify([entries, rank]);
    if (key === this.legendKey) return;
    this.legendKey = key;
    const ranks = entries.map((entry) => entry.rank).join();
    if (ranks !== this.legendRanks || this.legend.childElementCount !== entries.length)
      this.legend.replaceChildren(...entries.map((entry) => this.newEntry(entry)));
    this.legendRanks = ranks;
    for (const [index, entry] of entries.entries()) {
      const element = this.legend.children[index]!;
      const [swatch, text] = [element.firstElementChild as HTMLElement, element.lastChild!];
      swatch.style.background = entry.color;
      text.nodeValue = entry.text;
      if (entry.rank !== undefined) element.setAttribute("aria-pressed", String(entry.rank === rank));
    }
  }

  private newEntry({ rank }: LegendEntry): HTMLElement {
    const children = [html("i"), document.createTextNode("")];
    if (rank === undefined) return html("span", {}, ...children);
    const chooser = html("button", { type: "button" }, ...children);
    chooser.addEventListener("click", () => this.choose(rank));
    return chooser;
  }

  fillTwin(tables: readonly TextTwin[], log: readonly LogLine[], isNumbered: boolean): void {
    const items = log.map(({ call, text }) => html("li", {}, html("code", {}, call), ` ${text}`));
    const list = isNumbered
      ? html("ol", { start: 0, class: "log" }, ...items)
      : html("ul", { class: "log" }, ...items);
    this.twin.replaceChildren(html("summary", {}, "As text"), ...tables.map(twinTable), list);
  }
}

function hexDump(address: number, bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += BYTES_PER_LINE) {
    const line = [...bytes.subarray(start, start + BYTES_PER_LINE)];
    const numbers = line.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    lines.push(`${addressText(address + start)}  ${numbers}`);
  }
  return lines.join("\n");
}
