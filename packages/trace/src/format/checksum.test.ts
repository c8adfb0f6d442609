import { describe, expect, it } from "vitest";
import { checksum } from "./checksum.ts";

const hashOf = (text: string, seed = 0) => checksum(new TextEncoder().encode(text), seed);

describe("checksum", () => {
  it("gives XXH32's published values", () => {
    expect(hashOf("")).toBe(0x02cc5d05);
    expect(hashOf("a")).toBe(0x550d7456);
    expect(hashOf("abc")).toBe(0x32d153ff);
    expect(hashOf("Nobody inspects the spammish repetition")).toBe(0xe2293b2f);
  });

  it("takes bytes wherever they lie, and however many", () => {
    const bytes = Uint8Array.from({ length: 40_000 }, (_, i) => (i * i) >>> 3);
    for (const length of [15, 16, 17, 100, 39_999]) {
      const whole = checksum(bytes.slice(1, 1 + length), 7);
      for (const offset of [0, 1, 2, 3, 4]) {
        const moved = new Uint8Array(offset + length);
        moved.set(bytes.subarray(1, 1 + length), offset);
        expect(checksum(moved.subarray(offset), 7)).toBe(whole);
      }
    }
    expect(checksum(bytes, 7)).toBe(0x7354c88a); // as a plain implementation in Python has it
  });

  it("depends on the seed and on every byte", () => {
    expect(hashOf("abc", 1)).not.toBe(hashOf("abc"));
    const bytes = new Uint8Array(100).map((_, i) => i);
    const whole = checksum(bytes, 0);
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice();
      changed[i]! ^= 1;
      expect(checksum(changed, 0)).not.toBe(whole);
    }
  });
});
