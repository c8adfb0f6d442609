// glibc's malloc and the pymalloc of installed libpythons, in a C program of their own.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { packageFolder } from "../../shared/package-folder.ts";
import { built, compile, toolVersion } from "../build.ts";
import type { Candidate, Entrant } from "../entrant.ts";
import { MissingPeerError } from "../errors.ts";
import { ProcessContender } from "../process-contender.ts";

const ADVICE = "needs Linux with glibc and a C compiler (cc)";
const FLAGS = ["-O2", "-Wall"];
/** From 3.12 on pymalloc's state belongs to an interpreter. The room that it leaves in its arenas is not counted. */
const FIRST_MINOR_WITH_STATE_PER_INTERPRETER = 12;

export const glibc: Candidate = {
  name: "glibc",
  title: "malloc of glibc, native",
  origin: "native",
  prepare: () => nativeEntrant("glibc", ["malloc"], {}),
};

/** The pymalloc of CPython 3.`minor`. */
export const nativePymalloc = (minor: number): Candidate => ({
  name: `cpython-3.${minor}`,
  title: `pymalloc of CPython 3.${minor}, native`,
  origin: "native",
  async prepare() {
    const library = pyenvLibrary(minor);
    if (library === undefined) {
      throw new MissingPeerError(
        `needs a CPython 3.${minor} under pyenv, built with a shared library (PYTHON_CONFIGURE_OPTS=--enable-shared)`,
      );
    }
    const initialise = minor >= FIRST_MINOR_WITH_STATE_PER_INTERPRETER ? "1" : "0";
    const home = dirname(dirname(library));
    return nativeEntrant(this.name, ["pymalloc", library, initialise], { PYTHONHOME: home });
  },
});

async function nativeEntrant(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Entrant> {
  const driver = await buildDriver();
  return { open: async (stream) => new ProcessContender(name, driver, [stream.file(), ...args], env) };
}

async function buildDriver(): Promise<string> {
  if (process.platform !== "linux") throw new MissingPeerError(ADVICE);
  const source = join(packageFolder(), "native", "bench-driver.c");
  const version = await toolVersion("cc", ADVICE);
  return built("bench-driver", [version, readFileSync(source, "utf8"), ...FLAGS], (target) =>
    compile("cc", [...FLAGS, "-o", target, source, "-ldl"], ADVICE),
  );
}

/** The newest patch release of a minor version. */
function pyenvLibrary(minor: number): string | undefined {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"), "versions");
  if (!existsSync(versions)) return undefined;
  return readdirSync(versions)
    .filter((name) => name.startsWith(`3.${minor}.`))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .map((name) => join(versions, name, "lib", `libpython3.${minor}.so`))
    .find((file) => existsSync(file));
}
