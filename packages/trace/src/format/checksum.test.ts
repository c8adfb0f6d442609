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
