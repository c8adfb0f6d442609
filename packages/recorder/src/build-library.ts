// Compiling the preloaded library, once for each state of its sources, compiler and machine.

import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { CompileFailedError, NoCompilerError } from "./errors.ts";
import {
  COMPILER_FLAGS,
  LINKED_LIBRARIES,
  nativeFolder,
  sourceNames,
  sourceTexts,
} from "./native-sources.ts";

const run = promisify(execFile);

/** `CC` may hold options after the compiler, as for make. */
function compilerOf(env: NodeJS.ProcessEnv): string[] {
  return (env.CC?.trim() || "cc").split(/\s+/);
}

/**
 * The path of the library below `folder`; compiled when it is not there yet. Safe to be called by several processes at
 * once: each builds under a name of its own, and the last step is a rename.
 *
 * @throws {NoCompilerError} {@link CompileFailedError}
 */
export async function buildLibrary(folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const compiler = compilerOf(env);
  const version = await compilerVersion(compiler, env);
  const key = [sourceTexts(), ...COMPILER_FLAGS, ...LINKED_LIBRARIES, ...compiler, version, process.arch];
  const hash = createHash("sha256").update(key.join("\0")).digest("hex").slice(0, 20);
  const library = join(folder, hash, "recorder.so");
  if (!existsSync(library)) await compile(compiler, library, env);
  return library;
}

async function compilerVersion([command, ...options]: string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const { stdout } = await run(command!, [...options, "--version"], { env });
    return stdout.split("\n", 1)[0]!;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code === "string") throw new NoCompilerError(command!); // ENOENT, EACCES: it did not even start
    return "unknown";
  }
}

async function compile(
  [command, ...options]: string[],
  library: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  mkdirSync(join(library, ".."), { recursive: true, mode: 0o700 });
  const unfinished = `${library}.${randomUUID()}`;
  const sources = sourceNames().filter((name) => name.endsWith(".c"));
  const args = [...options, ...COMPILER_FLAGS, "-o", unfinished, ...sources, ...LINKED_LIBRARIES];
  try {
    await run(command!, args, { cwd: nativeFolder, env });
    renameSync(unfinished, library);
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new CompileFailedError([command, ...args].join(" "), stderr || message);
  } finally {
    rmSync(unfinished, { force: true });
  }
}
