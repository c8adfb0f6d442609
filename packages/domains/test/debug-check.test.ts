// What the debug hooks know beyond CPython: neighbours, double frees, and damage found before the block comes back.
import { type BlockAddress, ilp32, NotABlockError, profileFor } from "@obmalloc/abi";
import { createDomains, type Domains, FatalMemoryError } from "@obmalloc/domains";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const make = (PYTHONMALLOC = "debug", version = "3.13", model?: typeof ilp32) =>
  createDomains({
    profile: profileFor(version, model),
    maxBytes: 64 * 1024 * 1024,
    environment: { PYTHONMALLOC },
  });

function death(action: () => unknown): FatalMemoryError {
  try {
    action();
  } catch (error) {
    if (error instanceof FatalMemoryError) return error;
    throw error;
  }
  throw new Error("It lived.");
}

const versions = [
  ["3.13", undefined],
  ["3.7", undefined],
  ["3.12", ilp32],
] as const;

const hex = (address: number) => `0x${address.toString(16)}`;

describe("notes of a fatal error", () => {
  it("say which bytes were written over, and what lies behind the block", () => {
    const memory = make();
    const p = memory.mem.malloc(40);
    const next = memory.obj.malloc(33);
    memory.linear.u8[p + 41] = 0;
    expect(death(() => memory.mem.free(p))).toMatchObject({
      kind: "overflow",
      address: p,
      notes: [
        `1 byte was written over behind the block ${hex(p)}, at ${hex(p + 41)}.`,
        `Behind it lies the live block ${hex(next)} of the obj domain: 33 bytes were asked for.`,
      ],
    });
  });

  it("say what lies in front of a block that was written over from there", () => {
    const memory = make();
    const before = memory.mem.malloc(40);
    const p = memory.mem.malloc(40);
    memory.linear.u8.fill(0, p - 4, p);
    expect(death(() => memory.mem.free(p))).toMatchObject({
      kind: "underflow",
      notes: [
        `4 bytes were written over in front of the block ${hex(p)}, at ${hex(p - 4)} to ${hex(p - 1)}.`,
        `In front of it lies the live block ${hex(before)} of the mem domain: 40 bytes were asked for.`,
      ],
    });
    memory.mem.free(before);
    expect(death(() => memory.mem.free(p)).notes[1]).toBe(
      `In front of it lies the block ${hex(before - 16)}: 64 bytes, free.`,
    );
  });

  it("know blocks of the raw heap too", () => {
    const memory = make();
    const p = memory.raw.malloc(5000);
    const q = memory.raw.malloc(6000);
    const [low, high] = p < q ? [p, q] : [q, p];
    memory.linear.u8[low + (low === p ? 5000 : 6000)] = 0;
    const { notes } = death(() => memory.raw.free(low));
    expect(notes[1]).toBe(
      `Behind it lies the live block ${hex(high)} of the raw domain: ${high === p ? 5000 : 6000} bytes were asked for.`,
    );
  });

  it("tell a double free, and do not follow its bogus size out of the memory", () => {
    for (const model of [undefined, ilp32]) {
      const memory = make("debug", "3.13", model);
      const keep = memory.mem.malloc(100);
      const p = memory.mem.malloc(100);
      memory.mem.free(p);
      const error = death(() => memory.mem.free(p));
      expect(error.kind).toBe("double-free");
      expect(error.notes[0]).toContain(`The block ${hex(p)} was freed before`);
      expect(error.text).toMatch(/pad bytes at tail=0x[0-9a-f]+ are $/);
      expect(error.notes.at(-1)).toContain("CPython crashes at this point of its text");
      expect(error.notes.at(-1)).toContain("verified using API 'm'");
      expect(death(() => memory.mem.realloc(p, 5)).kind).toBe("use-after-free");
      memory.mem.free(keep);
    }
  });

  it("tell the wrong domain from a letter that was written over", () => {
    const memory = make();
    const p = memory.mem.malloc(8);
    expect(death(() => memory.obj.free(p)).kind).toBe("wrong-domain");
    memory.linear.u8[p - 8] = 0x41;
    expect(death(() => memory.mem.free(p)).kind).toBe("bad-id");
  });

  it("refuse addresses that no block can have", () => {
    const memory = make();
    for (const p of [8, 2 ** 31 + 16, 1.5, Number.NaN, -16, 2 ** 40]) {
      expect(() => memory.mem.free(p as BlockAddress)).toThrow(NotABlockError);
    }
    expect(() => memory.mem.realloc(3 as BlockAddress, 5)).toThrow(NotABlockError);
    memory.mem.free(0 as BlockAddress);
    expect(memory.check()).toEqual([]);
  });
});

