// <engine-run name="…">: buttons that do something to a real heap, and show in text what came of it.

import { experimentNamed } from "../scenes/scenes.ts";
import { button, html } from "./dom.ts";

export class ExperimentElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    if (this.childElementCount > 0) return;
    const { title, buttons } = await experimentNamed(this.getAttribute("name") ?? "");
    const output = html("pre", {
      tabindex: 0,
      role: "region",
      "aria-label": `Outcome: ${title}`,
      "aria-live": "polite",
    });
    output.textContent = "Nothing has happened yet.";
    const row = buttons.map(({ label, run }) =>
      button(label, () => {
        output.textContent = run();
      }),
    );
    this.append(
      html(
        "div",
        { class: "experiment" },
        html("p", {}, html("strong", {}, title)),
        html("div", { class: "scene-controls" }, ...row),
        output,
      ),
    );
    this.dataset.ready = "true";
  }
}
