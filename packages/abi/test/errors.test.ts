import { describe, expect, it } from "vitest";
import {
  formatAddress,
  ilp32,
  isSize,
  lp64,
  MemoryError,
  NotABlockError,
  ObmallocError,
  OutOfMemoryError,
} from "../src/index.ts";

describe("errors", () => {
  it("name the address and keep the first line apart", () => {
    const error = new NotABlockError("free", 0x1000, { details: ["The page there is not mapped."] });
    expect(error).toBeInstanceOf(MemoryError);
    expect(error.address).toBe(0x1000);
    expect(error.shortMessage).toBe("free: 0x1000 is not a live block.");
    expect(error.message).toBe("free: 0x1000 is not a live block.\n  The page there is not mapped.");
    expect(error.name).toBe("NotABlockError");
  });

  it("carry their cause", () => {
    const cause = new Error("inner");
    expect(new ObmallocError("outer", { cause }).cause).toBe(cause);
    expect(new ObmallocError("alone")).not.toHaveProperty("cause", cause);
  });

  it("say how much memory was missing", () => {
    const error = new OutOfMemoryError("pymalloc state", 4096);
    expect(error.sizeBytes).toBe(4096);
    expect(error.message).toBe("No room for 4096 bytes of pymalloc state.");
  });
});

describe("formatAddress", () => {
  it("writes hexadecimal, and what is no address as it is", () => {
    expect(formatAddress(0)).toBe("0x0");
    expect(formatAddress(0x7fff_a000_1000)).toBe("0x7fffa0001000");
    expect(formatAddress(Number.NaN)).toBe("NaN");
    expect(formatAddress(-1)).toBe("-1");
    expect(formatAddress(1.5)).toBe("1.5");
  });
});

describe("isSize", () => {
  it("accepts whole numbers up to PY_SSIZE_T_MAX", () => {
    expect([0, 1, 2 ** 31 - 1].every((n) => isSize(n, ilp32))).toBe(true);
    expect(isSize(2 ** 31, ilp32)).toBe(false);
    expect(isSize(2 ** 62, lp64)).toBe(true);
    expect(isSize(2 ** 63, lp64)).toBe(false);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses %s", (n) => {
    expect(isSize(n, lp64)).toBe(false);
  });
});
