// Registers the elements under their names; importing it is all that a page has to do.

import { ArenaMapElement } from "./arena-map.ts";
import { TimelineElement } from "./timeline.ts";
import { WaterfallElement } from "./waterfall.ts";

customElements.define("obm-waterfall", WaterfallElement);
customElements.define("obm-timeline", TimelineElement);
customElements.define("obm-arena-map", ArenaMapElement);
