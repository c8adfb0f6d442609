// The compiled library: where it is kept, when it is compiled, and that several can do it at once.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cc } from "@obmalloc/test-support";
import { afterEach, describe, expect, it, vi } from "vitest";
import { preloadLibrary } from "../src/index.ts";
import { newFolder } from "./harness.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A compiler that is fast, counts its runs, and can be of several versions. */
function countingCompiler() {
  const folder = newFolder();
  const path = join(folder, "cc");
  const log = join(folder, "log");
  const setVersion = (version: string) => {
    const script = `#!/bin/sh
[ "$1" = --version ] && { echo "cc ${version}"; exit; }
while [ "$1" != -o ]; do shift; done
echo half > "$2"; sleep 0.1; echo "$2" >> ${log}; echo whole > "$2"
`;
    writeFileSync(path, script);
    chmodSync(path, 0o755);
  };
  setVersion("1");
  const runs = () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").length : 0);
  return { path, runs, setVersion };
}

function environment(cacheFolder: string, compiler: string): { env: NodeJS.ProcessEnv } {
  return { env: { ...process.env, XDG_CACHE_HOME: cacheFolder, CC: compiler } };
}

describe.skipIf(process.platform !== "linux")("preloadLibrary", () => {
  it("compiles once, and then finds what is there", async () => {
    const compiler = countingCompiler();
    const options = environment(newFolder(), compiler.path);
    const library = await preloadLibrary(options);
    expect(library).toMatch(new RegExp(`^${options.env.XDG_CACHE_HOME}/obmalloc/[0-9a-f]+/recorder.so$`));
    rmSync(compiler.path); // it is not even asked for its version
    expect(await preloadLibrary(options)).toBe(library);
    expect(compiler.runs()).toBe(1);
  });

  it("makes the folders that are missing, for this user alone", async () => {
    const folder = newFolder();
    const library = await preloadLibrary(environment(join(folder, "not", "there"), countingCompiler().path));
    expect(library.startsWith(join(folder, "not", "there", "obmalloc/"))).toBe(true);
    expect(statSync(join(library, "../..")).mode & 0o077).toBe(0);
  });

  it("compiles again when the library was removed, or for another compiler", async () => {
    const compiler = countingCompiler();
    const options = environment(newFolder(), compiler.path);
    const library = await preloadLibrary(options);
    rmSync(library);
    expect(await preloadLibrary(options)).toBe(library);
    const other = countingCompiler();
    other.setVersion("2");
    expect(await preloadLibrary(environment(options.env.XDG_CACHE_HOME!, other.path))).not.toBe(library);
    expect([compiler.runs(), other.runs()]).toEqual([2, 1]);
  });

  it("can be asked several times at once: whoever reads the library reads a whole one", async () => {
    const folder = newFolder();
    const options = environment(folder, countingCompiler().path);
    const texts = await Promise.all(
      [1, 2, 3, 4].map(async () => readFileSync(await preloadLibrary(options), "utf8")),
    );
    expect(texts).toEqual(["whole\n", "whole\n", "whole\n", "whole\n"]);
    const names = readdirSync(join(folder, "obmalloc"), { recursive: true }).map(String);
    expect(names.filter((name) => !/^stamp-[0-9a-f]+$|\/recorder\.so$|^[0-9a-f]+$/.test(name))).toEqual([]);
  });

  it.each([
    ["cannot be made", () => "/proc/nowhere"],
    ["has a name that LD_PRELOAD would take apart", () => `${newFolder()}/a folder`],
    [
      "can be written by others",
      () => {
        const folder = newFolder();
        mkdirSync(join(folder, "obmalloc"));
        chmodSync(join(folder, "obmalloc"), 0o777);
        return folder;
      },
    ],
  ])("uses the temporary folder where the cache folder %s", async (_, cacheFolder) => {
    const temporary = newFolder();
    vi.stubEnv("TMPDIR", temporary);
    const library = await preloadLibrary(environment(cacheFolder(), countingCompiler().path));
    expect(library.startsWith(`${temporary}/obmalloc-`)).toBe(true);
    expect(statSync(join(library, "../..")).mode & 0o077).toBe(0);
  });

  it.skipIf(cc() === undefined)(
    "compiles with a real compiler and options of CC, without a warning",
    async () => {
      const library = await preloadLibrary(environment(newFolder(), `${cc()} -Wall -Wextra -Werror`));
      expect(readFileSync(library).subarray(1, 4).toString()).toBe("ELF");
    },
  );
});
