// Registers the elements under their names; importing it is all that a page has to do.

import { HeapElement } from "./element/heap-element.ts";
import { TimelineElement } from "./element/timeline.ts";
import { WaterfallElement } from "./element/waterfall.ts";

// A page that is rendered on a server imports this there too, where nothing can be registered.
if (typeof customElements !== "undefined") {
  customElements.define("obm-waterfall", WaterfallElement);
  customElements.define("obm-timeline", TimelineElement);
  customElements.define("obm-heap", HeapElement);
}
