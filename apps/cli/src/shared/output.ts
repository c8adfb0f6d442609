// Writing to stdout: much of it, without holding all of it, and without a noise when the reader has seen enough.

import { once } from "node:events";
import { ExitCode } from "./exit-codes.ts";

const BATCH_CHARACTERS = 64 * 1024;

/** `obmalloc blocks FILE | head` closes our output early: that is no failure. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(ExitCode.ok);
  });
}

/** Writes `lines`, each with a line feed, as fast as they are read and no faster. */
export async function writeLines(lines: Iterable<string>): Promise<void> {
  let batch = "";
  for (const line of lines) {
    batch += `${line}\n`;
    if (batch.length < BATCH_CHARACTERS) continue;
    await writeText(batch);
    batch = "";
  }
  await writeText(batch);
}

/** Writes exactly `text`. */
export async function writeText(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

/** Writes a value as indented JSON. */
export async function writeJson(value: unknown): Promise<void> {
  await writeLines([JSON.stringify(value, undefined, 2)]);
}
