import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { cc, pythons } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "obmalloc-pythons-"));

/** An executable that answers as an interpreter would, for kinds that a machine seldom has. */
function fake(path: string, script: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

const python = (name: string) => join(folder, "versions", name, "bin", "python3");

beforeAll(() => {
  vi.stubEnv("PYENV_ROOT", folder);
  fake(python("newer"), "echo cpython 3.10.2 False");
  fake(python("older"), "echo cpython 3.9.18 False");
  fake(python("too-old"), "echo cpython 3.6.15 False");
  fake(python("free-threaded"), "echo cpython 3.13.0 True");
  fake(python("pypy"), "echo pypy 3.10.14 False");
  fake(python("broken"), "exit 127");
  mkdirSync(join(folder, "versions", "empty"));
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe("pythons", () => {
  it("gives the CPythons with a GIL that obmalloc knows, oldest first", () => {
    const fromPyenv = pythons().filter(({ origin }) => origin === "pyenv");
    expect(fromPyenv).toEqual([
      { version: "3.9.18", minor: 9, path: python("older"), origin: "pyenv" },
      { version: "3.10.2", minor: 10, path: python("newer"), origin: "pyenv" },
    ]);
  });

  it("asks each interpreter once", () => {
    expect(pythons()).toBe(pythons());
  });
});

describe("cc", () => {
  it("prefers the compiler that CC names", () => {
    fake(join(folder, "my-cc"), "exit 0");
    vi.stubEnv("CC", join(folder, "my-cc"));
    expect(cc()).toBe(join(folder, "my-cc"));
  });

  it("finds one in PATH by an absolute path, or none", () => {
    vi.stubEnv("CC", "");
    vi.stubEnv("PATH", `${folder}:relative`);
    expect(cc()).toBeUndefined();
    fake(join(folder, "gcc"), "exit 0");
    expect(cc()).toBe(join(folder, "gcc"));
    expect(isAbsolute(cc() ?? "")).toBe(true);
  });
});
