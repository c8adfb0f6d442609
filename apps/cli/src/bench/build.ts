// Compiling what the bench compares with, once for each state of sources and tools, into the cache folder.

import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "@obmalloc/recorder";
import { MissingPeerError } from "./errors.ts";

const run = promisify(execFile);

/** What a compiler says it is. @throws {MissingPeerError} with `advice` when it cannot be run. */
export async function toolVersion(command: string, advice: string): Promise<string> {
  try {
    return (await run(command, ["--version"])).stdout;
  } catch {
    throw new MissingPeerError(advice);
  }
}

/** Runs a compiler. @throws {MissingPeerError} with `advice` and the compiler's first error. */
export async function compile(command: string, args: readonly string[], advice: string): Promise<void> {
  try {
    await run(command, args);
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    const firstError = stderr.split("\n").find((line) => /error/i.test(line)) ?? message.split("\n", 1)[0];
    throw new MissingPeerError(`${advice}; ${firstError}`);
  }
}

/**
 * The path of a file that `make` writes, made when it is not there yet. Safe to be called by several processes at once.
 *
 * @param key everything that the file depends on.
 */
export async function built(
  name: string,
  key: readonly string[],
  make: (file: string) => Promise<void>,
): Promise<string> {
  const hash = createHash("sha256")
    .update([name, process.arch, ...key].join("\0"))
    .digest("hex")
    .slice(0, 20);
  const folder = join(cacheFolder(process.env), "bench", hash);
  const file = join(folder, name);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unfinished = `${file}.${randomUUID()}`;
  try {
    await make(unfinished);
    renameSync(unfinished, file);
  } finally {
    rmSync(unfinished, { force: true });
  }
  return file;
}
