// Runs programs in the interpreters that this machine has.

import { spawnSync } from "node:child_process";
import type { Python } from "@obmalloc/test-support";

/** What a script prints, parsed. Fails with the interpreter's own words when it does not end well. */
export function emittedThere(script: string, python: Pick<Python, "path">): unknown[] {
  const { status, stdout, stderr } = spawnSync(python.path, ["-I", "-S", "-"], {
    input: script,
    encoding: "utf8",
    env: { PYTHONHASHSEED: "0" },
  });
  if (status !== 0) throw new Error(`${python.path} ended with ${status}:\n${stderr}\n${script}`);
  return JSON.parse(stdout);
}
