// Virtual environments outside the repository: one per interpreter and set of packages, made once and kept.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Python } from "../../test-support/index.ts";

/** A workload cannot run on this interpreter; the message says why. */
export class Unavailable extends Error {}

export interface Environment {
  readonly python: string;
  /** Installed versions of the packages that were asked for, and what they brought. */
  readonly packages: Readonly<Record<string, string>>;
}

const cacheHome = process.env.XDG_CACHE_HOME;

/** Everything the long run writes beside its results. */
const cacheFolder = join(
  cacheHome?.startsWith("/") ? cacheHome : join(homedir(), ".cache"),
  "obmalloc",
  "long",
);

const LIST_PACKAGES = `
import json, sys
try:
    from importlib.metadata import distributions
    found = {d.metadata["Name"]: d.version for d in distributions()}
except ImportError:
    import pkg_resources
    found = {d.project_name: d.version for d in pkg_resources.working_set}
print(json.dumps(found))`;

/**
 * An environment of `interpreter` with `packages` in it, of wheels only: nothing is compiled.
 *
 * @throws {Unavailable} when there is no such environment to be had.
 */
export function environmentFor(interpreter: Python, packages: readonly string[]): Environment {
  const wanted = [interpreter.path, ...packages].join("\n");
  const folder = join(cacheFolder, `${interpreter.version}-${shortHash(wanted)}`);
  const doneFile = join(folder, "packages.json");
  const python = join(folder, "bin", "python");
  if (!existsSync(doneFile)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(cacheFolder, { recursive: true });
    quietly("no virtual environment", interpreter.path, ["-m", "venv", folder]);
    if (packages.length > 0) {
      const options = ["install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"];
      quietly("no wheels", python, ["-m", "pip", ...options, ...packages]);
    }
    writeFileSync(
      doneFile,
      execFileSync(python, ["-c", LIST_PACKAGES], { stdio: ["ignore", "pipe", "ignore"] }),
    );
  }
  const all = JSON.parse(readFileSync(doneFile, "utf8")) as Record<string, string>;
  return {
    python,
    packages: Object.fromEntries(Object.entries(all).filter(([name]) => isNamed(name, packages))),
  };
}

/** Whether the interpreter brings its test suite; Linux distributions often leave it out. */
export function hasTestSuite({ path }: Python): boolean {
  try {
    execFileSync(path, ["-I", "-c", "import test.test_dict"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Runs a program of the set-up; when it fails, its last line says why. */
function quietly(what: string, command: string, args: readonly string[]): void {
  try {
    execFileSync(command, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    throw new Unavailable(`${what}: ${reasonIn(stderr)}`);
  }
}

/** pip's sentence, without addresses and paths, which belong to one machine. */
function reasonIn(stderr: string): string {
  const line =
    stderr.split("\n").findLast((text) => text.startsWith("ERROR:")) ??
    stderr.trim().split("\n").at(-1) ??
    "";
  return line
    .replace("ERROR: ", "")
    .replace(/(?:https?:\/)?\/\S+/g, "…")
    .slice(0, 120);
}

const isNamed = (name: string, packages: readonly string[]) =>
  packages.some((wanted) => wanted.toLowerCase() === name.toLowerCase().replaceAll("_", "-"));

const shortHash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);
