// Registers the elements; each loads its scene when a page has it.

import "@obmalloc/heap-map/define";
import { TraceDrop } from "../dropped/trace-drop.ts";
import { ExperimentElement } from "./experiment.ts";
import { FactTable } from "./fact-table.ts";
import { QuestionElement } from "./question.ts";
import { SceneElement } from "./scene-element.ts";
import { makeScrollableFocusable } from "./scrollable.ts";
import { StatsReader } from "./stats-reader.ts";

customElements.define("heap-scene", SceneElement);
customElements.define("engine-question", QuestionElement);
customElements.define("engine-run", ExperimentElement);
customElements.define("stats-reader", StatsReader);
customElements.define("trace-drop", TraceDrop);
customElements.define("fact-table", FactTable);
makeScrollableFocusable();
