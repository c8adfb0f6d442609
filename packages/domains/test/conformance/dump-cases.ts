// The captured dumps, and the damage that each of them shows.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { DamageStep } from "../damage/damage-program.ts";

/**
 * What 10 interpreters wrote to stderr, or in the cases called "layout" to stdout; a character is a byte. The lines in
 * brackets and those from "Aborted()" on are the shell's and Node's.
 */
const dumps: Readonly<Record<string, string>> = JSON.parse(
  gunzipSync(readFileSync(new URL("fixtures/debug-hooks.json.gz", import.meta.url))).toString("utf8"),
);

const A = 0x41;
const x = 0x78;
const S = 8;

/** Each case: what is done before the interpreter dies. Offsets for 64 bits. */
const programs: Readonly<Record<string, readonly DamageStep[]>> = {
  overflow16: [["PyMem_Malloc", 16], ["fill", 0, 16, A], ["poke", 16, x], ["PyMem_Free"]],
  overflow5: [["PyMem_Malloc", 5], ["fill", 0, 5, A], ["poke", 5, x], ["PyMem_Free"]],
  overflow17: [["PyObject_Malloc", 17], ["fill", 0, 17, A], ["poke", 20, x], ["PyObject_Free"]],
  overflow40: [["PyObject_Malloc", 40], ["poke", 47, x], ["PyObject_Free"]],
  overflow0: [["PyMem_Malloc", 0], ["poke", 0, x], ["PyMem_Free"]],
  underflow: [["PyMem_Malloc", 16], ["poke", -1, x], ["PyMem_Free"]],
  "underflow-all": [["PyMem_Malloc", 16], ["fill", 1 - S, S - 1, 0], ["PyMem_Free"]],
  badid: [["PyMem_Malloc", 16], ["poke", -S, 0x7a], ["PyMem_Free"]],
  "misuse-mem-rawfree": [["PyMem_Malloc", 16], ["PyMem_RawFree"]],
  "misuse-mem-objfree": [["PyMem_Malloc", 16], ["PyObject_Free"]],
  "misuse-raw-memfree": [["PyMem_RawMalloc", 600], ["PyMem_Free"]],
  "misuse-obj-realloc": [
    ["PyObject_Malloc", 16],
    ["PyMem_Realloc", 32],
  ],
  doublefree: [["PyMem_Malloc", 100], ["forget", "PyMem_Free"], ["PyMem_Free"]],
  "realloc-overflow": [
    ["PyMem_Malloc", 16],
    ["poke", 16, x],
    ["PyMem_Realloc", 32],
  ],
  "nogil-mem": [["without the GIL", ["PyMem_Malloc", 10]]],
  "nogil-obj": [["without the GIL", ["PyObject_Malloc", 10]]],
  "nogil-free": [["without the GIL", ["PyMem_Free"]]],
  "testcapi-pymem_buffer_overflow": [["PyMem_Malloc", 16], ["poke", 16, x], ["PyMem_Free"]],
  "testcapi-pymem_api_misuse": [["PyMem_Malloc", 16], ["PyMem_RawFree"]],
  "testcapi-pymem_malloc_without_gil": [["without the GIL", ["PyMem_Malloc", 10]]],
  "testcapi-pyobject_malloc_without_gil": [["without the GIL", ["PyObject_Malloc", 10]]],
};

export interface DumpCase {
  readonly name: string;
  readonly version: string;
  readonly isWasm: boolean;
  readonly PYTHONMALLOC: string;
  readonly PYTHONTRACEMALLOC: string;
  /** What the interpreter itself wrote. */
  readonly text: string;
  /** Empty for the cases called "layout". */
  readonly steps: readonly DamageStep[];
  readonly caseName: string;
}

/** Pyodide's versions, by the CPython in them. */
const pyodide: Readonly<Record<string, string>> = {
  "0.26.4": "3.12.1",
  "314.0.7": "3.14.2",
  "315.0.0-alpha.2": "3.15.0rc1",
};

export const dumpCases: readonly DumpCase[] = Object.entries(dumps).map(([name, text]) => {
  const wasm = /^wasm32-pyodide-([\d.]+(?:-alpha\.\d+)?)-(.*)$/.exec(name);
  const [, version, rest] =
    wasm === null ? /^([\d.]+)-(.*)$/.exec(name)! : [name, pyodide[wasm[1]!]!, wasm[2]!];
  const [, caseName, variant] = /^(.*?)(?:-(malloc_debug|pymalloc_debug|tracemalloc))?$/.exec(rest!)!;
  const isAllocator = variant !== undefined && variant !== "tracemalloc";
  return {
    name,
    version: version!,
    isWasm: wasm !== null,
    // Pyodide is built without pymalloc: "debug" means "malloc_debug" there.
    PYTHONMALLOC: wasm !== null ? "malloc_debug" : isAllocator ? variant : "debug",
    PYTHONTRACEMALLOC: variant === "tracemalloc" ? "5" : "",
    text: ownWords(text),
    steps: programs[caseName!] ?? [],
    caseName: caseName!,
  };
});

/** Without the command, the shell's lines, and what Node says when Pyodide has died. */
function ownWords(text: string): string {
  const end = text.indexOf("\nAborted()\n");
  return (end < 0 ? text : text.slice(0, end + 1))
    .replace(/^\$ .*\n/, "")
    .replace(/\[(?:shell: .*|exit \d+)\]\n?/g, "");
}
