// Damage that no captured dump shows, done in the installed interpreters and here: both die with the same words.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FatalMemoryError } from "@obmalloc/domains";
import { type Python, pythons } from "@obmalloc/test-support";
import { describe, expect, it, vi } from "vitest";
import { type DamageStep, doDamage } from "./damage-program.ts";
import { makeDomains } from "./machine.ts";
import { randomDamage } from "./random-damage.ts";

const run = promisify(execFile);

// Other work on the machine makes interpreters slow, not wrong.
vi.setConfig({ testTimeout: 120_000, maxConcurrency: 4 });

const SCRIPT = fileURLToPath(new URL("run_damage.py", import.meta.url));

interface Damage {
  readonly steps: readonly DamageStep[];
  readonly PYTHONMALLOC?: string;
  /** Frames that tracemalloc keeps. */
  readonly PYTHONTRACEMALLOC?: string;
}

/** Damages at random for each interpreter; more of them on request. */
const SEEDS = Number(process.env.OBMALLOC_DAMAGE_SEEDS ?? 5);

/** By name; offsets for 64 bits. */
const damages: Readonly<Record<string, Damage>> = {
  "all pads behind": { steps: [["PyMem_Malloc", 33], ["fill", 33, 8, 0xff], ["PyMem_Free"]] },
  "pads on both sides: the front is found first": {
    steps: [["PyObject_Malloc", 12], ["poke", -7, 1], ["poke", 12, 1], ["PyObject_Free"]],
  },
  "9 bytes, all shown": {
    steps: [["PyMem_RawMalloc", 9], ["fill", 0, 9, 7], ["poke", 9, 0], ["PyMem_RawFree"]],
  },
  "16 bytes, all shown": { steps: [["PyMem_Malloc", 16], ["poke", 23, 0], ["PyMem_Free"]] },
  "1 byte": { steps: [["PyObject_Malloc", 1], ["poke", 2, 0], ["PyObject_Free"]] },
  "calloc: zeros": { steps: [["PyMem_Calloc", 3, 7], ["poke", 21, 0], ["PyMem_Free"]] },
  "calloc raw": {
    steps: [
      ["PyMem_RawCalloc", 5, 5],
      ["poke", -3, 0],
      ["PyMem_RawRealloc", 1],
    ],
  },
  "a large block": { steps: [["PyObject_Malloc", 100_000], ["poke", 100_000, 0], ["PyObject_Free"]] },
  "after growing": {
    steps: [
      ["PyMem_Malloc", 10],
      ["fill", 0, 10, 0x41],
      ["PyMem_Realloc", 300],
      ["poke", 300, 0],
      ["PyMem_Free"],
    ],
  },
  "after shrinking": {
    steps: [
      ["PyMem_Malloc", 300],
      ["fill", 0, 300, 0x41],
      ["PyMem_Realloc", 20],
      ["poke", 20, 0],
      ["PyMem_Free"],
    ],
  },
  "a letter that is a digit": {
    steps: [
      ["PyObject_Malloc", 24],
      ["poke", -8, 0x30],
      ["PyObject_Realloc", 5],
    ],
  },
  "a letter that is 0": { steps: [["PyMem_Malloc", 24], ["poke", -8, 0], ["PyMem_Free"]] },
  "a letter that is 0xff": { steps: [["PyMem_Malloc", 24], ["poke", -8, 0xff], ["PyMem_Free"]] },
  "object as raw": {
    steps: [
      ["PyObject_Malloc", 24],
      ["PyMem_RawRealloc", 40],
    ],
  },
  "raw as object": {
    steps: [
      ["PyMem_RawMalloc", 24],
      ["PyObject_Realloc", 40],
    ],
  },
  "a size that is a little too small": { steps: [["PyMem_Malloc", 24], ["poke", -9, 20], ["PyMem_Free"]] },
  "a size that is 0": { steps: [["PyMem_Malloc", 24], ["poke", -9, 0], ["PyMem_Free"]] },
  "a size that is negative": { steps: [["PyMem_Malloc", 24], ["fill", -16, 8, 0xff], ["PyMem_Free"]] },
  "no GIL: calloc": { steps: [["without the GIL", ["PyMem_Calloc", 1, 1]]] },
  "no GIL: realloc": {
    steps: [
      ["PyObject_Malloc", 1],
      ["without the GIL", ["PyObject_Realloc", 2]],
    ],
  },
  "no GIL: object free": {
    steps: [
      ["PyObject_Malloc", 1],
      ["without the GIL", ["PyObject_Free"]],
    ],
  },
  malloc_debug: {
    PYTHONMALLOC: "malloc_debug",
    steps: [["PyObject_Malloc", 50], ["poke", 50, 1], ["PyObject_Free"]],
  },
  "traced, many frames": {
    PYTHONTRACEMALLOC: "25",
    steps: [["PyObject_Malloc", 50], ["poke", 51, 1], ["PyObject_Free"]],
  },
  "traced, not this block": {
    PYTHONTRACEMALLOC: "1",
    steps: [["PyMem_Malloc", 50], ["poke", -16, 0], ["poke", -8, 0x6f], ["PyMem_Free"]],
  },
};

