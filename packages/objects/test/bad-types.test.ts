// Types and callbacks that do harm at the worst moment: each ends as in CPython or in an error that names the object, and
// afterwards everything fits together, in every collector.
import { type ObjectAddress, objectLayouts } from "@obmalloc/abi";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { BrokenTypeError, PythonError, type UserSlots } from "../src/index.ts";
import { dropCycle, everyProfile, freshSetting, giveItem, setUp } from "./cpython/setting.ts";

describe.each(everyProfile)("bad types in $name", ({ profile }) => {
  const now = freshSetting(profile);
  const first = objectLayouts(profile).object.sizeBytes;
  const second = first + profile.model.pointerBytes;
  const basicsizeBytes = first + 2 * profile.model.pointerBytes;
  const places = [first, second];
  const traverse: NonNullable<UserSlots["traverse"]> = (self, visit) => {
    for (const place of places) {
      const o = now.py.types.reference(self, place);
      if (o !== 0) visit(o);
    }
  };
  const clear = (self: ObjectAddress) => {
    for (const place of places) now.py.types.setReference(self, place, 0 as ObjectAddress);
  };
  const define = (slots: UserSlots) =>
    now.py.types.define({ name: "Bad", basicsizeBytes, traverse, clear, ...slots });

  /** Objects that hold each other in a ring, and nobody else. */
  function dropRing(type: ObjectAddress, length: number): ObjectAddress[] {
    const ring = Array.from({ length }, () => now.py.types.new(type));
    for (const [i, o] of ring.entries()) now.py.types.setReference(o, first, ring[(i + 1) % length]!);
    for (const o of ring) now.py.decref(o);
    return ring;
  }

  /** A collection, or the name of the object that it complains about. */
  function outcome(): number | "named" {
    try {
      return now.py.gc.collect();
    } catch (error) {
      expect(error).toBeInstanceOf(BrokenTypeError);
      expect(now.py.isObject((error as BrokenTypeError).address)).toBe(true);
      return "named";
    }
  }

  let lies: (o: ObjectAddress) => number | undefined;
  beforeEach(() => {
    lies = () => undefined;
  });
  const liar = () =>
    define({
      traverse: (self, visit) => {
        traverse(self, visit);
        const lie = lies(self);
        if (lie !== undefined) visit(lie as ObjectAddress);
      },
    });

  it.each([
    ["inside of an object", (o: ObjectAddress) => o + 4],
    ["beyond the memory", () => 2 ** 32 - 16],
    ["negative", () => -16],
    ["no number", () => Number.NaN],
    ["NULL", () => 0],
  ] as const)("a traverse function that reports an address that is %s", (_, lie) => {
    const ring = dropRing(liar(), 2);
    lies = lie;
    expect(outcome()).toBe("named");
    expect(() => [...now.py.gc.collectSteps(2, "objects")]).toThrow(BrokenTypeError);
    expect(() => now.py.gc.getReferents(ring[0]!)).toThrow(BrokenTypeError);
    lies = () => undefined;
    expect([now.py.check(), now.py.gc.collect()]).toEqual([[], 2]);
  });

  it("a traverse function that reports what was freed meanwhile", () => {
    const freed = now.py.lists.repeat([now.py.singletons.none], 50);
    now.py.decref(freed);
    now.py.gc.collect(); // no dead list is kept for the next one
    dropRing(liar(), 1);
    lies = () => freed;
    expect(outcome()).toBe("named");
    expect(now.py.check().map(({ rule }) => rule)).toEqual(["reference"]);
    lies = () => undefined;
    expect([now.py.check(), now.py.gc.collect()]).toEqual([[], 1]);
  });

  it("a traverse function that reports another one's reference", () => {
    const other = now.py.lists.new();
    const ring = dropRing(liar(), 2);
    lies = () => other;
    expect(outcome()).toBe("named"); // two references are reported, one is counted
    lies = () => undefined;
    expect([now.py.check(), now.py.refcount(other)]).toEqual([[], 1]);
    expect(now.py.gc.collect()).toBe(2);
    expect(ring.some((o) => now.py.isObject(o))).toBe(false);
  });

  it("a traverse function that throws, allocates, or collects", () => {
    let does: () => void = () => {};
    const type = define({
      traverse: (self, visit) => {
        traverse(self, visit);
        does();
      },
    });
    dropRing(type, 3);
    does = () => {
      throw new PythonError("ValueError", "from traverse");
    };
    expect(() => now.py.gc.collect()).toThrow("from traverse");
    expect(() => [...now.py.gc.collectSteps(2, "phases")]).toThrow("from traverse");
    const made: ObjectAddress[] = [];
    does = () => {
      made.push(now.py.lists.new());
      expect(now.py.gc.collect()).toBe(0);
    };
    expect(now.py.gc.collect()).toBe(3);
    does = () => {};
    expect([now.py.check(), made.every((o) => now.py.isObject(o))]).toEqual([[], true]);
  });

  it("a clear function that gives the trash to an object that lives", () => {
    const kept = now.py.lists.new();
    const type = define({
      clear: (self) => {
        now.py.lists.append(kept, self);
        clear(self);
      },
    });
    const ring = dropRing(type, 3);
    expect(now.py.gc.collect()).toBe(3);
    const alive = ring.filter((o) => now.py.isObject(o));
    expect(alive.length).toBeGreaterThan(0);
    expect(alive.every((o) => now.py.gc.isTracked(o))).toBe(true);
    now.py.lists.clear(kept);
    now.py.gc.collect();
    expect(ring.some((o) => now.py.isObject(o))).toBe(false);
  });

  it("a finalizer that frees the rest of the trash, and one that revives all of it", () => {
    for (const revives of [false, true]) {
      let ring: ObjectAddress[] = [];
      const saved = now.py.lists.new();
      const type = define({
        finalize: (self) => {
          if (revives) now.py.lists.append(saved, self);
          else for (const o of ring) if (now.py.isObject(o)) clear(o);
        },
      });
      ring = dropRing(type, 4);
      now.py.gc.collect();
      expect(ring.filter((o) => now.py.isObject(o))).toHaveLength(revives ? 4 : 0);
      now.py.lists.clear(saved);
      now.py.gc.collect();
      expect(ring.filter((o) => now.py.isObject(o))).toEqual([]);
    }
  });

  it("a dealloc function during a collection that drops, makes and collects", () => {
    const victims = now.py.lists.new();
    for (let i = 0; i < 5; i++) dropCycleInto(victims);
    const found: number[] = [];
    const type = define({
      dealloc: (self) => {
        if (now.py.lists.length(victims) > 0) now.py.decref(now.py.lists.pop(victims));
        giveItem(now.py, victims, now.py.lists.new());
        found.push(now.py.gc.collect());
        clear(self);
      },
    });
    const ring = dropRing(type, 3);
    expect(now.py.gc.collect()).toBe(3);
    expect([ring.some((o) => now.py.isObject(o)), found]).toEqual([false, [0, 0, 0]]);
  });

  function dropCycleInto(list: ObjectAddress): void {
    const cycle = dropCycle(now.py);
    now.py.lists.append(list, cycle);
  }

  it("collect inside of a weak reference's callback, of a finalizer and of gc.callbacks finds nothing", () => {
    const found: number[] = [];
    const collects = now.py.functions.new({
      name: "collects",
      localCount: 2,
      body: () => void found.push(now.py.gc.collect()),
    });
    const C = now.py.classes.new({
      name: "C",
      methods: { __del__: () => void found.push(now.py.gc.collect()) },
    });
    const o = now.py.instances.new(C);
    now.py.instances.setAttribute(o, "me", o);
    now.py.weakrefs.new(o, collects);
    now.py.decref(o);
    now.py.lists.append(now.py.gc.callbacks, collects);
    expect(now.py.gc.collect()).toBeGreaterThan(0);
    now.py.lists.clear(now.py.gc.callbacks);
    expect(found).toEqual([0, 0, 0, 0]); // before, weak reference, finalizer, after
    expect(now.unraisable).toEqual([]);
  });

  it("property: whatever functions do, in whatever mix, everything fits together afterwards", {
    timeout: 60_000,
  }, () => {
    const deed = fc.constantFrom("nothing", "throw", "revive", "free", "make", "collect", "lie");
    const deeds = fc.record({ traverse: deed, clear: deed, finalize: deed, dealloc: deed });
    fc.assert(
      fc.property(fc.array(deeds, { minLength: 1, maxLength: 3 }), fc.nat({ max: 5 }), (types, extra) => {
        Object.assign(now, setUp(profile));
        const { py } = now;
        const saved = py.lists.new();
        let isBad = true;
        const perform = (what: string, self: ObjectAddress, visit?: (o: ObjectAddress) => void) => {
          if (!isBad || what === "nothing") return;
          if (what === "throw") throw new PythonError("ValueError", "bad");
          if (what === "revive" && visit === undefined && py.refcount(self) > 0) py.lists.append(saved, self);
          if (what === "free" && py.lists.length(saved) > 0) py.decref(py.lists.pop(saved));
          if (what === "make") dropCycle(py);
          if (what === "collect") py.gc.collect();
          if (what === "lie") visit?.(saved);
        };
        const made = types.flatMap(({ traverse: t, clear: c, finalize, dealloc }) => {
          const type = define({
            traverse: (self, visit) => {
              traverse(self, visit);
              if (t !== "free") perform(t, self, visit);
            },
            clear: (self) => {
              perform(c, self);
              clear(self);
            },
            finalize: (self) => perform(finalize, self),
            ...(dealloc !== "revive" && {
              dealloc: (self: ObjectAddress) => {
                clear(self);
                perform(dealloc, self);
              },
            }),
          });
          return dropRing(type, 2 + extra);
        });
        for (let i = 0; i < 3; i++) {
          try {
            py.gc.collect(i);
          } catch (error) {
            expect(error instanceof BrokenTypeError || error instanceof PythonError).toBe(true);
          }
          isBad = false; // a check traverses too
          expect(py.check()).toEqual([]);
          isBad = true;
        }
        isBad = false;
        py.lists.clear(saved);
        for (let i = 0; i < 3; i++) py.gc.collect();
        expect(made.filter((o) => py.isObject(o) && py.typeName(o) === "Bad")).toEqual([]);
        py.decref(saved);
        expect(py.check()).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});
