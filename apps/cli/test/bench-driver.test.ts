// The driver of native allocators, against a pymalloc that is none: damage must not go unseen.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cc } from "@obmalloc/test-support";
import { describe, expect, it } from "vitest";
import { streamOnDisk } from "../src/bench/stream-file.ts";
import { streamKinds } from "../src/bench/streams/index.ts";
import { newFolder } from "./harness.ts";

const compiler = process.platform === "linux" ? cc() : undefined;
const source = fileURLToPath(new URL("../native/bench-driver.c", import.meta.url));

/** A bump allocator with a flaw: blocks that overlap, blocks handed out twice, a realloc that forgets, no room. */
const fake = (flaw: string) => `
#include <stddef.h>
#include <string.h>
static char memory[1 << 24];
static size_t top, calls;
void PyObject_SetArenaAllocator(void *arenas) { (void)arenas; }
void *PyObject_Malloc(size_t size) {
    char *p = memory + top;
    calls++;
    top += (size + 15) & ~(size_t)15;
    ${flaw === "overlap" ? "if (calls % 100 == 99) p -= 16;" : ""}
    ${flaw === "twice" ? "if (calls % 7 == 0) p = memory;" : ""}
    ${flaw === "full" ? "if (calls == 50) return NULL;" : ""}
    return p;
}
void *PyObject_Realloc(void *p, size_t size) {
    char *moved = PyObject_Malloc(size);
    ${flaw === "forgetful" ? "(void)p;" : "memmove(moved, p, size);"}
    return moved;
}
void PyObject_Free(void *p) { (void)p; }
`;

describe.skipIf(compiler === undefined)("bench-driver", () => {
  function run(flaw: string, commands: string) {
    const folder = newFolder();
    const driver = join(folder, "bench-driver");
    execFileSync(compiler!, ["-O1", "-Wall", "-Wextra", "-Werror", "-o", driver, source, "-ldl"]);
    writeFileSync(join(folder, "fake.c"), fake(flaw));
    const library = join(folder, "fake.so");
    execFileSync(compiler!, ["-shared", "-fPIC", "-o", library, join(folder, "fake.c")]);
    const kind = streamKinds.find(({ name }) => name === "W3")!;
    const stream = kind.make({ ...kind.defaults, live: 100, operations: 400, seed: 3 });
    const args = [streamOnDisk(stream, folder).file(), "pymalloc", library, "0"];
    return execFileSync(driver, args, { input: commands, encoding: "utf8", stdio: "pipe" });
  }

  it("answers each command with a line", () => {
    expect(run("none", "s\nr\nv\n")).toMatch(/^\d+ \d+\n\d+ \d+ \d+\nok\n$/);
  });

  it.each([
    ["overlap", /^a block was changed, at operation \d+\n$/],
    ["twice", /^a block was changed, at operation \d+\n$/],
    ["forgetful", /^realloc lost bytes, at operation \d+\n$/],
  ])("finds what an allocator with the flaw %s does", (flaw, answer) => {
    expect(run(flaw, "v\n")).toMatch(answer);
  });

  it("finds a live block that was overwritten, without looking at every byte", () => {
    expect(() => run("twice", "s\n")).toThrow(
      expect.objectContaining({ status: 3, stderr: expect.stringContaining("a block was overwritten") }),
    );
  });

  it.each(["r\n", "v\n"])("ends with exit code 4 where there is no room (%j)", (command) => {
    expect(() => run("full", command)).toThrow(
      expect.objectContaining({
        status: 4,
        stderr: expect.stringMatching(/^no room for \d+ bytes, at operation 49\n$/),
      }),
    );
  });
});
