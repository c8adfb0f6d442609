// What the recorded program and those around it can see of the recorder: nothing.
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectSound, newFolder, recordable, recordInFolder, recordPython } from "./harness.ts";

const python = recordable.at(-1)!;

describe.skipIf(recordable.length === 0)("a recorded program", () => {
  it.each(recordable)("prints the same bytes and exits the same ($version)", async (each) => {
    const code = `
import os, sys
sys.stdout.buffer.write(bytes(range(256)) * 20)
print("to stderr", file=sys.stderr)
print(sys.argv, sorted(os.environ), os.getcwd())
sys.exit(42)
`;
    const folder = newFolder();
    const program = join(folder, "program.py");
    writeFileSync(program, code);
    const args = ["-S", program, "an argument", "", "*"];
    const plain = spawnSync(each.path, args, { cwd: folder, encoding: "latin1" });
    const run = await recordInFolder({ command: each.path, args, cwd: folder });
    expect(run.result).toMatchObject({ exitCode: 42, signal: null, outcome: { kind: "recorded" } });
    expect(plain.status).toBe(42);
    expect(run.stderr).toBe(plain.stderr);
    const recorded = execFileSync("cat", [join(run.folder, "stdout")], { encoding: "latin1" });
    expect(recorded).toBe(plain.stdout);
  });

  it("has the environment it would have had", async () => {
    const env = {
      PATH: "/usr/bin:/bin",
      LANG: "C.UTF-8",
      OBMALLOC_OTHER: "stays",
      LD_LIBRARY_PATH: "/nonexistent",
    };
    const code = "import os; print(sorted(os.environ.items())); os.system('env | sort | grep -v ^_=')";
    const run = await recordPython(python, code, { env });
    expectSound(run);
    expect(run.stdout).toContain(
      "[('LANG', 'C.UTF-8'), ('LD_LIBRARY_PATH', '/nonexistent'), ('OBMALLOC_OTHER', 'stays'), ('PATH', '/usr/bin:/bin')]",
    );
    expect(run.stdout).not.toMatch(/LD_PRELOAD|OBMALLOC_(?!OTHER)/);
  });

  it("finds errno as it was, also where the recorder has no descriptor left to look at the process", async () => {
    const code = `
import ctypes, random, resource
api = ctypes.PyDLL(None, use_errno=True)
api.PyMem_Malloc.restype = ctypes.c_void_p
api.PyMem_Free.argtypes = [ctypes.c_void_p]
seen, sizes = set(), [random.randrange(1, 512) for _ in range(200000)]
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 4096))
for size in sizes:
    ctypes.set_errno(77)
    block = api.PyMem_Malloc(size)
    seen.add(ctypes.get_errno())
    api.PyMem_Free(block)
    seen.add(ctypes.get_errno())
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 4096))
print(seen)
`;
    const run = await recordPython(python, code);
    const { samples, notes } = expectSound(run).tables;
    expect(run.stdout).toBe("{77}\n");
    // Nothing is said of the resident set meanwhile, rather than that there is none.
    const known = notes.accounts.filter(({ rss }) => rss > 0);
    expect(known.length).toBeLessThan(notes.accounts.length);
    expect(samples.map(({ event }) => event)).toEqual(known.map(({ event }) => event));
  });

  it("keeps an LD_PRELOAD of its own", async () => {
    const preloaded = "libm.so.6";
    const run = await recordPython(python, "import os; print(os.environ['LD_PRELOAD'])", {
      env: { ...process.env, LD_PRELOAD: preloaded },
    });
    expectSound(run);
    expect(run.stdout).toBe(`${preloaded}\n`);
  });

  it("ends by the signal that ended it", async () => {
    const run = await recordPython(python, "import os, signal; os.kill(os.getpid(), signal.SIGTERM)");
    expect(run.result).toMatchObject({ exitCode: null, signal: "SIGTERM" });
  });

  it("is found behind a script that starts it, as version managers do", async () => {
    const folder = newFolder();
    const shim = join(folder, "shim");
    writeFileSync(shim, `#!/bin/sh\n/bin/true\nexec "${python.path}" "$@"\n`, { mode: 0o755 });
    const run = await recordInFolder(
      { command: "./shim", args: ["-S", "-c", "print(1)"], cwd: folder },
      folder,
    );
    expectSound(run);
    expect(run.stdout).toBe("1\n");
  });

  it("is the first of several interpreters", async () => {
    const run = await recordInFolder({
      command: "/bin/sh",
      args: ["-c", `"$0" -S -c 'print("first")'; "$0" -S -c 'print("second")'`, python.path],
    });
    expectSound(run);
    expect(run.stdout).toBe("first\nsecond\n");
  });

  it("with followForks, later interpreters have recordings of their own", async () => {
    const run = await recordInFolder({
      command: "/bin/sh",
      args: ["-c", `"$0" -S -c 'print("first")'; "$0" -S -c 'print("second")'`, python.path],
      followForks: true,
    });
    expectSound(run);
    expect(run.result.otherTraces).toHaveLength(1);
  });
});
