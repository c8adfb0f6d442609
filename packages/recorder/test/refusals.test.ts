// Everything that is not recorded, and why: before the program is started, by the library, or because nobody took it up.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cc } from "@obmalloc/test-support";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  CompileFailedError,
  NoCompilerError,
  NothingRecordedError,
  OutputError,
  ProgramNotFoundError,
  RefusedError,
  record,
  UnsupportedPlatformError,
} from "../src/index.ts";
import { newFolder, recordable, recordInFolder } from "./harness.ts";

const onLinux = process.platform === "linux";
const canCompile = onLinux && cc() !== undefined;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe("before the program is started", () => {
  const marker = () => join(newFolder(), "started");
  /** A request for a program that leaves `file` behind when it runs. */
  const request = (file: string) => ({
    command: "touch",
    args: [file],
    output: join(newFolder(), "run.obm"),
  });

  it("needs Linux", async () => {
    vi.spyOn(process, "platform", "get").mockReturnValue("darwin");
    await expect(record(request(marker()))).rejects.toThrow(UnsupportedPlatformError);
    await expect(record(request(marker()))).rejects.toThrow("Recording needs Linux; this is darwin.");
  });

  describe.skipIf(!onLinux)("on Linux", () => {
    it("names a compiler that is not there, and what to do", async () => {
      vi.stubEnv("XDG_CACHE_HOME", newFolder());
      vi.stubEnv("CC", "/nonexistent/cc");
      const file = marker();
      const error = await record(request(file)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NoCompilerError);
      expect((error as NoCompilerError).message).toBe(
        "There is no C compiler: /nonexistent/cc cannot be run.\n" +
          "  The first recording compiles a small library. Install gcc or clang, or set CC to a compiler.",
      );
      expect(existsSync(file)).toBe(false);
    });

    it("shows what a compiler says that fails", async () => {
      const compiler = join(newFolder(), "cc");
      writeFileSync(compiler, '#!/bin/sh\n[ "$1" = --version ] || { echo "no such option" >&2; exit 1; }\n');
      chmodSync(compiler, 0o755);
      vi.stubEnv("XDG_CACHE_HOME", newFolder());
      vi.stubEnv("CC", compiler);
      const error = await record(request(marker())).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(CompileFailedError);
      expect((error as CompileFailedError).details.at(-1)).toBe("no such option");
    });

    it.each([
      ["no-such-program-here", "There is no program no-such-program-here in PATH."],
      ["./no-such-program-here", "There is no program ./no-such-program-here."],
      ["/tmp", "/tmp is a folder, not a program."],
      ["", "There is no program to record: its name is empty."],
    ])("does not start %o", async (command, message) => {
      const refused = record({ command, output: join(newFolder(), "run.obm") });
      await expect(refused).rejects.toThrow(ProgramNotFoundError);
      await expect(refused).rejects.toThrow(message);
    });

    it("says how to run a script that is not executable", async () => {
      const script = join(newFolder(), "app.py");
      writeFileSync(script, "");
      const refused = record({ command: script, output: join(newFolder(), "run.obm") });
      await expect(refused).rejects.toThrow(
        `${script} is not executable.\n  To run it with Python: python3 ${script}`,
      );
    });

    it("does not start a program in a folder that is not there", async () => {
      const refused = record({ ...request(marker()), cwd: "/nonexistent" });
      await expect(refused).rejects.toThrow(
        "The folder /nonexistent, to start the program in, does not exist.",
      );
    });

    it("does not start a program whose trace cannot be written", async () => {
      const file = marker();
      const folder = newFolder();
      const rejects = async (output: string, message: string) => {
        await expect(record({ ...request(file), output })).rejects.toThrow(OutputError);
        await expect(record({ ...request(file), output })).rejects.toThrow(message);
      };
      await rejects(join(folder, "no", "run.obm"), `there is no folder ${join(folder, "no")}.`);
      await rejects(folder, `${folder} is a folder.`);
      mkdirSync(join(folder, "closed"), { mode: 0o500 });
      if (process.getuid?.() !== 0)
        await rejects(join(folder, "closed", "run.obm"), "no permission to write");
      expect(existsSync(file)).toBe(false);
    });
  });
});

describe.skipIf(!canCompile)("programs that are no CPython", () => {
  it("ls: it runs, nothing is recorded", async () => {
    const run = await recordInFolder({ command: "ls", args: ["/"] });
    expect(run.result).toMatchObject({ exitCode: 0, outcome: { kind: "nothing-recorded" } });
    expect(run.result.outcome).toHaveProperty("error", expect.any(NothingRecordedError));
    expect(run.stdout).toContain("tmp\n");
    expect(existsSync(run.result.tracePath)).toBe(false);
  });

  it("leaves an older trace alone when nothing is recorded", async () => {
    const output = join(newFolder(), "run.obm");
    writeFileSync(output, "older");
    await recordInFolder({ command: "true", output });
    expect(readFileSync(output, "utf8")).toBe("older");
  });
});

describe.skipIf(!canCompile)("interpreters that are refused", () => {
  /** A program that looks like an interpreter from outside: what the library asks of it before main(). */
  function fakeInterpreter({ version = "3.13.0", freeThreaded = 0, debug = false }): string {
    const folder = newFolder();
    writeFileSync(
      join(folder, "fake.c"),
      `
#include <string.h>
typedef struct { void *ctx; void *f[4]; } Allocator;
char PyCode_Type[400];
struct { char cookie[8]; unsigned long long version, free_threaded; char rest[4096]; } _PyRuntime =
  { {'x','d','e','b','u','g','p','y'}, 0, ${freeThreaded}, {0} };
void PyMem_GetAllocator(int domain, Allocator *a) { memset(a, 0, sizeof *a); if (${debug ? 1 : 0}) a->ctx = PyCode_Type; }
void PyMem_SetAllocator(int domain, Allocator *a) {}
void PyObject_GetArenaAllocator(void *a) { memset(a, 0, 24); }
void PyObject_SetArenaAllocator(void *a) {}
void PyMem_SetupDebugHooks(void) {}
const char *Py_GetVersion(void) { return "${version} (main)"; }
int Py_IsInitialized(void) { return 0; }
void *PyThreadState_GetUnchecked(void) { return 0; }
int main(void) { return 4; }
`,
    );
    const program = join(folder, "fake");
    execFileSync(cc()!, ["-w", "-rdynamic", "-o", program, join(folder, "fake.c")]);
    return program;
  }

  it.each([
    [{ freeThreaded: 1 }, "a free-threaded build: it has no pymalloc, its allocator is mimalloc"],
    [{ debug: true }, "a debug build (Py_DEBUG): pymalloc runs under debug hooks from the start"],
    [{ version: "3.6.15" }, "CPython 3.6 is older than 3.7"],
    [{ version: "2.7.18" }, "CPython 2.7 is older than 3.7"],
  ])("%o", async (kind, why) => {
    const { result } = await recordInFolder({ command: fakeInterpreter(kind) });
    expect(result.exitCode).toBe(4);
    expect(result.outcome).toEqual({ kind: "refused", error: expect.any(RefusedError) });
    expect(result.outcome).toHaveProperty("error.why", why);
    expect(existsSync(result.tracePath)).toBe(false);
  });

  it.skipIf(recordable.length === 0)("says why a trace could not be begun", async () => {
    const run = await recordInFolder({
      command: recordable[0]!.path,
      args: ["-S", "-c", "print(1)"],
      output: "/dev/full",
    });
    expect(run.stdout).toBe("1\n");
    expect(run.result.outcome).toHaveProperty("error.why", "No space left on device");
  });
});
