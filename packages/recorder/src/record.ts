// Running a program with the library preloaded, and saying what became of the recording.

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import {
  NothingRecordedError,
  ProgramNotFoundError,
  RefusedError,
  UnsupportedPlatformError,
} from "./errors.ts";
import { preloadLibrary } from "./library.ts";
import { checkOutput, checkProgram } from "./program.ts";
import { forwardSignals } from "./signals.ts";

/** What is run, and what is kept of it. */
export interface RecordOptions {
  /** The program: a path, or a name to be found in PATH. */
  readonly command: string;
  readonly args?: readonly string[];
  /** Path of the trace; relative to this process's folder. */
  readonly output: string;
  /** How much of the Python stack comes with each event. @defaultValue "full" */
  readonly stacks?: "full" | "innermost" | "none";
  /** Also record forked children and whatever the program executes, each to `<output>.<pid>`. @defaultValue false */
  readonly followForks?: boolean;
  /** Folder to start the program in. @defaultValue that of this process */
  readonly cwd?: string;
  /** Environment of the program. @defaultValue process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** The program's standard streams; pipes are not possible. @defaultValue "inherit" */
  readonly stdio?: Exclude<StdioOptions, "pipe" | "overlapped">;
}

/** What became of the recording. */
export type Outcome =
  | { readonly kind: "recorded" }
  | { readonly kind: "refused"; readonly error: RefusedError }
  | { readonly kind: "nothing-recorded"; readonly error: NothingRecordedError };

/** How the program ended, and what became of the recording. */
export interface RecordResult {
  /** Exit status of the program; null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly outcome: Outcome;
  /** Absolute path of the trace; it exists when the outcome is `recorded`. */
  readonly tracePath: string;
  /** Absolute paths of the traces of children and later images, with `followForks`. */
  readonly otherTraces: readonly string[];
}

/**
 * Runs a program, records the first CPython in it, and waits for its end. Signals that this process is sent meanwhile
 * are passed on. What goes wrong with the recording while the program runs does not disturb the program: see
 * {@link RecordResult.outcome}.
 *
 * @throws {UnsupportedPlatformError} {@link NoCompilerError} {@link ProgramNotFoundError} {@link OutputError} and
 * others of {@link RecorderError} before the program is started.
 * @example const { exitCode, tracePath } = await record({ command: "python3", args: ["app.py"], output: "app.obm" });
 */
export async function record(options: RecordOptions): Promise<RecordResult> {
  if (process.platform !== "linux") throw new UnsupportedPlatformError(process.platform);
  const env = options.env ?? process.env;
  const tracePath = resolve(options.output);
  checkProgram(options.command, resolve(options.cwd ?? "."), env);
  checkOutput(tracePath);
  const library = await preloadLibrary();
  const privateFolder = mkdtempSync(join(tmpdir(), "obmalloc-run-"));
  const claimPath = join(privateFolder, "claim");
  try {
    const before = options.followForks ? new Set(relatedTraces(tracePath)) : undefined;
    const ended = await run(options, { ...env, ...preloadVariables(options, library, tracePath, claimPath) });
    return {
      ...ended,
      tracePath,
      outcome: outcomeOf(claimPath, options.command),
      otherTraces: before === undefined ? [] : relatedTraces(tracePath).filter((path) => !before.has(path)),
    };
  } finally {
    rmSync(privateFolder, { recursive: true, force: true });
  }
}

/** The protocol with the library; native/startup.c describes it. */
function preloadVariables(
  { env = process.env, stacks = "full", followForks = false }: RecordOptions,
  library: string,
  tracePath: string,
  claimPath: string,
): NodeJS.ProcessEnv {
  const before = env.LD_PRELOAD;
  return {
    LD_PRELOAD: before ? `${library}:${before}` : library,
    OBMALLOC_TRACE: tracePath,
    OBMALLOC_CLAIM: claimPath,
    OBMALLOC_STACKS: stacks,
    OBMALLOC_FOLLOW: followForks ? "1" : "0",
    ...(before ? { OBMALLOC_PRELOAD: before } : {}),
  };
}

function run(
  { command, args = [], cwd, stdio = "inherit" }: RecordOptions,
  env: NodeJS.ProcessEnv,
): Promise<Pick<RecordResult, "exitCode" | "signal">> {
  return new Promise((fulfil, reject) => {
    let program: ChildProcess | undefined;
    const stopForwarding = forwardSignals(() => program);
    program = spawn(command, args, { env, stdio, ...(cwd === undefined ? {} : { cwd }) });
    program.once("error", (cause) => {
      stopForwarding();
      reject(new ProgramNotFoundError(`${command} cannot be started: ${cause.message}.`, { cause }));
    });
    program.once("exit", (exitCode, signal) => {
      stopForwarding();
      fulfil({ exitCode, signal });
    });
  });
}

function outcomeOf(claimPath: string, command: string): Outcome {
  let claim: string;
  try {
    claim = readFileSync(claimPath, "utf8").trim();
  } catch {
    return { kind: "nothing-recorded", error: new NothingRecordedError(command) };
  }
  const refused = "refused: ";
  return claim.startsWith(refused)
    ? { kind: "refused", error: new RefusedError(claim.slice(refused.length)) }
    : { kind: "recorded" };
}

/** The traces beside `tracePath` that belong to children: its name, a process id, perhaps a number. */
function relatedTraces(tracePath: string): string[] {
  const prefix = `${basename(tracePath)}.`;
  return readdirSync(dirname(tracePath))
    .filter((name) => name.startsWith(prefix) && /^\d+(\.\d+)?$/.test(name.slice(prefix.length)))
    .map((name) => join(dirname(tracePath), name))
    .sort();
}
