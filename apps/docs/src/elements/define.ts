// Registers the elements; each loads its scene when a page has it.

import { ExperimentElement } from "./experiment.ts";
import { FactTable } from "./fact-table.ts";
import { QuestionElement } from "./question.ts";
import { ScenePlayer } from "./scene-player.ts";
import { makeScrollableFocusable } from "./scrollable.ts";
import { StatsReader } from "./stats-reader.ts";

customElements.define("heap-scene", ScenePlayer);
customElements.define("engine-question", QuestionElement);
customElements.define("engine-run", ExperimentElement);
customElements.define("stats-reader", StatsReader);
customElements.define("fact-table", FactTable);
makeScrollableFocusable();
