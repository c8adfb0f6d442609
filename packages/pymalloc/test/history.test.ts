import { lp64, poolCapacity, profileFor, profiles, rawAddress } from "@obmalloc/abi";
import { attachPyMalloc } from "@obmalloc/pymalloc";
import { describe, expect, it } from "vitest";
import { allocateMany, makeMachine } from "./machine.ts";

describe.each(profiles)("the history of arenas of $version $model.name", (profile) => {
  const perArena = 64 * poolCapacity(profile, profile.model === lp64 ? 31 : 63);

  it("says which arena came or went in which call", () => {
    const { pymalloc, arenas } = makeMachine(profile, { history: true });
    const blocks = allocateMany(pymalloc, 2 * perArena + 1, 512);
    const [a, b, c] = arenas;
    for (const block of blocks.slice(0, perArena)) pymalloc.free(block);
    expect(pymalloc.history()).toEqual([
      { kind: "mapped", call: 1, base: a, arenas: 1, highwater: 1 },
      { kind: "mapped", call: perArena + 1, base: b, arenas: 2, highwater: 2 },
      { kind: "mapped", call: 2 * perArena + 1, base: c, arenas: 3, highwater: 3 },
      { kind: "released", call: 3 * perArena + 1, base: a, arenas: 2, highwater: 3 },
    ]);
    expect(pymalloc.callCount).toBe(3 * perArena + 1);
    expect(pymalloc.check()).toEqual([]);
  });

  it("counts each call of the four once", () => {
    const { pymalloc } = makeMachine(profile, { history: true });
    const a = pymalloc.malloc(100);
    const b = pymalloc.calloc(3, 5);
    const c = pymalloc.realloc(a, 400); // moves: still one call
    const d = pymalloc.malloc(5000);
    pymalloc.free(b);
    pymalloc.free(c);
    pymalloc.free(d);
    expect(pymalloc.callCount).toBe(7);
    expect(pymalloc.check()).toEqual([]);
  });

  it("lies in the memory, for another owner to go on with", () => {
    const { pymalloc } = makeMachine(profile, { history: true });
    for (let n = 0; n < 300; n++) pymalloc.free(pymalloc.malloc(100)); // 3.7 and 3.8 map an arena each time
    const { memory, raw, arenaAllocator, address } = pymalloc;
    const other = attachPyMalloc({ memory, raw, arenas: arenaAllocator, address });
    expect(other.history()).toEqual(pymalloc.history());
    expect(other.history().length).toBeGreaterThanOrEqual(
      profile.pymalloc.emptyArenas === "keep-last" ? 1 : 600,
    );
    other.malloc(1);
    expect(pymalloc.callCount).toBe(601);
    expect(pymalloc.history()).toEqual(other.history());
  });
});

describe("without history", () => {
  it("nothing is counted or remembered", () => {
    const { pymalloc } = makeMachine(profileFor("3.13"));
    pymalloc.malloc(1);
    expect([pymalloc.callCount, pymalloc.history()]).toEqual([0, []]);
  });
});

describe("when there is no room for the table", () => {
  it("the allocator goes on, and says how much is missing", () => {
    let tables = 0;
    const { pymalloc } = makeMachine(profileFor("3.8"), {
      history: true,
      wrapRaw: (raw) => ({
        malloc: (n) => raw.malloc(n),
        calloc: (nelem, elsize) => raw.calloc(nelem, elsize),
        realloc: (p, n) =>
          n === 64 * 20 || n === 128 * 20
            ? tables++ === 0
              ? raw.realloc(p, n)
              : rawAddress(0)
            : raw.realloc(p, n),
        free: (p) => raw.free(p),
      }),
    });
    for (let n = 0; n < 40; n++) pymalloc.free(pymalloc.malloc(100));
    expect(pymalloc.history()).toHaveLength(64);
    expect(pymalloc.lostHistoryCount).toBe(16);
    expect(pymalloc.check()).toEqual([]);
  });
});
