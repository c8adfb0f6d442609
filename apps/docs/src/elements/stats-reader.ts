// <stats-reader>: paste the text of sys._debugmallocstats(), and read what each line says.

import { profileFor } from "@obmalloc/abi";
import { createPyMalloc, formatDebugMallocStats } from "@obmalloc/pymalloc";
import { button, html, table } from "./dom.ts";
import { explainStats } from "./stats-lines.ts";

export class StatsReader extends HTMLElement {
  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    const id = "stats-text";
    const input = html("textarea", { id, rows: 12, spellcheck: "false", class: "stats-text" });
    input.value = sample();
    const output = html("div", { role: "status" });
    const read = () => {
      const rows = explainStats(input.value).map(({ line, meaning }) => [line.trim(), meaning]);
      output.replaceChildren(table(`${rows.length} lines explained`, ["line", "what it says"], rows));
    };
    const label = html("label", { for: id }, "Text of sys._debugmallocstats(). It stays in this page.");
    this.append(html("div", { class: "experiment" }, label, input, button("Explain", read), output));
    this.dataset.ready = "true";
  }
}

/** A report of the engine, of a heap that has seen some use. */
function sample(): string {
  const pymalloc = createPyMalloc({ profile: profileFor("3.13"), maxBytes: 64 << 20 });
  const blocks = Array.from({ length: 9000 }, (_, index) => pymalloc.malloc(1 + ((index * 37) % 200)));
  for (const [index, block] of blocks.entries()) if (index % 3 !== 0) pymalloc.free(block);
  return formatDebugMallocStats(pymalloc.profile, pymalloc.collectStats());
}
