// What the machine's own malloc makes of the recorded operations: they are done for real, in a process of their own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ObmallocError } from "@obmalloc/abi";
import { mallocStream } from "@obmalloc/insight";
import type { TraceReader } from "@obmalloc/trace";
import { built, compile, toolVersion } from "../bench/build.ts";

/** `native/` lies beside both `src/` and `dist/`. */
const SOURCE = new URL("../native/replay-malloc.c", import.meta.url);
const SOURCE_FROM_SRC = new URL("../../native/replay-malloc.c", import.meta.url);

/** Settings of malloc, as the C library takes them from the environment. */
export interface MallocSettings {
  readonly trimThresholdBytes?: number;
  readonly mmapThresholdBytes?: number;
  /** A library to preload, such as libjemalloc.so.2, which then answers instead. */
  readonly preload?: string;
}

/** Bytes that are resident for the recorded blocks at the moment, before and after `malloc_trim(0)`. */
export interface MallocResult {
  readonly residentBytes: number;
  readonly trimmedBytes: number;
  readonly refused: number;
  readonly canTrim: boolean;
}

/** The operations could not be done by a real malloc on this machine. */
class RealMallocError extends ObmallocError {
  override readonly name = "RealMallocError";
}

/** @throws {RealMallocError} {@link MissingPeerError} when there is no compiler, or the process does not answer. */
export async function realMalloc(
  trace: TraceReader,
  event: number,
  settings: MallocSettings,
): Promise<MallocResult> {
  const program = await buildProgram();
  const child = spawn(program, [], { env: environment(settings), stdio: ["pipe", "pipe", "pipe"] });
  const [stdout, stderr] = [textOf(child.stdout!), textOf(child.stderr!)];
  const ended = once(child, "close");
  let broken: Error | undefined;
  child.stdin!.on("error", (error) => {
    broken = error;
  });
  for (const words of mallocStream(trace, event)) {
    if (broken !== undefined) break;
    const bytes = Buffer.from(new Uint8Array(words.buffer, words.byteOffset, words.byteLength)); // a copy
    if (!child.stdin!.write(bytes)) await Promise.race([once(child.stdin!, "drain"), ended]);
  }
  child.stdin!.end();
  await ended;
  return parse(child, await stdout, await stderr);
}

function parse(child: ChildProcess, stdout: string, stderr: string): MallocResult {
  try {
    return JSON.parse(stdout) as MallocResult;
  } catch {
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    throw new RealMallocError(`The process that does the operations with malloc ended by ${how}.`, {
      details: stderr === "" ? [] : [stderr.trim().split("\n", 1)[0]!],
    });
  }
}

function environment({ trimThresholdBytes, mmapThresholdBytes, preload }: MallocSettings): NodeJS.ProcessEnv {
  const variables: Record<string, string | number | undefined> = {
    MALLOC_TRIM_THRESHOLD_: trimThresholdBytes,
    MALLOC_MMAP_THRESHOLD_: mmapThresholdBytes,
    LD_PRELOAD: preload,
  };
  const set = Object.entries(variables).filter(([, value]) => value !== undefined);
  return { ...process.env, ...Object.fromEntries(set.map(([name, value]) => [name, String(value)])) };
}

async function buildProgram(): Promise<string> {
  const advice = "the recorded operations are done by a small C program: install a C compiler, or set CC";
  const compiler = process.env.CC?.trim() || "cc";
  const version = await toolVersion(compiler, advice);
  const source = sourcePath();
  return built("replay-malloc", [readFileSync(source, "utf8"), compiler, version], (file) =>
    compile(compiler, ["-O2", "-fno-builtin-malloc", "-o", file, source, "-ldl"], advice),
  );
}

function sourcePath(): string {
  for (const url of [SOURCE, SOURCE_FROM_SRC]) {
    const path = fileURLToPath(url);
    try {
      readFileSync(path);
      return path;
    } catch {
      // the other one
    }
  }
  throw new RealMallocError("native/replay-malloc.c is missing from this installation.");
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const piece of stream.setEncoding("utf8")) text += piece;
  return text;
}
