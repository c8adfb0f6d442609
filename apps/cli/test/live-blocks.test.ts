// What a program says of its own objects while they live, against the recording: address, line, function, size class.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { newFolder, obmalloc, recordable } from "./harness.ts";

const PROGRAM = `
import sys
kept, seen = [], []

def note(thing):
    """Remembers an object, and the line that made it, which is the line that called."""
    frame = sys._getframe(1)
    name = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
    kept.append(thing)
    seen.append((hex(id(thing)), frame.f_lineno, name, sys.getsizeof(thing)))

number = 1000
def function():
    note("in a function %d" % number)

class Class:
    note("in a class %d" % number)
    def method(self):
        note(b"in a method %d" % number)
        return lambda: note("in a lambda %d" % number)

def generator():
    for i in range(3):
        note("in a generator %d" % i)
        yield i

def recursive(depth):
    if depth: recursive(depth - 1)
    note("in a recursion %d" % depth)

def raises():
    try:
        raise ValueError("first %d" % number)
    except ValueError:
        note("in a handler %d" % number)
    finally:
        note("in a finally %d" % number)

def outer():
    def inner():
        note(b"in a function of a function %d" % number)
    inner()

function()
Class().method()()
list(generator())
recursive(5)
raises()
outer()
[note("in a comprehension %d" % i) for i in range(3)]
list(map(lambda i: note("called from C %d" % i), range(3)))
sorted([3, 1, 2], key=lambda i: note("as a key %d" % i) or i)
exec(compile("\\n\\nnote('in compiled text %d' % 7)", "<compiled>", "exec"))
import threading
thread = threading.Thread(target=lambda: note("in a thread %d" % number))
thread.start(); thread.join()
for size in (1, 15, 16, 31, 100, 200, 400, 470):
    note(bytes(bytearray(size)))

if hasattr(sys, "audit"): sys.audit("obmalloc.mark", "here")
for line in seen: print(*line)
`;

interface Block {
  readonly address: string;
  readonly sizeBytes: number;
  readonly sizeClass: number;
  readonly line: number;
  readonly function: string;
}

describe.skipIf(recordable.length === 0).concurrent("live objects", () => {
  it.each(recordable)("are live blocks with the right line on CPython $version", async ({ path, minor }) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "program.py"), PROGRAM);
    const recorded = await obmalloc(["record", "--", path, "-S", "program.py"], { cwd });
    expect(recorded).toMatchObject({ code: 0, stderr: "" });
    const at = minor >= 8 ? "here" : "shutdown";
    const { stdout, code } = await obmalloc(["blocks", "obmalloc.obm", "--json", "--at", at], { cwd });
    expect(code).toBe(0);
    const blocks = new Map(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Block)
        .map((block) => [block.address, block]),
    );
    const objects = recorded.stdout.trim().split("\n");
    expect(objects.length).toBeGreaterThan(30);
    for (const object of objects) {
      const [address, line, name, size] = object.split(" ");
      const block = blocks.get(address!);
      expect({ object, block }).toMatchObject({
        block: { line: Number(line), function: name, sizeBytes: Number(size) },
      });
      expect(block!.sizeClass).toBe(Math.ceil(Number(size) / 16) * 16);
    }
  });
});
