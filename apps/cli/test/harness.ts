// Running the built command line, as its users do.
import { type SpawnOptions, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cc, type Python, pythons } from "@obmalloc/test-support";
import { afterAll, vi } from "vitest";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const COMMAND = here("../bin/obmalloc.js");
export const START = here("../dist/start.js");
/** The small recording that comes along: CPython 3.9.18, two markers, whole stacks, compressed. */
export const CASE = here("../cases/pinned.obm");
export const CASES = here("../cases");
export const SCHEMAS = here("../schemas");

const top = mkdtempSync(join(tmpdir(), "obmalloc-cli-test-"));
afterAll(() => rmSync(top, { recursive: true, force: true }));
let folders = 0;

// Other work on the machine makes programs slow, not wrong.
vi.setConfig({ testTimeout: 60_000, maxConcurrency: 3 });

/** The interpreters that can be recorded here. */
export const recordable: readonly Python[] =
  process.platform === "linux" && cc() !== undefined ? pythons() : [];

/** A new empty folder that is removed after the tests of the file. */
export function newFolder(): string {
  const folder = join(top, String(++folders));
  mkdirSync(folder);
  return folder;
}

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
