// Types of a user's own, those that keep the rules and those that break them.
import { type ObjectAddress, objectLayouts } from "@obmalloc/abi";
import { beforeEach, describe, expect, it } from "vitest";
import { BrokenTypeError, type Objects, PythonError } from "../src/index.ts";
import { everyProfile, type Setting, setUp } from "./cpython/setting.ts";

describe.each(everyProfile)("a user's type in $name", ({ profile }) => {
  const headBytes = objectLayouts(profile).object.sizeBytes;
  const { pointerBytes } = profile.model;
  const basicsizeBytes = headBytes + 2 * pointerBytes;
  let setting: Setting;
  let py: Objects;
  beforeEach(() => {
    setting = setUp(profile);
    py = setting.py;
    py.gc.collect();
  });

  const first = headBytes;
  const traverse = (self: ObjectAddress, visit: (o: ObjectAddress) => void) => {
    const o = py.types.reference(self, first);
    if (o !== 0) visit(o);
  };
  const clear = (self: ObjectAddress) => py.types.setReference(self, first, 0 as ObjectAddress);

  function dropRing(type: ObjectAddress, length: number): ObjectAddress[] {
    const ring = Array.from({ length }, () => py.types.new(type));
    ring.forEach((o, i) => {
      py.types.setReference(o, first, ring[(i + 1) % length]!);
    });
    for (const o of ring) py.decref(o);
    return ring;
  }

  it("is collected when it traverses and clears", () => {
    const type = py.types.define({ name: "Node", basicsizeBytes, traverse, clear });
    const ring = dropRing(type, 3);
    expect([py.typeName(ring[0]!), py.getsizeof(ring[0]!)]).toEqual([
      "Node",
      basicsizeBytes + py.core.heads.headBytes,
    ]);
    expect(py.gc.collect()).toBe(3);
    expect(ring.some((o) => py.isObject(o))).toBe(false);
    expect(py.check()).toEqual([]);
  });

  it("drops what it traverses when it has no dealloc, however deep", () => {
    const type = py.types.define({ name: "Link", basicsizeBytes, traverse, clear });
    let o = py.types.new(type);
    for (let i = 0; i < 20_000; i++) {
      const outer = py.types.new(type);
      py.types.setReference(outer, first, o);
      py.decref(o);
      o = outer;
    }
    const before = py.gc.getObjects().length;
    py.decref(o);
    expect(before - py.gc.getObjects().length).toBe(20_001);
  });

  it("may drop its references by itself, however deep", () => {
    let freed = 0;
    const type = py.types.define({
      name: "Link",
      basicsizeBytes,
      dealloc: (self) => {
        freed++;
        clear(self);
      },
    });
    let o = py.types.new(type);
    for (let i = 0; i < 20_000; i++) {
      const outer = py.types.new(type);
      py.types.setReference(outer, first, o);
      py.decref(o);
      o = outer;
    }
    py.decref(o);
    expect(freed).toBe(20_001);
    expect(py.gc.isTracked(type)).toBe(false);
  });

  it("has weak references where its weaklist is", () => {
    const type = py.types.define({
      name: "W",
      basicsizeBytes,
      weaklistOffsetBytes: headBytes + pointerBytes,
    });
    const o = py.types.new(type);
    const ref = py.weakrefs.new(o);
    expect(py.weakrefs.get(ref)).toBe(o);
    py.decref(o);
    expect(py.weakrefs.get(ref)).toBe(0);
  });

  it("is not collected when its traverse function misses the reference", () => {
    const type = py.types.define({ name: "Forgetful", basicsizeBytes, traverse: () => {}, clear });
    const ring = dropRing(type, 2);
    expect([py.gc.collect(), ring.every((o) => py.isObject(o))]).toEqual([0, true]);
    expect(py.check()).toEqual([]);
  });

  it("that reports a foreign address ends in an error that names it; the heap is as it was", () => {
    let lies = true;
    const type = py.types.define({
      name: "Liar",
      basicsizeBytes,
      clear,
      traverse: (self, visit) => {
        traverse(self, visit);
        if (lies) visit(12_345 as ObjectAddress);
      },
    });
    const ring = dropRing(type, 2);
    const collect = () => py.gc.collect();
    expect(collect).toThrow(BrokenTypeError);
    expect(collect).toThrow("The traverse function of Liar reports 12345, which is no live object.");
    lies = false;
    expect(py.check()).toEqual([]);
    expect(py.gc.collect()).toBe(2);
    expect(ring.some((o) => py.isObject(o))).toBe(false);
  });

  it("that reports a reference twice ends in an error that names the object; the heap is as it was", () => {
    let times = 2;
    const type = py.types.define({
      name: "Twice",
      basicsizeBytes,
      clear,
      traverse: (self, visit) => {
        for (let i = 0; i < times; i++) traverse(self, visit);
      },
    });
    dropRing(type, 2);
    expect(() => py.gc.collect()).toThrow(
      /More references lead to the Twice at 0x[0-9a-f]+ than its count of 1/,
    );
    expect(() => [...py.gc.collectSteps(2, "objects")]).toThrow(BrokenTypeError);
    times = 1;
    expect(py.check()).toEqual([]);
    expect(py.gc.collect()).toBe(2);
  });

  it("whose clear revives itself lives on", () => {
    const saved: ObjectAddress[] = [];
    const type = py.types.define({
      name: "Phoenix",
      basicsizeBytes,
      traverse,
      clear: (self) => {
        py.incref(self);
        saved.push(self);
        clear(self);
      },
    });
    const [o] = dropRing(type, 1) as [ObjectAddress];
    expect(py.gc.collect()).toBe(1);
    expect([saved, py.isObject(o), py.gc.isTracked(o)]).toEqual([[o], true, true]);
    expect(py.check()).toEqual([]);
    py.decref(o);
    expect(py.isObject(o)).toBe(false);
  });

  it.each(["finalize", "clear", "dealloc"] as const)(
    "whose %s throws is reported; the collection goes on",
    (slot) => {
      const throws = () => {
        throw new PythonError("ValueError", `from ${slot}`);
      };
      const type = py.types.define({ name: "Thrower", basicsizeBytes, traverse, clear, [slot]: throws });
      const list = py.lists.new();
      py.lists.append(list, list);
      py.decref(list);
      dropRing(type, 1);
      py.gc.collect();
      expect(py.isObject(list)).toBe(false);
      expect(setting.unraisable.map(({ error }) => (error as Error).message)).toContain(`from ${slot}`);
      expect(setting.unraisable[0]!.message).toContain(`tp_${slot} of`);
      expect(py.check()).toEqual([]);
    },
  );

  it("may let other objects die during a collection", () => {
    const inner = py.lists.new();
    const type = py.types.define({
      name: "Killer",
      basicsizeBytes,
      traverse,
      clear: (self) => {
        if (py.isObject(inner)) py.decref(inner);
        clear(self);
      },
    });
    dropRing(type, 3);
    expect(py.gc.collect()).toBe(3);
    expect(py.isObject(inner)).toBe(false);
    expect(py.check()).toEqual([]);
  });

  it("may ask for a collection inside of one, which does nothing", () => {
    const found: number[] = [];
    const type = py.types.define({
      name: "Eager",
      basicsizeBytes,
      traverse,
      clear,
      finalize: () => void found.push(py.gc.collect()),
    });
    dropRing(type, 2);
    expect(py.gc.collect()).toBe(2);
    expect(found).toEqual([0, 0]);
  });

  it("with sizes that do not fit is refused, with what is wrong", () => {
    const define = (spec: object) => () => py.types.define({ name: "Bad", ...spec });
    expect(define({ basicsizeBytes: 4 })).toThrow(
      `type Bad: tp_basicsize 4 is less than the ${headBytes} bytes`,
    );
    expect(define({ isCollected: true })).toThrow("Py_TPFLAGS_HAVE_GC without tp_traverse");
    expect(define({ basicsizeBytes, weaklistOffsetBytes: 3 })).toThrow("tp_weaklistoffset 3 is no pointer");
    const o = py.types.new(py.types.define({ name: "Good", basicsizeBytes }));
    expect(() => py.types.reference(o, basicsizeBytes)).toThrow(RangeError);
    expect(() => py.types.setReference(o, first, 77 as ObjectAddress)).toThrow("0x4d is not a live object");
    expect(() => py.types.new(py.core.types.builtin.list)).toThrow("cannot create 'list' instances");
  });
});