/** Stands for the last words of an interpreter that does not die. */
const SURVIVED = "";

interface Death {
  readonly stderr: string;
}

async function dieIn(
  python: Python,
  { steps, PYTHONMALLOC = "debug", PYTHONTRACEMALLOC }: Damage,
): Promise<string> {
  const env = { PYTHONMALLOC, ...(PYTHONTRACEMALLOC === undefined ? {} : { PYTHONTRACEMALLOC }) };
  const options = { env, encoding: "latin1" as const };
  try {
    await run(python.path, ["-S", SCRIPT, JSON.stringify(steps)], options);
  } catch (error) {
    return (error as Death).stderr;
  }
  return SURVIVED;
}

/** Frames of a dump, the most recent first; those of the traced block where they are given, else those of the death. */
function framesOf(text: string, lines: RegExp) {
  return [...text.matchAll(lines)].map(([, filename, lineno, name]) => ({
    filename: filename!,
    lineno: Number(lineno),
    ...(name === undefined ? {} : { name }),
  }));
}

function dieHere(
  python: Python,
  { steps, PYTHONMALLOC = "debug", PYTHONTRACEMALLOC }: Damage,
  theirs: string,
): string {
  const modules = /^Extension modules: (.*) \(total/m.exec(theirs)?.[1];
  const { memory, frames } = makeDomains({
    version: python.version,
    PYTHONMALLOC,
    ...(PYTHONTRACEMALLOC === undefined ? {} : { PYTHONTRACEMALLOC }),
    extensionModules: modules === undefined ? [] : modules.split(", "),
  });
  const dying = framesOf(theirs, /^ {2}File "(.*)", line (\d+) in (.*)$/gm);
  const traced = framesOf(theirs, /^ {2}File "(.*)", line (\d+)$/gm);
  try {
    frames.frames = traced;
    doDamage(memory, steps, () => {
      frames.frames = dying;
    });
  } catch (error) {
    if (error instanceof FatalMemoryError) return error.text;
    throw error;
  }
  return SURVIVED;
}

function withoutAddresses(text: string): string {
  return text
    .replace(/(p=|tail=)0x[0-9a-f]+/g, "$1ADDRESS")
    .replace(/^Current thread 0x[0-9a-f]+ /gm, "Current thread 0x ")
    .replace(/call #\d+/, "call #N");
}

describe.skipIf(pythons().length === 0)("debug hooks, live", () => {
  for (const python of pythons().filter(({ minor }) => minor <= 13)) {
    it.concurrent.each(Object.entries(damages))(`die as ${python.version} does: %s`, async (_, damage) => {
      const theirs = await dieIn(python, damage);
      expect(theirs).not.toBe(SURVIVED);
      expect(withoutAddresses(dieHere(python, damage, theirs))).toBe(withoutAddresses(theirs));
    });

    it.concurrent(`die as ${python.version} does, or not: damage at random`, async () => {
      for (let seed = python.minor * SEEDS; seed < (python.minor + 1) * SEEDS; seed++) {
        const damage = randomDamage(seed);
        const theirs = await dieIn(python, damage);
        const ours = dieHere(python, damage, theirs);
        expect({ seed, text: withoutAddresses(ours) }).toEqual({ seed, text: withoutAddresses(theirs) });
      }
    });
  }
});
