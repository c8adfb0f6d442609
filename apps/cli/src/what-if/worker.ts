// A thread of what-if: it is sent a WhatIfTask, replays under all of its settings at once, and answers with a WhatIf for each.

import { parentPort } from "node:worker_threads";
import { whatIfAll } from "@obmalloc/insight";
import { FileSource } from "../shared/file-source.ts";
import { openSource } from "../shared/open-trace.ts";
import type { WhatIfTask } from "./run-settings.ts";

parentPort!.on("message", ({ path, moment, settings }: WhatIfTask) => {
  const trace = openSource(FileSource.open(path));
  parentPort!.postMessage(whatIfAll(trace, moment, settings));
});
