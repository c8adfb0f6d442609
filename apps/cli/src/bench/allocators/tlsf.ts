// AssemblyScript's allocator, two-level segregated fit, as its own compiler makes it.

import { writeFileSync } from "node:fs";
import { built } from "../build.ts";
import { type Candidate, heapEntrant } from "../entrant.ts";
import { MissingPeerError } from "../errors.ts";
import { packageUrl } from "./npm-package.ts";
import { wasmSource } from "./wasm-heap.ts";

const SOURCE = `
export function malloc(size: usize): usize { return heap.alloc(size); }
export function realloc(block: usize, size: usize): usize { return heap.realloc(block, size); }
export function free(block: usize): void { heap.free(block); }
`;
const FLAGS = ["-O3", "--noAssert", "--runtime", "minimal"];

/** As much of `assemblyscript/asc` as is used here; its own types take the place of Node's. */
interface Compiler {
  readonly version: string;
  main(
    argv: readonly string[],
    host: {
      readFile(name: string): string | null;
      writeFile(name: string, content: Uint8Array | string): void;
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}

export const tlsf: Candidate = {
  name: "tlsf",
  title: "TLSF of AssemblyScript, WebAssembly",
  origin: "npm",
  async prepare() {
    const asc = (await import(packageUrl("assemblyscript", "/asc"))) as Compiler;
    const file = await built("tlsf.wasm", [asc.version, SOURCE, ...FLAGS], async (target) => {
      const { error, stderr } = await asc.main(["allocator.ts", "--outFile", "allocator.wasm", ...FLAGS], {
        readFile: (name) => (name === "allocator.ts" ? SOURCE : null),
        writeFile: (name, content) => {
          if (name === "allocator.wasm") writeFileSync(target, content);
        },
      });
      if (error) throw new MissingPeerError(`asc: ${stderr.toString()}`);
    });
    return heapEntrant(async () => wasmSource(this.name, file));
  },
};
