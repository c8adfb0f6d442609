// Lib/test/test_gc.py, second half: statistics, freezing, resurrection, callbacks. The README says which is where.
import type { ObjectAddress } from "@obmalloc/abi";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Objects } from "../../src/index.ts";
import {
  dictsPerInstance,
  dropCycle,
  dropSelfish,
  everyProfile,
  give,
  giveItem,
  type Setting,
  setUp,
} from "./setting.ts";

describe.each(everyProfile)("test_gc, second half, in $name", ({ profile }) => {
  let setting: Setting;
  let py: Objects;
  const dicts = dictsPerInstance(profile);
  beforeEach(() => {
    setting = setUp(profile);
    py = setting.py;
    py.gc.collect();
  });
  afterEach(() => {
    expect(py.check()).toEqual([]);
  });

  it("test_get_stats: counts each generation's collections", () => {
    const before = py.gc.getStats();
    expect(before).toHaveLength(3);
    py.gc.collect(0);
    py.gc.collect();
    const after = py.gc.getStats();
    expect(after.map((stats, i) => stats.collections - before[i]!.collections)).toEqual([1, 0, 1]);
  });

  it("test_freeze: the permanent generation", () => {
    py.gc.freeze();
    expect(py.gc.getFreezeCount()).toBeGreaterThan(0);
    const trash = dropCycle(py);
    py.gc.freeze();
    expect([py.gc.collect(), py.isObject(trash)]).toEqual([0, true]);
    py.gc.unfreeze();
    expect(py.gc.getFreezeCount()).toBe(0);
    expect([py.gc.collect(), py.isObject(trash)]).toEqual([1, false]);
  });

  it("test_get_objects, test_get_objects_generations: a new list is in the youngest", () => {
    py.gc.collect();
    const list = py.lists.new();
    expect(py.gc.getObjects()).toContain(list);
    if (!profile.objects.gc.objectsByGeneration) return;
    expect(py.gc.getObjects(0)).toContain(list);
    expect(py.gc.getObjects(2)).not.toContain(list);
    py.gc.collect();
    expect(py.gc.getObjects(0)).not.toContain(list);
    expect(py.gc.getObjects(2)).toContain(list);
  });

  it("test_get_objects_arguments: Python's errors", () => {
    if (!profile.objects.gc.objectsByGeneration) {
      expect(() => py.gc.getObjects(0)).toThrow("get_objects() takes no arguments");
      return;
    }
    const words = "generation parameter must be less than the number of available generations (3)";
    expect(() => py.gc.getObjects(1000)).toThrow(words);
    expect(() => py.gc.getObjects(-1000)).toThrow("generation parameter cannot be negative");
    expect(() => py.gc.collect(3)).toThrow("invalid generation");
    expect(() => py.gc.collect(-1)).toThrow("invalid generation");
  });

  it("test_resurrection_is_transitive: what a resurrected object holds lives on", () => {
    const cargo = py.classes.new({ name: "Cargo" });
    let saved: ObjectAddress | undefined;
    const lazarus = py.classes.new({
      name: "Lazarus",
      methods: {
        __del__: (self: ObjectAddress) => {
          py.incref(self);
          saved = self;
        },
      },
    });
    const o = py.instances.new(lazarus);
    const c = py.instances.new(cargo);
    py.instances.setAttribute(c, "me", c);
    give(py, o, "cargo", c);
    py.instances.setAttribute(o, "me", o);
    py.decref(o);
    py.gc.collect();
    expect(saved).toBe(o);
    expect(py.isObject(c)).toBe(true);
    const seen = py.instances.getAttribute(o, "cargo");
    expect(seen).toBe(c);
  });

  it("test_resurrection_does_not_block_cleanup_of_other_objects", () => {
    const plain = py.classes.new({ name: "A" });
    const saved: ObjectAddress[] = [];
    const lazarus = py.classes.new({
      name: "Z",
      methods: {
        __del__: (self: ObjectAddress) => {
          py.incref(self);
          saved.push(self);
        },
      },
    });
    for (let i = 0; i < 10; i++) dropSelfish(py, plain);
    dropSelfish(py, lazarus);
    const all = 10 * (1 + dicts);
    const savesAll = profile.objects.gc.resurrection === "all";
    expect(py.gc.collect()).toBe(savesAll ? 0 : all);
    expect(saved).toHaveLength(1);
    py.decref(saved[0]!);
    expect(py.gc.collect()).toBe(1 + dicts + (savesAll ? all : 0));
  });

  it("test_trash_weakref_clear: a trash weak reference's callback is not called", () => {
    const type = py.classes.new({ name: "C" });
    const a = py.instances.new(type);
    const callback = py.functions.new({ name: "callback", body: () => setting.log.push("called") });
    give(py, a, "ref", py.weakrefs.new(a, callback));
    py.instances.setAttribute(a, "me", a);
    py.decref(a);
    py.gc.collect();
    expect(setting.log).toEqual([]);
    expect(py.isObject(a)).toBe(false);
  });

  it("GCCallbackTests test_collect, test_collect_generation, test_collect_garbage: who is told what", () => {
    const told: unknown[] = [];
    const read = (info: ObjectAddress, name: string) => {
      const key = py.strings.name(name);
      const value = py.ints.toNumber(py.dicts.getItem(info, key));
      py.decref(key);
      return value;
    };
    const callback = py.functions.newBuiltin("cb", (phase: ObjectAddress, info: ObjectAddress) => {
      const numbers = ["generation", "collected", "uncollectable"].map((name) => read(info, name));
      told.push([py.strings.value(phase), ...numbers]);
    });
    py.lists.append(py.gc.callbacks, callback);
    dropCycle(py);
    py.gc.collect();
    py.gc.collect(0);
    expect(told).toEqual([
      ["start", 2, 0, 0],
      ["stop", 2, 1, 0],
      ["start", 0, 0, 0],
      ["stop", 0, 0, 0],
    ]);
    py.lists.clear(py.gc.callbacks);
  });

  it("GCCallbackTests test_refcount_errors: a count that is too low is an error that names the object", () => {
    const list = py.lists.new();
    const inner = py.lists.new();
    giveItem(py, list, inner);
    py.lists.append(list, inner);
    py.core.counts.setCount(inner, 1);
    expect(() => py.gc.collect()).toThrow(
      /More references lead to the list at 0x[0-9a-f]+ than its count of 1 says/,
    );
    py.core.counts.setCount(inner, 2);
  });

  it("GCTogglingTests test_indirect_calls_with_gc_disabled: nothing runs by itself", () => {
    py.gc.setThreshold(1);
    for (let i = 0; i < 50; i++) dropCycle(py);
    py.gc.checkEvalBreaker();
    expect(py.gc.getStats().reduce((sum, { collected }) => sum + collected, 0)).toBe(0);
    py.gc.enable();
    giveItem(py, py.lists.new(), py.lists.new());
    py.gc.checkEvalBreaker();
    py.gc.disable();
    expect(py.gc.collect()).toBeLessThanOrEqual(50);
  });

  it("test_garbage_at_shutdown: the last collection calls no callbacks", () => {
    const callback = py.functions.newBuiltin("cb", () => setting.log.push("told"));
    py.lists.append(py.gc.callbacks, callback);
    dropCycle(py);
    expect(py.gc.collectAtShutdown()).toBe(1);
    expect(setting.log).toEqual([]);
  });
});
