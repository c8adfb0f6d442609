// Finds the real CPython interpreters and the C compiler that live tests run, where a machine has them.
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";

export interface Python {
  /** Exact version, such as `3.11.7`. */
  readonly version: string;
  /** The number after `3.`, such as `11`. */
  readonly minor: number;
  /** Absolute path of the executable. */
  readonly path: string;
  readonly origin: "pyenv" | "system";
}

const OLDEST_MINOR = 7;
const NEWEST_MINOR = 15;

// Isolated mode: nothing in the environment or the current folder may change the answer.
const PROBE = [
  "-I",
  "-S",
  "-c",
  "import sys; print(sys.implementation.name, '%d.%d.%d' % sys.version_info[:3], 't' in sys.abiflags)",
];

/** What an executable says it is; undefined for anything but a CPython with a GIL, of a version that obmalloc knows. */
function identify(path: string, origin: Python["origin"]): Python | undefined {
  try {
    const answer = execFileSync(path, PROBE, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 10_000,
    });
    const [name, version = "", isFreeThreaded] = answer.trim().split(" ");
    const [major, minor = 0] = version.split(".").map(Number);
    const isKnown = major === 3 && minor >= OLDEST_MINOR && minor <= NEWEST_MINOR;
    return name === "cpython" && isKnown && isFreeThreaded === "False"
      ? { version, minor, path, origin }
      : undefined;
  } catch {
    return undefined; // not there, or does not run on this machine
  }
}

function candidates(): [path: string, origin: Python["origin"]][] {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"), "versions");
  const names = existsSync(versions) ? readdirSync(versions) : [];
  return [
    ...names.map((name): [string, "pyenv"] => [join(versions, name, "bin", "python3"), "pyenv"]),
    ["/usr/bin/python3", "system"],
  ];
}

let found: readonly Python[] | undefined;

/** Every interpreter that live tests may run, oldest first; asked once per process. */
export function pythons(): readonly Python[] {
  found ??= candidates()
    .flatMap(([path, origin]) => identify(path, origin) ?? [])
    .sort((a, b) => a.version.localeCompare(b.version, "en", { numeric: true }));
  return found;
}

/** Absolute path of the C compiler: `$CC` if it is one word, else `cc`, `gcc` or `clang`; undefined where there is none. */
export function cc(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  for (const name of [process.env.CC, "cc", "gcc", "clang"]) {
    if (name === undefined || name === "") continue;
    const path = (name.includes("/") ? [resolve(name)] : folders.map((folder) => resolve(folder, name))).find(
      isExecutable,
    );
    if (path !== undefined) return path;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Those of `pythons` that programs can be recorded with on this machine. */
export const recordablePythons = (): readonly Python[] =>
  process.platform === "linux" && cc() !== undefined ? pythons() : [];
