// Why a program was not recorded, as types. The first line says it, the details say what to do.

import { ObmallocError } from "@obmalloc/abi";

/** Base of what this package throws or reports. */
export class RecorderError extends ObmallocError {
  override readonly name: string = "RecorderError";
}

/** The recorder preloads a library, which it can do on Linux only. */
export class UnsupportedPlatformError extends RecorderError {
  override readonly name = "UnsupportedPlatformError";

  constructor(platform: string) {
    super(`Recording needs Linux; this is ${platform}.`, {
      details: ["Traces can be read on every platform: record elsewhere and bring the file."],
    });
  }
}

/** There is no C compiler, so that the preloaded library cannot be built. */
export class NoCompilerError extends RecorderError {
  override readonly name = "NoCompilerError";
  /** What was looked for. */
  readonly tried: string;

  constructor(tried: string) {
    super(`There is no C compiler: ${tried} cannot be run.`, {
      details: [
        "The first recording compiles a small library. Install gcc or clang, or set CC to a compiler.",
      ],
    });
    this.tried = tried;
  }
}

/** The compiler ran and failed. */
export class CompileFailedError extends RecorderError {
  override readonly name = "CompileFailedError";

  constructor(command: string, output: string) {
    super("The recorder's library does not compile with this machine's compiler.", {
      details: [command, ...output.trim().split("\n").slice(0, 20)],
    });
  }
}

/** The program to be recorded is not there, or cannot be executed. */
export class ProgramNotFoundError extends RecorderError {
  override readonly name = "ProgramNotFoundError";
}

/** The trace cannot be written where it was asked for. */
export class OutputError extends RecorderError {
  override readonly name = "OutputError";
}

/** A CPython ran that cannot be recorded: free-threaded, a debug build, or older than 3.7. */
export class RefusedError extends RecorderError {
  override readonly name = "RefusedError";
  /** What the library said. */
  readonly why: string;

  constructor(why: string) {
    super(`The program ran, but was not recorded: ${why}.`);
    this.why = why;
  }
}

/** The program ran, and no CPython in it took the recording up. */
export class NothingRecordedError extends RecorderError {
  override readonly name = "NothingRecordedError";

  constructor(program: string) {
    super(`The program ran, but nothing was recorded: no CPython was found in ${program}.`, {
      details: [
        "Recorded is the first CPython among the program and what it starts. Not found are PyPy, programs that are",
        "statically linked or do not export Python's C functions, and programs that drop LD_PRELOAD (setuid).",
      ],
    });
  }
}
