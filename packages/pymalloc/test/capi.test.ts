import { blockAddress, profileFor, profiles } from "@obmalloc/abi";
import { type PyObjectArenaAllocator, pymallocCApi } from "@obmalloc/pymalloc";
import { describe, expect, it } from "vitest";
import { makeMachine } from "./machine.ts";

const NULL = 0;

describe.each(profiles)("the C functions of $version $model.name", (profile) => {
  const make = () => {
    const machine = makeMachine(profile);
    return { ...machine, c: pymallocCApi(machine.pymalloc) };
  };
  const tooLarge = profile.model.ssizeLimit;

  it("allocate, resize and free in C's argument order", () => {
    const { c, pymalloc } = make();
    const a = c._PyObject_Malloc(NULL, 100);
    const b = c._PyObject_Calloc(NULL, 3, 5);
    expect(pymalloc.memory.u8.subarray(b, b + 15).every((byte) => byte === 0)).toBe(true);
    expect(c._PyObject_Realloc(NULL, a, 90)).toBe(a);
    const moved = c._PyObject_Realloc(NULL, a, 10);
    expect(moved).not.toBe(a);
    expect(c._Py_GetAllocatedBlocks()).toBe(2);
    expect(c._PyInterpreterState_GetAllocatedBlocks(NULL)).toBe(2);
    c._PyObject_Free(NULL, b);
    c._PyObject_Free(NULL, moved);
    c._PyObject_Free(NULL, NULL);
    expect(c._Py_GetAllocatedBlocks()).toBe(0);
    expect(pymalloc.check()).toEqual([]);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, tooLarge])(
    "give NULL for the size %s",
    (size) => {
      const { c, pymalloc } = make();
      const block = c._PyObject_Malloc(NULL, 16);
      expect(c._PyObject_Malloc(NULL, size)).toBe(NULL);
      expect(c._PyObject_Calloc(NULL, size, 1)).toBe(NULL);
      expect(c._PyObject_Calloc(NULL, 1, size)).toBe(NULL);
      expect(c._PyObject_Calloc(NULL, 0, size)).toBe(NULL);
      expect(c._PyObject_Realloc(NULL, block, size)).toBe(NULL);
      expect(c._PyObject_Realloc(NULL, NULL, size)).toBe(NULL);
      expect(c._PyObject_VirtualAlloc(size)).toBe(NULL);
      expect(c._PyMem_ArenaAlloc(NULL, size)).toBe(NULL);
      expect(c._Py_GetAllocatedBlocks()).toBe(1);
      expect(pymalloc.check()).toEqual([]);
    },
  );

  it("of the mem and the object domain share one state", () => {
    const { c, pymalloc } = make();
    const a = c.PyMem_Malloc(40);
    const b = c.PyObject_Malloc(40);
    expect(b - a).toBe(pymalloc.blockSizeBytes(blockAddress(a)));
    const zeros = c.PyObject_Calloc(5, 8);
    expect(pymalloc.memory.u8.subarray(zeros, zeros + 40).every((byte) => byte === 0)).toBe(true);
    expect(c.PyMem_Realloc(a, 39)).toBe(a);
    expect([c.PyMem_Malloc(tooLarge), c.PyMem_Calloc(tooLarge, 1), c.PyObject_Realloc(b, tooLarge)]).toEqual([
      0, 0, 0,
    ]);
    expect(c._Py_GetGlobalAllocatedBlocks()).toBe(3);
    c.PyObject_Free(a);
    c.PyMem_Free(b);
    c.PyMem_Free(c.PyMem_Calloc(1, 16));
    c.PyObject_Free(c.PyObject_Realloc(zeros, 600));
    expect(c._Py_GetGlobalAllocatedBlocks()).toBe(0);
    expect(pymalloc.check()).toEqual([]);
  });

  it("give NULL when a product overflows, and a block for nothing", () => {
    const { c } = make();
    expect(c._PyObject_Calloc(NULL, tooLarge / 2, 2)).toBe(NULL);
    const [a, b] = [c._PyObject_Malloc(NULL, 0), c._PyObject_Calloc(NULL, 0, 7)];
    expect(a !== NULL && b !== NULL && a !== b).toBe(true);
    expect(c._PyObject_Realloc(NULL, a, 0)).not.toBe(NULL);
  });

  it("get and set the arena allocator, and use the one that is set", () => {
    const { c, pymalloc } = make();
    const original = {} as PyObjectArenaAllocator;
    c.PyObject_GetArenaAllocator(original);
    const calls: string[] = [];
    const ctx = { name: "mine" };
    const mine: PyObjectArenaAllocator = {
      ctx,
      alloc: (given, size) => {
        calls.push(`alloc ${size} ${given === ctx}`);
        return original.alloc(original.ctx, size);
      },
      free: (given, address, size) => {
        calls.push(`free ${size} ${given === ctx}`);
        original.free(original.ctx, address, size);
      },
    };
    c.PyObject_SetArenaAllocator(mine);
    mine.alloc = () => NULL; // C copies the struct
    const { arenaBytes } = profile.pymalloc;
    const block = c._PyObject_Malloc(NULL, 16);
    expect(calls).toEqual([`alloc ${arenaBytes} true`]);
    const found = {} as PyObjectArenaAllocator;
    c.PyObject_GetArenaAllocator(found);
    expect(found.ctx).toBe(ctx);

    const memory = c._PyObject_VirtualAlloc(8192);
    c._PyObject_VirtualFree(memory, 8192);
    c._PyObject_VirtualFree(NULL, 8192);
    expect(calls.slice(1)).toEqual(["alloc 8192 true", "free 8192 true"]);
    const page = c._PyMem_ArenaAlloc(NULL, 4096); // the first one, whatever is set
    c._PyMem_ArenaFree(NULL, page, 4096);
    c._PyMem_ArenaFree(NULL, NULL, 4096);
    expect(calls).toHaveLength(3);
    expect(pymalloc.check()).toEqual([]);
    c._PyObject_Free(NULL, block);
  });

  it("write the report", () => {
    const { c } = make();
    c._PyObject_Malloc(NULL, 400);
    let text = "";
    expect(
      c._PyObject_DebugMallocStats({
        write: (part) => {
          text += part;
        },
      }),
    ).toBe(1);
    expect(text).toMatch(/^Small block threshold = 512, in \d+ size classes\.\n/);
    expect(text).toContain("# arenas allocated total           =                    1\n");
  });
});

describe("an arena allocator that gives nonsense", () => {
  it.each([-4096, 0.5, Number.NaN, 2 ** 40, 4097])("is refused with its answer: %s", (address) => {
    const { pymalloc, arenas } = makeMachine(profileFor("3.13"));
    const { arenaAllocator } = pymalloc;
    pymalloc.arenaAllocator = { ctx: undefined, alloc: () => address, free: () => {} };
    expect(() => pymalloc.malloc(16)).toThrow(
      /^The arena allocator gave \S+ for an arena of 1048576 bytes\./,
    );
    expect(arenas).toEqual([]);
    pymalloc.arenaAllocator = arenaAllocator;
    expect(pymalloc.malloc(16)).not.toBe(0);
    expect(pymalloc.check()).toEqual([]);
  });
});
