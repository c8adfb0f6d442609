// Doug Lea's malloc as WebAssembly: the one in the C library of wasi-libc, linked by clang and lld.

import { writeFileSync } from "node:fs";
import { built, compile, toolVersion } from "../build.ts";
import { type Candidate, heapEntrant } from "../entrant.ts";
import { wasmSource } from "./wasm-heap.ts";

const ADVICE = "needs clang, lld and wasi-libc (Debian: apt-get install clang lld wasi-libc)";
const SOURCE = "#include <stdlib.h>\nvoid *keep[3] = {malloc, realloc, free};\n";
const FLAGS = [
  "--target=wasm32-wasi",
  "-O2",
  "-nostartfiles",
  "-nodefaultlibs",
  "-Wl,--no-entry",
  ...["malloc", "realloc", "free"].map((name) => `-Wl,--export=${name}`),
];

export const dlmalloc: Candidate = {
  name: "dlmalloc",
  title: "dlmalloc of wasi-libc, WebAssembly",
  origin: "wasm",
  async prepare() {
    const version = await toolVersion("clang", ADVICE);
    const file = await built("dlmalloc.wasm", [version, SOURCE, ...FLAGS], async (target) => {
      const source = `${target}.c`;
      writeFileSync(source, SOURCE);
      await compile("clang", [...FLAGS, "-o", target, source, "-lc"], ADVICE);
    });
    return heapEntrant(async () => wasmSource(this.name, file));
  },
};
