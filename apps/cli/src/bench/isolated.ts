// A process for an allocator that could do without: nothing that V8 learns from one reaches another.

import { join } from "node:path";
import { packageFolder } from "../shared/package-folder.ts";
import type { Candidate, Entrant } from "./entrant.ts";
import { ProcessContender } from "./process-contender.ts";

/** @param loads the modules that candidates came from. */
export function isolated({ name }: Candidate, entrant: Entrant, loads: readonly string[]): Entrant {
  if (entrant.load === undefined) return entrant; // it has one already
  const child = join(packageFolder(), "dist", "bench", "child.js");
  return {
    open: async (stream) =>
      new ProcessContender(name, process.execPath, [
        ...process.execArgv,
        child,
        stream.file(),
        name,
        ...loads,
      ]),
  };
}
