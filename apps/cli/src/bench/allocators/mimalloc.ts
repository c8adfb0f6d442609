// mimalloc as WebAssembly, compiled from a copy of its sources where there is one.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { built, compile, toolVersion } from "../build.ts";
import { type Candidate, heapEntrant } from "../entrant.ts";
import { MissingPeerError } from "../errors.ts";
import { wasmSource } from "./wasm-heap.ts";

const ADVICE =
  "needs clang, lld, wasi-libc and clang's runtime for wasm32 (Debian: libclang-rt-dev-wasm32), and MIMALLOC_SOURCE, the folder of a copy of github.com/microsoft/mimalloc";
const FLAGS = [
  "--target=wasm32-wasi",
  "-O3",
  "-DNDEBUG",
  "-DMI_MALLOC_OVERRIDE=0",
  "-D_WASI_EMULATED_PROCESS_CLOCKS",
  "-mexec-model=reactor",
  ...["malloc", "realloc", "free"].map((name) => `-Wl,--export=mi_${name}`),
];

export const mimalloc: Candidate = {
  name: "mimalloc",
  title: "mimalloc, WebAssembly",
  origin: "wasm",
  async prepare() {
    const folder = process.env.MIMALLOC_SOURCE ?? "";
    const source = join(folder, "src", "static.c");
    const header = join(folder, "include", "mimalloc.h");
    if (!existsSync(source) || !existsSync(header)) throw new MissingPeerError(ADVICE);
    const key = [await toolVersion("clang", ADVICE), folder, readFileSync(header, "utf8"), ...FLAGS];
    const file = await built("mimalloc.wasm", key, (target) => {
      const inputs = ["-I", join(folder, "include"), source, "-lwasi-emulated-process-clocks"];
      return compile("clang", [...FLAGS, "-o", target, ...inputs], ADVICE);
    });
    return heapEntrant(async () => wasmSource(this.name, file, "mi_"));
  },
};
