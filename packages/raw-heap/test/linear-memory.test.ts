import { describe, expect, it } from "vitest";
import { GROWTH_UNIT_BYTES, LinearMemory, MAX_MEMORY_BYTES, type MemoryBacking } from "../src/index.ts";

const backings: MemoryBacking[] = ["wasm", "resizable"];
const MIB = 1024 * 1024;

describe.each(backings)("LinearMemory over %s", (backing) => {
  it("starts zeroed, with views over all of it", () => {
    const memory = new LinearMemory({ initialBytes: 100, maxBytes: MIB, backing });
    expect(memory.byteLength).toBe(GROWTH_UNIT_BYTES);
    expect(memory.u8).toHaveLength(GROWTH_UNIT_BYTES);
    expect(memory.u32).toHaveLength(GROWTH_UNIT_BYTES / 4);
    expect(memory.u8.every((byte) => byte === 0)).toBe(true);
  });

  it("keeps every byte when it grows, and adds zeros", () => {
    const memory = new LinearMemory({ maxBytes: MIB, backing });
    memory.u8.fill(7);
    expect(memory.ensure(3 * GROWTH_UNIT_BYTES)).toBe(true);
    expect(memory.byteLength).toBe(3 * GROWTH_UNIT_BYTES);
    expect(memory.u8.subarray(0, GROWTH_UNIT_BYTES).every((byte) => byte === 7)).toBe(true);
    expect(memory.u8.subarray(GROWTH_UNIT_BYTES).every((byte) => byte === 0)).toBe(true);
  });

  it("tells its listeners after the views are new, until they leave", () => {
    const memory = new LinearMemory({ maxBytes: MIB, backing });
    const seen: number[] = [];
    const leave = memory.onGrow(() => seen.push(memory.u32.length * 4));
    memory.ensure(2 * GROWTH_UNIT_BYTES);
    memory.ensure(2 * GROWTH_UNIT_BYTES);
    leave();
    memory.ensure(3 * GROWTH_UNIT_BYTES);
    expect(seen).toEqual([2 * GROWTH_UNIT_BYTES]);
  });

  it("does not grow beyond its limit, and stays as it is", () => {
    const memory = new LinearMemory({ maxBytes: 2 * GROWTH_UNIT_BYTES, backing });
    memory.u8[5] = 5;
    const { u8 } = memory;
    expect(memory.ensure(2 * GROWTH_UNIT_BYTES + 1)).toBe(false);
    expect(memory.ensure(Number.NaN)).toBe(false);
    expect(memory.u8).toBe(u8);
    expect(memory.ensure(2 * GROWTH_UNIT_BYTES)).toBe(true);
    expect(memory.u8[5]).toBe(5);
  });

  it("grows by a quarter at a time", () => {
    const memory = new LinearMemory({ initialBytes: 8 * MIB, maxBytes: 64 * MIB, backing });
    expect(memory.ensure(8 * MIB + 1)).toBe(true);
    expect(memory.byteLength).toBe(10 * MIB);
  });

  it("reaches 4 GiB, the last word included", () => {
    const memory = new LinearMemory({ backing });
    expect(memory.maxBytes).toBe(MAX_MEMORY_BYTES);
    expect(memory.ensure(MAX_MEMORY_BYTES)).toBe(true);
    memory.u8[MAX_MEMORY_BYTES - 1] = 0xab;
    expect(memory.u32[MAX_MEMORY_BYTES / 4 - 1]).toBe(0xab00_0000);
    expect(memory.ensure(MAX_MEMORY_BYTES + 1)).toBe(false);
  });

  it("can start as a copy of other bytes", () => {
    const bytes = new Uint8Array(GROWTH_UNIT_BYTES + 4).fill(3);
    const memory = LinearMemory.from(bytes, { maxBytes: MIB, backing });
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

  it("uses WebAssembly.Memory where the host has it: it can be grown by nobody else", () => {
    const memory = new LinearMemory({ maxBytes: MIB });
    expect(memory.buffer.resizable).toBe(false);
    expect(new LinearMemory({ maxBytes: MIB, backing: "resizable" }).buffer.resizable).toBe(true);
  });
});
