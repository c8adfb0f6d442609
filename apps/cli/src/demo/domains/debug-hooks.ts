// `obmalloc demo debug-hooks`: break it, and read what CPython says, and what we know beyond that.

import { createDomains, type Domains, FatalMemoryError, isFreedPointer } from "@obmalloc/domains";
import type { DemoContext, DemoStep } from "../demo.ts";

/** A way to break a heap. */
interface Damage {
  readonly title: string;
  readonly text: string;
  /** The program, a line for each statement. */
  readonly program: readonly string[];
  run(memory: Domains): void;
}

const damages: readonly Damage[] = [
  {
    title: "Overflow: one byte too many",
    text: "Behind each block lie bytes of 0xfd. Nothing happens when they are written over; the free finds it.",
    program: ["p = PyMem_Malloc(16)", "memset(p, 'A', 17)", "PyMem_Free(p)"],
    run({ mem, linear }) {
      const p = mem.malloc(16);
      mem.malloc(16);
      linear.u8.fill(0x41, p, p + 17);
      mem.free(p);
    },
  },
  {
    title: "Underflow: written in front of the block",
    text: "In front lie the size, a letter for the domain, and more bytes of 0xfd.",
    program: ["p = PyObject_Malloc(40)", "p[-1] = 0", "PyObject_Free(p)"],
    run({ obj, linear }) {
      obj.malloc(40);
      const p = obj.malloc(40);
      linear.u8[p - 1] = 0;
      obj.free(p);
    },
  },
  {
    title: "The wrong domain",
    text: "The letter says where a block comes from. Without hooks this would work here, and corrupt memory elsewhere.",
    program: ["p = PyMem_Malloc(100)", "PyMem_RawFree(p)"],
    run({ mem, raw }) {
      raw.free(mem.malloc(100) as never);
    },
  },
  {
    title: "Freed twice",
    text:
      "A freed block is filled with 0xdd; its first word is a link of pymalloc's free list by now. CPython takes that for " +
      "the size, and crashes in the middle of its own message.",
    program: ["p = PyMem_Malloc(100)", "PyMem_Free(p)", "PyMem_Free(p)"],
    run({ mem }) {
      mem.malloc(100);
      const p = mem.malloc(100);
      mem.free(p);
      mem.free(p);
    },
  },
  {
    title: "Without the GIL",
    text: "Mem and obj may be called by the thread that holds the GIL only; the hooks are the ones who look.",
    program: ["Py_BEGIN_ALLOW_THREADS", "p = PyObject_Malloc(10)"],
    run({ gil, obj }) {
      gil.release();
      obj.malloc(10);
    },
  },
];

export function* debugHooksDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const { colors } = look;
  const make = () =>
    createDomains({ profile, maxBytes: 64 * 1024 * 1024, environment: { PYTHONMALLOC: "debug" } });

  yield layoutStep(make(), look);
  for (const { title, text, program, run } of damages) {
    const { text: words, notes } = deathOf(() => run(make()));
    yield {
      title,
      text,
      lines: [
        ...program.map((line) => colors.cyan(line)),
        "",
        ...printable(words).replace(/\n$/, "").split("\n"),
        ...notes.map((note) => colors.yellow(`obmalloc: ${note}`)),
      ],
    };
  }
  yield useAfterFreeStep(make(), look);
}

function layoutStep(memory: Domains, { colors }: DemoContext["look"]): DemoStep {
  const { pointerBytes } = memory.profile.model;
  const p = memory.mem.malloc(10);
  const total = 10 + (memory.profile.domains.debugSerialNumber ? 4 : 3) * pointerBytes;
  const bytes = hexBytes(memory, p - 2 * pointerBytes, total);
  const parts = [pointerBytes, 1, pointerBytes - 1, 10, pointerBytes];
  const shown = parts.map((count) => bytes.splice(0, count).join(" "));
  const serial = bytes.join(" ");
  return {
    title: "What the hooks put around a block",
    text: "PYTHONMALLOC=debug, and PyMem_Malloc(10):",
    lines: [
      `${shown[0]}   the size, big-endian`,
      `${colors.cyan(shown[1]!)}   '${String.fromCharCode(Number.parseInt(shown[1]!, 16))}': the domain`,
      `${colors.dim(shown[2]!)}   forbidden`,
      `${colors.bold(shown[3]!)}   data, filled so that nobody takes it for zeros`,
      `${colors.dim(shown[4]!)}   forbidden`,
      ...(serial === "" ? [] : [`${serial}   serial number`]),
    ],
  };
}

function useAfterFreeStep(memory: Domains, { colors }: DemoContext["look"]): DemoStep {
  const { pointerBytes } = memory.profile.model;
  memory.mem.malloc(64);
  const p = memory.mem.malloc(64);
  memory.mem.free(p);
  const field = hexBytes(memory, p + 16, pointerBytes);
  const pointer = BigInt(`0x${[...field].reverse().join("")}`);
  memory.linear.u8[p + 20] = 1;
  const found = memory.check().map(({ rule, message }) => `check(): ${rule}: ${message}`);
  const { text, notes } = deathOf(() => memory.mem.realloc(p, 200));
  return {
    title: "Use after free",
    text:
      "CPython cannot stop a program that reads or writes a freed block: it can only make it look strange. check() also " +
      "finds what was written; and whoever gives the block back to a domain is caught.",
    lines: [
      ...["p = PyMem_Malloc(64)", "PyMem_Free(p)", "q = p->next"].map((line) => colors.cyan(line)),
      `q is 0x${[...field].reverse().join("")}: ${isFreedPointer(pointer, pointerBytes) ? "_PyMem_IsPtrFreed says 1" : ""}`,
      colors.cyan("p[20] = 1"),
      ...found,
      colors.cyan("PyMem_Realloc(p, 200)"),
      ...printable(text).split("\n").slice(0, 2),
      "    ...",
      ...notes.map((note) => colors.yellow(`obmalloc: ${note}`)),
    ],
  };
}

function deathOf(action: () => void): FatalMemoryError {
  try {
    action();
  } catch (error) {
    if (error instanceof FatalMemoryError) return error;
    throw error;
  }
  throw new Error("The damage was not noticed.");
}

function hexBytes({ linear }: Domains, from: number, count: number): string[] {
  return Array.from(linear.u8.slice(from, from + count), (byte) => byte.toString(16).padStart(2, "0"));
}

/** CPython writes bytes; those that are no ASCII are shown as numbers. */
function printable(text: string): string {
  return text.replace(
    /[^\n\x20-\x7e]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
