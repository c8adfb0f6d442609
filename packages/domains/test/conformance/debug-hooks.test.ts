// Every dump that was captured from a real interpreter, made again by the same damage.
import { bindCApi, type Domains, FatalMemoryError } from "@obmalloc/domains";
import { describe, expect, it } from "vitest";
import { doDamage } from "../damage/damage-program.ts";
import { burnSerialNumbers, makeDomains } from "../damage/machine.ts";
import { type DumpCase, dumpCases } from "./dump-cases.ts";
import { compareLayout } from "./layout-case.ts";

/** Everything but addresses and the thread's id. */
function withoutAddresses(text: string): string {
  return text
    .replace(/(p=|tail=)0x[0-9a-f]+/g, "$1ADDRESS")
    .replace(
      /^(Current thread 0x)([0-9a-f]+) /gm,
      (_, start, digits) => `${start}${"0".repeat(digits.length)} `,
    );
}

/** In a dump of a block that was freed twice, the size is a link of the free list: an address in the wrong byte order. */
const withoutLink = (text: string) => text.replace(/^ {4}\d{4,} bytes/m, "    LINK bytes");

function framesOf(text: string) {
  return [...text.matchAll(/^ {2}File "(.*)", line (\d+) in (.*)$/gm)].map(([, filename, lineno, name]) => ({
    filename: filename!,
    lineno: Number(lineno),
    name: name!,
  }));
}

/** The domains of a dump's interpreter, just before the damage. */
function interpreterOf(one: DumpCase): Domains {
  const modules = /^Extension modules: (.*) \(total/m.exec(one.text)?.[1];
  const extensionModules = modules === undefined ? [] : modules.split(", ");
  const { memory, frames } = makeDomains({ ...one, extensionModules });
  const serial = /call #(\d{1,15}) to/.exec(one.text)?.[1];
  if (serial !== undefined) burnSerialNumbers(memory, Number(serial));
  frames.frames = framesOf(one.text); // each script makes its block and dies on one line
  return memory;
}

/** Fills the pool that the block will lie in, so that the block is the last free one: freed, it links to nothing. */
function fillPool(memory: Domains, sizeBytes: number): void {
  const { PyMem_Malloc } = bindCApi(memory);
  for (;;) {
    PyMem_Malloc(sizeBytes);
    const pools = memory.pymalloc.inspect().arenas.flatMap(({ pools }) => pools);
    if (pools.some(({ count, capacity }) => count > 0 && count === capacity - 1)) return;
  }
}

function die(one: DumpCase): FatalMemoryError {
  const memory = interpreterOf(one);
  if (one.caseName === "doublefree" && one.text.includes("\n    0 bytes")) fillPool(memory, 100);
  try {
    doDamage(memory, one.steps);
  } catch (error) {
    if (error instanceof FatalMemoryError) return error;
    throw error;
  }
  throw new Error("The damage was not noticed.");
}

const dying = dumpCases.filter(({ caseName }) => caseName !== "layout");

describe("debug hooks", () => {
  it.each(dying)("die as CPython does: $name", (one) => {
    const { text } = die(one);
    const isTwice = one.caseName === "doublefree";
    const mask = (words: string) => withoutAddresses(isTwice ? withoutLink(words) : words);
    expect(mask(text)).toBe(mask(one.text));
  });

  it.each(dumpCases.filter(({ caseName }) => caseName === "layout"))("write the bytes of $name", (one) => {
    compareLayout(one);
  });

  it("cover 189 dumps of seven native interpreters, and 18 of three on wasm32", () => {
    expect(dumpCases.filter(({ isWasm }) => !isWasm)).toHaveLength(189);
    expect(dumpCases.filter(({ isWasm }) => isWasm)).toHaveLength(18);
    expect(dying.every(({ steps }) => steps.length > 0)).toBe(true);
  });
});
