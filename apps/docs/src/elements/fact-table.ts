// <fact-table>: a table of facts by version that can be searched, sorted, and cut down to what differs.

import { button, html } from "./dom.ts";

const MODELS = [
  ["lp64", "64 bits (lp64)"],
  ["ilp32", "32 bits (ilp32)"],
  ["", "both"],
] as const;

const textOf = (row: HTMLTableRowElement, column: number) => row.cells[column]?.textContent ?? "";

/** Numbers by their value, before texts by theirs. */
function compareTexts(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  const areNumbers = a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y);
  return areNumbers ? x - y : a.localeCompare(b, "en", { numeric: true });
}

export class FactTable extends HTMLElement {
  private readonly search = html("input", { type: "search", placeholder: "such as pool or gc" });
  private readonly model = html(
    "select",
    {},
    ...MODELS.map(([value, text]) => html("option", { value }, text)),
  );
  private readonly varying = html("input", { type: "checkbox" });
  private readonly count = html("output", { "aria-live": "polite" });
  private rows: HTMLTableRowElement[] = [];
  private heads: HTMLTableCellElement[] = [];

  connectedCallback(): void {
    if (this.rows.length > 0) return;
    this.rows = [...this.querySelectorAll<HTMLTableRowElement>("tbody tr")];
    this.heads = [...this.querySelectorAll<HTMLTableCellElement>("thead th")];
    const controls = html(
      "div",
      { class: "fact-controls", role: "search", "aria-label": `Filter: ${this.dataset.caption}` },
      html("label", {}, "Find ", this.search),
      html("label", {}, "Model ", this.model),
      html("label", {}, this.varying, " only what differs"),
      this.count,
    );
    this.prepend(controls);
    for (const control of [this.search, this.model, this.varying])
      control.addEventListener("input", () => this.filter());
    for (const [column, head] of this.heads.entries()) {
      const name = head.textContent ?? "";
      head.replaceChildren(button(name, () => this.sort(column), { title: `Sort by ${name}` }));
    }
    this.filter();
    this.dataset.ready = "true";
  }

  private filter(): void {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of this.rows) {
      const text = (row.textContent ?? "").toLowerCase();
      const isShown =
        words.every((word) => text.includes(word)) &&
        (this.model.value === "" || textOf(row, 1) === this.model.value) &&
        (!this.varying.checked || row.dataset.varies !== undefined);
      row.hidden = !isShown;
      if (isShown) shown++;
    }
    this.count.textContent = `${shown} of ${this.rows.length} rows`;
  }

  /** By a column, upwards; a second time downwards. */
  private sort(column: number): void {
    const head = this.heads[column]!;
    const isDown = head.ariaSort === "ascending";
    for (const one of this.heads) one.removeAttribute("aria-sort");
    head.ariaSort = isDown ? "descending" : "ascending";
    const sorted = [...this.rows].sort((a, b) => compareTexts(textOf(a, column), textOf(b, column)));
    if (isDown) sorted.reverse();
    this.querySelector("tbody")!.append(...sorted);
  }
}
