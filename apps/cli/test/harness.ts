// Running the built command line, as its users do.
import { type SpawnOptions, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { recordablePythons } from "@obmalloc/test-support";
import { temporaryFolders } from "@obmalloc/test-support/folders";
import { vi } from "vitest";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const COMMAND = here("../bin/obmalloc.js");
export const START = here("../dist/start.js");
/** The small recording that comes along: CPython 3.9.18, two markers, whole stacks, compressed. */
export const CASE = here("../cases/pinned.obm");
export const CASES = here("../cases");
export const SCHEMAS = here("../schemas");

// Other work on the machine makes programs slow, not wrong.
vi.setConfig({ testTimeout: 60_000, maxConcurrency: 3 });

export const recordable = recordablePythons();

/** A new empty folder that is removed after the tests of the file. */
export const newFolder = temporaryFolders("obmalloc-cli-test-");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const texts: [stdout: string, stderr: string] = ["", ""];
    for (const [index, stream] of [child.stdout, child.stderr].entries()) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        texts[index]! += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout: texts[0], stderr: texts[1] }));
  });
}

export const obmalloc = (args: readonly string[], options?: SpawnOptions) =>
  run(process.execPath, [COMMAND, ...args], options);
