// Runs a line as a shell would, with `obmalloc` at hand, over the site's recordings. Pages show what comes out.

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export interface Output {
  readonly status: number;
  /** Standard output and standard error, as they came. */
  readonly text: string;
}

/**
 * Each line runs in a folder of its own that has the recordings.
 *
 * @param docsFolder the folder of the site's sources; the current one while the site is built.
 */
export async function outputOf(line: string, docsFolder: string): Promise<Output> {
  const folder = mkdtempSync(join(tmpdir(), "terminal-"));
  try {
    cpSync(join(docsFolder, "recordings"), folder, { recursive: true });
    const bin = join(docsFolder, "../../node_modules/.bin");
    const env = {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      COLUMNS: "84",
      NO_COLOR: "1",
    };
    return await run(`exec 2>&1\n${line}`, { cwd: folder, env });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const run = (script: string, options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<Output> =>
  new Promise((resolve, reject) => {
    execFile("sh", ["-c", script], { ...options, maxBuffer: 64 << 20 }, (error, stdout) => {
      const status = error === null ? 0 : error.code;
      if (typeof status === "number") resolve({ status, text: stdout.trimEnd() });
      else reject(error);
    });
  });

const kept = new Map<string, Promise<Output>>();

/** The same, once for each line. */
export function keptOutputOf(line: string, docsFolder: string): Promise<Output> {
  const known = kept.get(line) ?? outputOf(line, docsFolder);
  kept.set(line, known);
  return known;
}
