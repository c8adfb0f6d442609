// Runs the driver against the shared libraries of the interpreters that this machine has.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cc, pythons } from "@obmalloc/test-support";

/** An interpreter built as a shared library. */
export interface SharedPython {
  /** Such as `3.11.7`. */
  readonly version: string;
  readonly library: string;
  /** Where its standard library is found (`PYTHONHOME`). */
  readonly home: string;
  /** Whether pymalloc's state belongs to an interpreter that has to be started (3.12 on). */
  readonly needsInterpreter: boolean;
}

/** The installed interpreters whose library can be loaded, oldest first. */
export function sharedPythons(): SharedPython[] {
  return pythons().flatMap(({ version, minor, path }) => {
    const home = dirname(dirname(path));
    const library = [`libpython3.${minor}.so`, `libpython3.${minor}m.so`]
      .map((name) => join(home, "lib", name))
      .find((file) => existsSync(file));
    return library === undefined ? [] : [{ version, library, home, needsInterpreter: minor >= 12 }];
  });
}

/** Compiles the driver into a new temporary folder; undefined without a compiler or on a system that it is not written for. */
export function buildDriver(): string | undefined {
  const compiler = cc();
  if (compiler === undefined || process.platform !== "linux") return undefined;
  const driver = join(mkdtempSync(join(tmpdir(), "obmalloc-differential-")), "driver");
  const source = fileURLToPath(new URL("driver.c", import.meta.url));
  execFileSync(compiler, ["-O2", "-Wall", "-Wextra", "-Werror", "-o", driver, source, "-ldl"]);
  return driver;
}

export interface Sequence {
  readonly seed: number;
  readonly operations: number;
  /** Blocks alive at one time, at most. */
  readonly maxLive: number;
  /** Start the interpreter and log that too. */
  readonly initialise: boolean;
}

/** The driver's output, as it comes. Fails with its error text when it does not end well. */
export async function* runDriver(
  driver: string,
  python: SharedPython,
  sequence: Sequence,
): AsyncGenerator<Buffer> {
  const child = spawn(
    driver,
    [
      python.library,
      String(sequence.seed),
      String(sequence.operations),
      String(sequence.maxLive),
      sequence.initialise ? "1" : "0",
    ],
    { env: { PYTHONHOME: python.home, PYTHONHASHSEED: "0" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  yield* child.stdout;
  const status = await ended;
  if (status !== 0)
    throw new Error(`The driver ended with status ${status} for ${python.version}: ${errors}`);
}
