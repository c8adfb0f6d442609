// The WebAssembly half of the debug hooks: that its bytes are its text's, and that it does what the other half does.
import { readFileSync } from "node:fs";
import { LinearMemory } from "@obmalloc/raw-heap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import wabtFactory from "wabt";
import { BlockBytes, marksOf } from "./block-bytes.ts";
import { type Kernel, kernelBytes, makeKernel } from "./kernel.ts";

const text = readFileSync(new URL("kernel.wat", import.meta.url), "utf8");

async function compile(wat: string): Promise<Uint8Array> {
  const wabt = await wabtFactory();
  const module = wabt.parseWat("kernel.wat", wat, { bulk_memory: true, threads: true });
  return new Uint8Array(module.toBinary({}).buffer);
}

describe("the kernel's bytes", () => {
  it("are what kernel.wat compiles to, for a memory of its own and for a shared one", async () => {
    expect(kernelBytes(false)).toEqual(await compile(text));
    expect(kernelBytes(true)).toEqual(await compile(text.replace("(memory 0)", "(memory 0 65536 shared)")));
  });

  it("need a WebAssembly.Memory, shared or not", () => {
    const memory = (options: object) => new LinearMemory({ maxBytes: 1 << 20, ...options });
    expect(makeKernel(memory({}), 8)).toBeDefined();
    expect(makeKernel(memory({ shared: true }), 4)).toBeDefined();
    expect(makeKernel(memory({ backing: "array" }), 8)).toBe(undefined);
  });
});

/** One page of memory with a kernel over it; the last byte that a block may use is the memory's last. */
function machine(wordBytes: 4 | 8, isWasm: boolean): { kernel: Kernel; u8: Uint8Array } {
  const linear = new LinearMemory({ maxBytes: 65536, backing: isWasm ? "wasm" : "array" });
  const kernel = isWasm ? makeKernel(linear, wordBytes)! : new BlockBytes(linear, wordBytes);
  return { kernel, u8: linear.u8 };
}

describe.each([4, 8] as const)("on %i bytes", (wordBytes) => {
  const step = fc.record({
    kill: fc.boolean(),
    at: fc.oneof(fc.integer({ min: 4, max: 100 }), fc.integer({ min: 16000, max: 16380 })).map((n) => n * 4),
    size: fc.oneof(fc.nat(300), fc.nat(3000)),
    letter: fc.constantFrom("r", "m", "o"),
    poke: fc.option(fc.tuple(fc.integer({ min: -16, max: 320 }), fc.nat(255)), { nil: undefined, freq: 6 }),
  });

  it("property: both halves do the same, byte for byte", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const both = [machine(wordBytes, true), machine(wordBytes, false)];
        for (const { kill, at, size, letter, poke } of steps) {
          const results = both.map(({ kernel, u8 }) => {
            if (poke !== undefined && at + poke[0] < 65536) u8[at + poke[0]] = poke[1];
            if (kill) return kernel.kill(at, marksOf(letter), 3 * wordBytes);
            if (at + size + wordBytes <= 65536) kernel.mark(at, size, marksOf(letter));
            return undefined;
          });
          expect(results[0]).toBe(results[1]);
        }
        expect(both[0]!.u8.every((byte, address) => byte === both[1]!.u8[address])).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it.each([true, false])("do not follow a size out of the memory (WebAssembly: %s)", (isWasm) => {
    const { kernel, u8 } = machine(wordBytes, isWasm);
    kernel.mark(1024, 100, marksOf("m"));
    for (const bytes of [
      [0, 1, 0, 0],
      [0x7f, 0xff, 0xff, 0xff],
      [0xff, 0xff, 0xff, 0xf0],
    ]) {
      u8.set(bytes, 1024 - 2 * wordBytes + (wordBytes - 4));
      expect(kernel.kill(1024, marksOf("m"), 3 * wordBytes)).toBe(-1);
    }
  });
});
