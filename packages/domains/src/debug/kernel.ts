// The hot half of the debug hooks in WebAssembly, over the same memory: half the time of the loops in block-bytes.ts.

import type { LinearMemory } from "@obmalloc/raw-heap";

/** What the hooks do to each block. `marks` is the letter of the domain with three forbidden bytes above it. */
export interface Kernel {
  /** Writes the marks around a new block of `sizeBytes` with data at `p`, and fills it with clean bytes. */
  mark(p: number, sizeBytes: number, marks: number): void;
  /**
   * Fills a block with dead bytes, `overheadBytes` around its data included, when all its marks are as they were written.
   *
   * @param p an address in the memory with a block's head in front of it.
   * @returns its size; or a negative number with nothing done, when a mark is wrong, or the block is of 2 GiB and more.
   */
  kill(p: number, marks: number, overheadBytes: number): number;
}

/** The module of kernel.wat around its import of a memory; a test compiles the text and compares. */
const TYPES = "0061736d01000000010e0260037f7f7f0060037f7f7f017f";
const IMPORT = "021401086f626d616c6c6f63066d656d6f7279020000";
const IMPORT_SHARED = "021701086f626d616c6c6f63066d656d6f7279020300808004";
const REST =
  "03050400010001072504066d61726b36340000066b696c6c36340001066d61726b33320002066b696c6c333200030aca03045e00" +
  "200041106b41003602002000410c6b20014180fe837871410877200141ff81fc077141187772360200200041086b200236020020" +
  "0041046b41fdfbf76f360200200041cd012001fc0b00200020016a42fdfbf7efdfbffffe7d3700000ba00101017f200041106b28" +
  "0200200041086b280200200173200041046b28020041fdfbf76f7372720440417f0f0b2000410c6b280200210320034180fe8378" +
  "71410877200341ff81fc077141187772210320034100480440417f0f0b2000ad2003200241106b6aad7c3f00ad42108656044041" +
  "7f0f0b200020036a29000042fdfbf7efdfbffffe7d520440417f0f0b200041106b41dd01200320026afc0b0020030b4200200041" +
  "086b20014180fe837871410877200141ff81fc077141187772360200200041046b2002360200200041cd012001fc0b0020002001" +
  "6a41fdfbf76f3600000b830101017f200041046b2802002001470440417f0f0b200041086b280200210320034180fe8378714108" +
  "77200341ff81fc077141187772210320034100480440417f0f0b2000ad2003200241086b6aad7c3f00ad421086560440417f0f0b" +
  "200020036a28000041fdfbf76f470440417f0f0b200041086b41dd01200320026afc0b0020030b";

/** The part of the host's `WebAssembly` that is used, so that no DOM types are needed. */
interface HostWasm {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
}

/** The bytes of the module, for a memory that is shared or not. */
export function kernelBytes(shared: boolean): Uint8Array {
  const hex = TYPES + (shared ? IMPORT_SHARED : IMPORT) + REST;
  return Uint8Array.from(hex.match(/../g)!, (digits) => Number.parseInt(digits, 16));
}

/**
 * The kernel over `linear`; undefined where the bytes are not a `WebAssembly.Memory`, or the host does not let a page compile.
 */
export function makeKernel(linear: LinearMemory, wordBytes: 4 | 8): Kernel | undefined {
  const { source, shared } = linear;
  const wasm = (globalThis as { WebAssembly?: HostWasm }).WebAssembly;
  if (wasm === undefined || !("grow" in source) || "byteLength" in source) return undefined;
  try {
    const module = new wasm.Module(kernelBytes(shared));
    const { exports } = new wasm.Instance(module, { obmalloc: { memory: source } });
    const bits = wordBytes * 8;
    return {
      mark: exports[`mark${bits}`] as Kernel["mark"],
      kill: exports[`kill${bits}`] as Kernel["kill"],
    };
  } catch {
    return undefined; // a policy of the page forbids it, or the memory has no maximum and is shared
  }
}
