// Elements made in one line, and the tables that all text twins are.

import type { TextTwin } from "../world/world.ts";

type Attributes = Readonly<Record<string, string | number>>;

export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** A button that does something; `label` is what a screen reader says where the text is a sign. */
export function button(text: string, act: () => void, label?: string): HTMLButtonElement {
  const element = html(
    "button",
    { type: "button", ...(label === undefined ? {} : { "aria-label": label }) },
    text,
  );
  if (label !== undefined) element.title = label;
  element.addEventListener("click", act);
  return element;
}

/** A table in a box of its own that scrolls, also by keyboard. */
export function twinTable({ caption, columns, rows }: TextTwin): HTMLElement {
  const classOf = (index: number): Attributes => (columns[index]?.isNumber ? { class: "number" } : {});
  const head = columns.map(({ heading }, i) => html("th", { scope: "col", ...classOf(i) }, heading));
  const body = rows.map((row) => html("tr", {}, ...row.map((text, i) => html("td", classOf(i), text))));
  return html(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    html(
      "table",
      {},
      html("caption", {}, caption),
      html("thead", {}, html("tr", {}, ...head)),
      html("tbody", {}, ...body),
    ),
  );
}
