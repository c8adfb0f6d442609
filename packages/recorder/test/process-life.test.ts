// What processes do in their lives, on every interpreter: each recording replays to the last address.
import { readFileSync, statSync } from "node:fs";
import type { Python } from "@obmalloc/test-support";
import { describe, expect, it } from "vitest";
import { expectExact, expectSound, marksOf, openRecording, recordable, recordPython } from "./harness.ts";

const WORK = "kept = [str(i) * 3 for i in range(3000)]\n";

describe.skipIf(recordable.length === 0).concurrent.each(recordable)("CPython $version", (python: Python) => {
  it("threads that allocate at the same time", async () => {
    const run = await recordPython(
      python,
      `
import threading
def work():
    for i in range(300):
        parts = [str(j) for j in range(20)]
        ",".join(parts)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
`,
    );
    const trace = expectSound(run);
    expect(new Set(trace.tables.contexts.slice(1).map((context) => context.threadId)).size).toBe(5);
  });

  it("raw allocations without the GIL", async () => {
    const run = await recordPython(
      python,
      `
import ctypes, hashlib, threading, zlib
ctypes.CDLL(None)
raw = ctypes.CDLL(None)  # CDLL drops the GIL around its calls
raw.PyMem_RawMalloc.restype = ctypes.c_void_p
raw.PyMem_RawFree.argtypes = [ctypes.c_void_p]
def work():
    for i in range(300):
        block = raw.PyMem_RawMalloc(ctypes.c_size_t(40 + i))
        zlib.compress(b"x" * 5000)
        hashlib.sha256(b"x" * 5000).hexdigest()
        raw.PyMem_RawFree(block)
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
`,
    );
    expectSound(run);
  });

  it("generators, exceptions, deep recursion, pickles, reallocations", async () => {
    const run = await recordPython(
      python,
      `
import pickle, sys
sys.setrecursionlimit(5000)
def deep(n): return [n] + deep(n - 1) if n else []
def numbers():
    for i in range(500): yield str(i)
def fail(i):
    try: raise ValueError("x" * i)
    except ValueError as error: return error
errors = [fail(i) for i in range(200)]
assert len(deep(2000)) == 2000
assert pickle.loads(pickle.dumps(list(numbers()))) == list(numbers())
grown = bytearray()
for i in range(3000): grown += b"abc"
text = ""
for i in range(500): text += "ab"
`,
    );
    expectSound(run);
  });

  it("a fork: the child's operations are not in the recording", async () => {
    const run = await recordPython(
      python,
      `
import os
kept = []
pid = os.fork()
if pid == 0:
    kept = [str(i) for i in range(50000)]
    os._exit(7)
_, status = os.waitpid(pid, 0)
assert os.WEXITSTATUS(status) == 7
kept = [str(i) for i in range(1000)]
`,
    );
    const trace = expectSound(run);
    expect(trace.eventCount).toBeLessThan(100_000);
    expect(run.result.otherTraces).toEqual([]);
  });

  it("a fork that is followed: the child's recording is the parent's and goes on", async () => {
    const run = await recordPython(
      python,
      `
import os
kept = [str(i) for i in range(1000)]
pid = os.fork()
kept += [str(i) for i in range(2000)]
if pid: os.waitpid(pid, 0)
`,
      { followForks: true },
    );
    expectSound(run);
    expect(run.result.otherTraces).toHaveLength(1);
    const { trace } = expectExact(run.result.otherTraces[0]!);
    expect(trace.end?.reason).toBe("exit");
    expect(marksOf(trace, "fork")).toHaveLength(1);
  });

  it("subprocesses run without the recorder", async () => {
    const run = await recordPython(
      python,
      `
import os, subprocess, sys
code = "import os; print([n for n in os.environ if n.startswith(('OBMALLOC', 'LD_PRELOAD'))], 'recorder' in open('/proc/self/maps').read())"
out = subprocess.check_output([sys.executable, "-S", "-c", code])
assert out == b"[] False\\n", out
os.system("true")
`,
    );
    expectSound(run);
  });

  it("an exec: the recording ends there, and is sound", async () => {
    const run = await recordPython(
      python,
      `${WORK}import os, sys
os.execv("/bin/echo", ["echo", "the next program"])`,
    );
    expect(run).toMatchObject({
      stdout: "the next program\n",
      result: { exitCode: 0, outcome: { kind: "recorded" } },
    });
    const { trace } = expectExact(run.result.tracePath);
    expect(trace.tables.marks.at(-1)).toMatchObject({ label: "/bin/echo", event: trace.eventCount });
    expect(marksOf(trace, "exec")).toHaveLength(1);
  });

  it("an exec that fails: the recording goes on", async () => {
    const run = await recordPython(
      python,
      `import os
try: os.execv("/nonexistent", ["x"])
except OSError: pass
${WORK}`,
    );
    expectSound(run);
  });

  it("a crash: everything up to the last flush", async () => {
    const run = await recordPython(
      python,
      `
import ctypes, time
time.sleep(0.12)  # what is older than a tenth of a second is in the file
${WORK}ctypes.string_at(0)`,
    );
    expect(run.result).toMatchObject({ exitCode: null, signal: "SIGSEGV", outcome: { kind: "recorded" } });
    expect(expectExact(run.result.tracePath).trace.end).toBeUndefined();
  });

  it("kill -9: everything up to the last flush", async () => {
    const run = await recordPython(
      python,
      `
import os, signal, time
for round in range(4):
    kept = [str(i) * 3 for i in range(20000)]
    time.sleep(0.05)
os.kill(os.getpid(), signal.SIGKILL)
`,
    );
    expect(run.result).toMatchObject({ exitCode: null, signal: "SIGKILL", outcome: { kind: "recorded" } });
    const { trace } = expectExact(run.result.tracePath);
    expect(trace.eventCount).toBeGreaterThan(100_000);
  });

  it("os._exit", async () => {
    const run = await recordPython(python, `${WORK}import os; os._exit(5)`);
    expect(run.result).toMatchObject({ exitCode: 5, outcome: { kind: "recorded" } });
    expect(expectExact(run.result.tracePath).trace.end).toMatchObject({ reason: "_exit", shutdown: false });
  });

  it("a full disk: the program goes on, the trace says where it ends", async () => {
    const run = await recordPython(
      python,
      `
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19))
for round in range(20): kept = [bytes(i * i * 7919 % 499) for i in range(10000)]  # of sizes that nobody foresees
print("done")
`,
    );
    expect(run).toMatchObject({ stdout: "done\n", result: { exitCode: 0, outcome: { kind: "recorded" } } });
    const { trace } = expectExact(run.result.tracePath);
    expect(trace.end).toMatchObject({ reason: "disk-full", shutdown: false });
    expect(statSync(run.result.tracePath).size).toBeLessThanOrEqual(1 << 19);
  });

  it("closed descriptors", async () => {
    const run = await recordPython(python, `import os; os.closerange(3, 4096)\n${WORK}${WORK}`);
    expectSound(run);
  });

  it("descriptors that the program opens where the recorder's was: they stay the program's", async () => {
    const run = await recordPython(
      python,
      `
import os
os.closerange(3, 4096)
f = open("mine", "wb")
for d in range(500, 1000): os.dup2(f.fileno(), d)
${WORK}${WORK}
f.write(b"mine")
`,
    );
    expectSound(run);
    expect(readFileSync(`${run.folder}/mine`, "utf8")).toBe("mine");
  });

  describe.each([
    ["PYTHONMALLOC", "pymalloc", "pymalloc"],
    ["PYTHONMALLOC", "debug", "pymalloc_debug"],
    ["PYTHONDEVMODE", "1", "pymalloc_debug"],
  ])("%s=%s", (name, value, allocator) => {
    it("is recorded under the debug hooks, and replays", async () => {
      const run = await recordPython(python, WORK, {
        flags: name === "PYTHONDEVMODE" ? ["-X", "dev", "-S"] : ["-S"],
        env: { ...process.env, [name]: value },
      });
      expect(expectSound(run).info.allocator).toBe(allocator);
    });
  });

  it.each(["malloc", "malloc_debug"])("PYTHONMALLOC=%s is recorded and has no pools", async (value) => {
    const run = await recordPython(python, WORK, { env: { ...process.env, PYTHONMALLOC: value } });
    expect(run.result).toMatchObject({ exitCode: 0, outcome: { kind: "recorded" } });
    const trace = openRecording(run.result.tracePath);
    expect(trace.info).toMatchObject({ allocator: value, pythonmalloc: value });
    expect(trace.damage).toBeUndefined();
    expect(trace.eventCount).toBeGreaterThan(10_000);
  });

  it.each(["none", "innermost", "full"] as const)("stacks: %s", async (stacks) => {
    const run = await recordPython(python, WORK, { stacks });
    expect(expectSound(run).info.stacks).toBe(stacks);
  });
});
