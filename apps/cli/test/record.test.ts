// `obmalloc record` as a shell, a supervisor and a terminal see it.
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cc } from "@obmalloc/test-support";
import { describe, expect, it } from "vitest";
import { COMMAND, newFolder, obmalloc, recordable, run } from "./harness.ts";

const python = recordable.at(-1)?.path ?? "python3";
const canRecord = process.platform === "linux" && cc() !== undefined;

describe.skipIf(!canRecord).concurrent("programs that are no Python", () => {
  it("exit code 3 with the reason where the program ended well", async () => {
    const { code, stdout, stderr } = await obmalloc(["record", "--", "echo", "hello"], { cwd: newFolder() });
    expect({ code, stdout }).toEqual({ code: 3, stdout: "hello\n" });
    expect(stderr).toContain(
      "obmalloc: The program ran, but nothing was recorded: no CPython was found in echo.\n",
    );
  });

  it("its own exit code where it did not", async () => {
    const { code, stderr } = await obmalloc(["record", "--", "sh", "-c", "exit 9"], { cwd: newFolder() });
    expect(code).toBe(9);
    expect(stderr).toContain("nothing was recorded");
  });

  it("exit code 2 and one sentence where it cannot be started", async () => {
    expect(await obmalloc(["record", "--", "no-such-program-here"], { cwd: newFolder() })).toEqual({
      code: 2,
      signal: null,
      stdout: "",
      stderr: "obmalloc: There is no program no-such-program-here in PATH.\n",
    });
  });
});

describe.skipIf(recordable.length === 0).concurrent("Python programs", () => {
  it("writes obmalloc.obm, and says nothing where stderr is no terminal", async () => {
    const cwd = newFolder();
    const ended = await obmalloc(["record", "--", python, "-S", "-c", "print('hello')"], { cwd });
    expect(ended).toEqual({ code: 0, signal: null, stdout: "hello\n", stderr: "" });
    expect((await obmalloc(["verify", "obmalloc.obm"], { cwd })).code).toBe(0);
  });

  it("passes the exit code through", async () => {
    const args = ["record", "-o", "run.obm", "--no-stacks", python, "-S", "-c", "import sys; sys.exit(77)"];
    const cwd = newFolder();
    expect(await obmalloc(args, { cwd })).toEqual({ code: 77, signal: null, stdout: "", stderr: "" });
    expect((await obmalloc(["verify", "run.obm"], { cwd })).code).toBe(0);
  });

  it.each(["SIGKILL", "SIGTERM", "SIGINT", "SIGSEGV", "SIGABRT", "SIGPIPE"])(
    "dies by the program's %s, and says what is there",
    async (signal) => {
      const code = `
import os, resource, signal, time
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
time.sleep(0.12)
kept = [str(i) for i in range(20000)]
signal.signal(signal.${signal}, signal.SIG_DFL) if signal.${signal} != signal.SIGKILL else None
os.kill(os.getpid(), signal.${signal})`;
      const cwd = newFolder();
      const ended = await obmalloc(["record", "--", python, "-S", "-c", code], { cwd });
      expect(ended).toMatchObject({ code: null, signal, stdout: "" });
      expect(ended.stderr).toMatch(
        new RegExp(
          `^obmalloc: the recording ends with event [\\d,]+: the process was ended by ${signal}\\. What is there is sound\\.\\n$`,
        ),
      );
      expect((await obmalloc(["verify", "obmalloc.obm"], { cwd })).code).toBe(0);
    },
  );

  it.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const)(
    "passes %s on, and lives until the program ends",
    async (signal) => {
      const code = `
import os, signal, sys, time
def on_signal(number, frame):
    os.write(1, (signal.Signals(number).name + "\\n").encode())  # not print: it may be what was interrupted
    time.sleep(0.05)
    sys.exit(5)
signal.signal(signal.${signal}, on_signal)
print("ready", flush=True)
time.sleep(20)`;
      const cwd = newFolder();
      const recorder = spawn(process.execPath, [COMMAND, "record", "--", python, "-S", "-c", code], {
        cwd,
        stdio: ["ignore", "pipe", "inherit"],
        detached: true, // without a terminal, as under a supervisor
      });
      let output = "";
      recorder.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (output === "ready\n") recorder.kill(signal);
      });
      const exitCode = await new Promise((resolve) => recorder.on("close", resolve));
      expect({ exitCode, output }).toEqual({ exitCode: 5, output: `ready\n${signal}\n` });
      expect((await obmalloc(["verify", "obmalloc.obm"], { cwd })).code).toBe(0);
    },
  );

  it("says when the disk was full, and the program still ends as it would", async () => {
    const code = `
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19))
for round in range(20): kept = [bytes(i * i * 7919 % 499) for i in range(10000)]  # of sizes that nobody foresees
print("done")`;
    const cwd = newFolder();
    const {
      code: exitCode,
      stdout,
      stderr,
    } = await obmalloc(["record", "--", python, "-S", "-c", code], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "done\n" });
    expect(stderr).toMatch(
      /^obmalloc: the recording ends early, before the program did: no room for the trace \(.+\)\.\n$/,
    );
    const verified = await obmalloc(["verify", "obmalloc.obm"], { cwd });
    expect(verified.code).toBe(0);
    expect(verified.stdout).toContain("no room for the rest of the recording");
  });

  it("says when there was no room at all", async () => {
    const ended = await obmalloc(["record", "-o", "/dev/full", "--", python, "-S", "-c", "print(1)"]);
    expect(ended).toMatchObject({
      code: 3,
      stdout: "1\n",
      stderr: "obmalloc: The program ran, but was not recorded: No space left on device.\n",
    });
  });

  it.skipIf(!existsSync("/usr/bin/script"))(
    "records into a terminal with a line that says what is next",
    async () => {
      const folder = newFolder();
      const program = join(folder, "program.py");
      writeFileSync(program, "print('hello')");
      const line = `'${process.execPath}' '${COMMAND}' record -- '${python}' -S '${program}'`;
      // script gives the command a terminal of its own
      const { code, stdout } = await run("script", ["-qec", line, "/dev/null"], { cwd: folder });
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^hello\r\nobmalloc: [\d,]+ events \([\d.]+ KiB, \d\.\d bytes each\) in obmalloc\.obm; next: obmalloc verify obmalloc\.obm\r\n$/,
      );
      const quiet = await run("script", ["-qec", line.replace("record", "record -q"), "/dev/null"], {
        cwd: folder,
      });
      expect(quiet.stdout).toBe("hello\r\n");
      expect(existsSync(join(folder, "obmalloc.obm"))).toBe(true);
    },
  );

  it("follows forks into files beside", async () => {
    const cwd = newFolder();
    const code =
      "import os\npid = os.fork()\nkept = [str(i) for i in range(999)]\nif pid: os.waitpid(pid, 0); print(pid)";
    const { stdout, code: exitCode } = await obmalloc(
      ["record", "--follow-forks", "--", python, "-S", "-c", code],
      { cwd },
    );
    expect(exitCode).toBe(0);
    for (const file of ["obmalloc.obm", `obmalloc.obm.${stdout.trim()}`]) {
      expect((await obmalloc(["verify", file], { cwd })).code).toBe(0);
    }
  });
});
