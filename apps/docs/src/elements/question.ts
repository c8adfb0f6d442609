// <engine-question name="…">: predict, then ask the engine.

import { questionNamed } from "../scenes/scenes.ts";
import { button, html } from "./dom.ts";

export class QuestionElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    if (this.childElementCount > 0) return;
    const name = this.getAttribute("name") ?? "";
    const question = await questionNamed(name);
    const outcome = html("div", { class: "question-outcome", role: "status" });
    const inputs = question.options.map((_, index) => html("input", { type: "radio", name, value: index }));
    const labels = question.options.map((option, index) => html("label", {}, inputs[index]!, ` ${option}`));
    const ask = button("Ask the engine", () => {
      const { right, said } = question.answer();
      const guess = inputs.findIndex((input) => input.checked);
      const verdict =
        guess < 0
          ? "No prediction"
          : guess === right
            ? "As you predicted"
            : `You predicted: ${question.options[guess]}`;
      outcome.replaceChildren(
        html("p", {}, html("strong", {}, question.options[right]!), `. ${verdict}.`),
        html("pre", { tabindex: 0, role: "region", "aria-label": "What the engine did" }, said),
      );
    });
    const fieldset = html(
      "fieldset",
      {},
      html("legend", {}, "Predict"),
      html("p", {}, question.text),
      ...labels,
    );
    this.append(html("div", { class: "question" }, fieldset, ask, outcome));
    this.dataset.ready = "true";
  }
}
