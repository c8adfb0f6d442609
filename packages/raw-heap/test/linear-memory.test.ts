import { describe, expect, it } from "vitest";
import {
  DetachedMemoryError,
  GROWTH_UNIT_BYTES,
  LinearMemory,
  MAX_MEMORY_BYTES,
  type MemoryBacking,
} from "../src/index.ts";

const backings: MemoryBacking[] = ["wasm", "array"];
const kinds = backings.flatMap((backing) => [
  { backing, shared: false },
  { backing, shared: true },
]);
const MIB = 1024 * 1024;

describe.each(kinds)("LinearMemory over $backing, shared: $shared", ({ backing, shared }) => {
  it("starts zeroed, with views over all of it", () => {
    const memory = new LinearMemory({ initialBytes: 100, maxBytes: MIB, backing, shared });
    expect(memory.byteLength).toBe(GROWTH_UNIT_BYTES);
    expect(memory.u8).toHaveLength(GROWTH_UNIT_BYTES);
    expect(memory.u32).toHaveLength(GROWTH_UNIT_BYTES / 4);
    expect(memory.u8.every((byte) => byte === 0)).toBe(true);
  });

  it("keeps every byte when it grows, and adds zeros", () => {
    const memory = new LinearMemory({ maxBytes: MIB, backing, shared });
    memory.u8.fill(7);
    expect(memory.ensure(3 * GROWTH_UNIT_BYTES)).toBe(true);
    expect(memory.byteLength).toBe(3 * GROWTH_UNIT_BYTES);
    expect(memory.u8.subarray(0, GROWTH_UNIT_BYTES).every((byte) => byte === 7)).toBe(true);
    expect(memory.u8.subarray(GROWTH_UNIT_BYTES).every((byte) => byte === 0)).toBe(true);
  });

  it("tells its listeners after the views are new, until they leave", () => {
    const memory = new LinearMemory({ maxBytes: MIB, backing, shared });
    const seen: number[] = [];
    const leave = memory.onGrow(() => seen.push(memory.u32.length * 4));
    memory.ensure(2 * GROWTH_UNIT_BYTES);
    memory.ensure(2 * GROWTH_UNIT_BYTES);
    leave();
    memory.ensure(3 * GROWTH_UNIT_BYTES);
    expect(seen).toEqual([2 * GROWTH_UNIT_BYTES]);
  });

  it("does not grow beyond its limit, and stays as it is", () => {
    const memory = new LinearMemory({ maxBytes: 2 * GROWTH_UNIT_BYTES, backing, shared });
    memory.u8[5] = 5;
    const { u8 } = memory;
    expect(memory.ensure(2 * GROWTH_UNIT_BYTES + 1)).toBe(false);
    expect(memory.ensure(Number.NaN)).toBe(false);
    expect(memory.u8).toBe(u8);
    expect(memory.ensure(2 * GROWTH_UNIT_BYTES)).toBe(true);
    expect(memory.u8[5]).toBe(5);
  });

  it("grows by a hundred-and-twenty-eighth at a time", () => {
    const memory = new LinearMemory({ initialBytes: 128 * MIB, maxBytes: 256 * MIB, backing, shared });
    expect(memory.ensure(128 * MIB + 1)).toBe(true);
    expect(memory.byteLength).toBe(129 * MIB);
  });

  it("reaches 4 GiB, the last word included", () => {
    const memory = new LinearMemory({ backing, shared });
    expect(memory.maxBytes).toBe(MAX_MEMORY_BYTES);
    expect(memory.ensure(MAX_MEMORY_BYTES)).toBe(true);
    memory.u8[MAX_MEMORY_BYTES - 1] = 0xab;
    expect(memory.u32[MAX_MEMORY_BYTES / 4 - 1]).toBe(0xab00_0000);
    expect(memory.ensure(MAX_MEMORY_BYTES + 1)).toBe(false);
  });

  it("can start as a copy of other bytes", () => {
    const bytes = new Uint8Array(GROWTH_UNIT_BYTES + 4).fill(3);
    const memory = LinearMemory.from(bytes, { maxBytes: MIB, backing, shared });
    expect(memory.byteLength).toBe(2 * GROWTH_UNIT_BYTES);
    expect(memory.u8.subarray(0, bytes.length)).toEqual(bytes);
    expect(memory.u8[bytes.length]).toBe(0);
    bytes[0] = 9;
    expect(memory.u8[0]).toBe(3);
  });
});