describe("check() with debug hooks", () => {
  const damage = (memory: Domains) => memory.check().map(({ rule, address }) => [rule, address]);

  it("finds damage while the block is still in use", () => {
    const memory = make();
    const p = memory.mem.malloc(24);
    const q = memory.obj.malloc(700);
    const r = memory.obj.malloc(50);
    expect(damage(memory)).toEqual([]);
    memory.linear.u8[p + 24]! ^= 1;
    memory.linear.u8[q + 700]! ^= 1;
    memory.linear.u8[r - 3]! ^= 1;
    expect(damage(memory)).toEqual([
      ["debug-tail", p],
      ["debug-head", r],
      ["debug-tail", q],
    ]);
  });

  it("finds what was written into a block after it was freed", () => {
    const memory = make();
    const keep = memory.mem.malloc(200);
    const p = memory.mem.malloc(200);
    memory.mem.free(p);
    expect(damage(memory)).toEqual([]);
    memory.linear.u8[p + 100] = 1;
    expect(damage(memory)).toEqual([["write-after-free", p + 100]]);
    expect(memory.linear.u8[p + 99]).toBe(0xdd); // what a use after free reads
    memory.mem.free(keep);
  });

  it.each(versions)(
    "property: finds nothing in what a program may do, resizing included (%s, %s)",
    (version, model) => {
      const step = fc.record({ slot: fc.nat(19), size: fc.nat(600), byte: fc.integer({ min: 1, max: 255 }) });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
          const memory = make("debug", version, model);
          const live = new Map<number, BlockAddress>();
          for (const { slot, size, byte } of steps) {
            const p = live.get(slot);
            live.delete(slot);
            if (p !== undefined && byte % 3 === 0) {
              memory.mem.free(p);
              continue;
            }
            const q = memory.mem.realloc(p ?? (0 as BlockAddress), size);
            memory.linear.u8.fill(byte, q, q + size);
            live.set(slot, q);
          }
          expect(memory.check()).toEqual([]);
        }),
        { numRuns: 60 },
      );
    },
  );

  it("leaves blocks alone that are older than the hooks", () => {
    const memory = make("");
    const p = memory.mem.malloc(24);
    memory.linear.u8.fill(0xff, p, p + 24);
    memory.setupDebugHooks();
    memory.mem.malloc(24);
    expect(damage(memory)).toEqual([]);
  });
});

describe("debug blocks", () => {
  it.each([
    ["3.13", undefined, 488],
    ["3.7", undefined, 480],
    ["3.12", ilp32, 500],
  ] as const)("of %s reach the raw heap beyond their own limit", (version, model, limit) => {
    const memory = make("debug", version, model);
    expect(memory.pymalloc.addressInRange(memory.obj.malloc(limit))).toBe(true);
    expect(memory.pymalloc.addressInRange(memory.obj.malloc(limit + 1))).toBe(false);
  });

  it("cannot be so large that their marks do not fit", () => {
    const memory = make();
    expect(memory.mem.c.malloc(2 ** 63 - 1024)).toBe(0);
    const p = memory.mem.malloc(1);
    expect(memory.mem.c.realloc(p, 2 ** 63 - 1024)).toBe(0);
    memory.mem.free(p);
  });
});
