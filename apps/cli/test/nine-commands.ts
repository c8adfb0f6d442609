// The commands that answer from a recording, each about a given file.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { CASE, newFolder, obmalloc } from "./harness.ts";

const folder = newFolder();
let files = 0;
/** Commands run at the same time: each writes a file of its own. */
const own = (ending: string) => join(folder, `${++files}.${ending}`);

function matrix(): string {
  const path = join(folder, "matrix.json");
  writeFileSync(path, '{"settings": [{}]}');
  return path;
}

/** Arguments of each command about `file`. */
const COMMANDS: Readonly<Record<string, (file: string) => string[]>> = {
  explain: (file) => ["explain", file],
  "explain --html": (file) => ["explain", file, "--html", own("html")],
  "what-if": (file) => ["what-if", file],
  diff: (file) => ["diff", file, CASE],
  check: (file) => ["check", file, "--max-held", "1GiB"],
  sweep: (file) => ["sweep", file, "--matrix", matrix(), "-o", own("parquet")],
  "export pprof": (file) => ["export", file, "-f", "pprof", "-o", own("pb.gz")],
  "export chrome-trace": (file) => ["export", file, "-f", "chrome-trace", "-o", own("json")],
  "export csv-events": (file) => ["export", file, "-f", "csv-events", "-o", own("csv")],
};
export const NAMES = Object.keys(COMMANDS);

/** Exit code and everything said. Nobody sees a stack trace of Node. */
export async function run(command: string, file: string): Promise<{ code: number | null; said: string }> {
  const { code, stdout, stderr } = await obmalloc(COMMANDS[command]!(file));
  expect(stderr).not.toMatch(/^ +at /m);
  expect(stderr).not.toContain("a mistake in obmalloc itself");
  return { code, said: stdout + stderr };
}