describe("LinearMemory", () => {
  it.each([
    { initialBytes: -1 },
    { maxBytes: MAX_MEMORY_BYTES + 1 },
    { initialBytes: MIB, maxBytes: GROWTH_UNIT_BYTES },
    { maxBytes: Number.NaN },
  ])("refuses sizes that cannot be: %j", (options) => {
    expect(() => new LinearMemory(options)).toThrow(RangeError);
  });

  it("uses WebAssembly.Memory where the host has it, and array buffers when asked", () => {
    expect(new LinearMemory({ maxBytes: MIB }).source).toBeInstanceOf(WebAssembly.Memory);
    const growing = new LinearMemory({ maxBytes: MIB, backing: "array" }).source as ArrayBuffer;
    expect([growing.resizable, growing.maxByteLength]).toEqual([true, MIB]);
    const fixed = new LinearMemory({ initialBytes: MIB, maxBytes: MIB, backing: "array" })
      .source as ArrayBuffer;
    expect([fixed.resizable, fixed.byteLength]).toEqual([false, MIB]);
  });
});

describe("LinearMemory over a source that exists", () => {
  const sources = {
    "an ArrayBuffer": () => new ArrayBuffer(100_001),
    "a resizable ArrayBuffer": () => new ArrayBuffer(100_001, { maxByteLength: 300_000 }),
    "a SharedArrayBuffer": () => new SharedArrayBuffer(100_001),
    "a growable SharedArrayBuffer": () => new SharedArrayBuffer(100_001, { maxByteLength: 300_000 }),
    "a WebAssembly.Memory": () => new WebAssembly.Memory({ initial: 2, maximum: 4 }),
    "a shared WebAssembly.Memory": () => new WebAssembly.Memory({ initial: 2, maximum: 4, shared: true }),
  };

  it.each(Object.entries(sources))("uses the bytes of %s, and grows as far as it can", (name, make) => {
    const source = make();
    const bufferOf = () => ("grow" in source && "buffer" in source ? source.buffer : (source as ArrayBuffer));
    const memory = new LinearMemory({ source, startAddress: 1000 });
    expect(memory.shared).toBe(/shared/i.test(name));
    expect([memory.buffer, memory.byteLength]).toEqual([bufferOf(), bufferOf().byteLength]);
    memory.u8[5000] = 7;
    const limit = name.includes("Wasm") || name.includes("WebAssembly") ? 4 * 65_536 : memory.maxBytes;
    expect(memory.ensure(limit + 1)).toBe(false);
    expect(memory.ensure(limit)).toBe(true);
    expect(memory.byteLength).toBe(limit);
    expect(new Uint8Array(bufferOf())[5000]).toBe(7);
  });

  it.each(["an ArrayBuffer", "a WebAssembly.Memory"] as const)("ends at maxBytes in %s", (name) => {
    const memory = new LinearMemory({ source: sources[name](), maxBytes: 90_000 });
    expect([memory.byteLength, memory.maxBytes]).toEqual([90_000, 90_000]);
    expect([memory.ensure(90_000), memory.ensure(90_001)]).toEqual([true, false]);
  });

  it("notices that somebody else has grown it", () => {
    const source = new WebAssembly.Memory({ initial: 1, maximum: 4 });
    const memory = new LinearMemory({ source });
    let news = 0;
    memory.onGrow(() => news++);
    expect(memory.refresh()).toBe(false);
    source.grow(2);
    expect([memory.u8.length, memory.refresh(), memory.u8.length, news]).toEqual([0, true, 3 * 65_536, 1]);
  });

  it("says so when its buffer was taken away", () => {
    const source = new ArrayBuffer(MIB);
    const memory = new LinearMemory({ source });
    structuredClone(source, { transfer: [source] });
    expect(() => memory.refresh()).toThrow(DetachedMemoryError);
  });

  it.each([
    { startAddress: -1 },
    { startAddress: 1.5 },
    { startAddress: 100_002 },
    { maxBytes: -1 },
    { maxBytes: Number.NaN },
    { startAddress: 2000, maxBytes: 1000 },
  ])("refuses addresses that cannot be: %j", (options) => {
    expect(() => new LinearMemory({ source: new ArrayBuffer(100_001), ...options })).toThrow(RangeError);
  });
});
