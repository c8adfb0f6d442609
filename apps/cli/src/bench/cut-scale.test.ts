import { describe, expect, it } from "vitest";
import { cutScale } from "./cut-scale.ts";

const sizes = { min: 1, max: 512 };

describe("cutScale", () => {
  it("leaves what is small as it is", () => {
    const scale = { live: 100, operations: 1000, sizes };
    expect(cutScale(scale, "blocks")).toEqual(scale);
  });

  it("takes operations from who searches among many blocks, and leaves the blocks", () => {
    const { live, operations } = cutScale({ live: 100_000, operations: 1_000_000, sizes }, "blocks");
    expect([live, operations]).toEqual([100_000, 300]);
  });

  it("takes blocks where the operations follow from them", () => {
    expect(cutScale({ live: 200_000, operations: 0, sizes }, "blocks")).toEqual({
      live: 5000,
      operations: 0,
      sizes,
    });
  });

  it("takes both from who searches byte by byte", () => {
    const { live, operations } = cutScale({ live: 100_000, operations: 1_000_000, sizes }, "bytes");
    expect([live, operations]).toEqual([500, 117]);
  });
});
