// Lib/test/test_gc.py, second half: statistics, freezing, resurrection, callbacks. The README says which is where.
import type { ObjectAddress } from "@obmalloc/abi";
import { describe, expect, it } from "vitest";
import {
  dictsPerInstance,
  dropCycle,
  dropSelfish,
  everyProfile,
  freshSetting,
  give,
  giveItem,
} from "./setting.ts";

describe.each(everyProfile)("test_gc, second half, in $name", ({ profile }) => {
  const now = freshSetting(profile);
  const dicts = dictsPerInstance(profile);

  it("test_get_stats: counts each generation's collections", () => {
    const before = now.py.gc.getStats();
    expect(before).toHaveLength(3);
    now.py.gc.collect(0);
    now.py.gc.collect();
    const after = now.py.gc.getStats();
    expect(after.map((stats, i) => stats.collections - before[i]!.collections)).toEqual([1, 0, 1]);
  });

  it("test_freeze: the permanent generation", () => {
    now.py.gc.freeze();
    expect(now.py.gc.getFreezeCount()).toBeGreaterThan(0);
    const trash = dropCycle(now.py);
    now.py.gc.freeze();
    expect([now.py.gc.collect(), now.py.isObject(trash)]).toEqual([0, true]);
    now.py.gc.unfreeze();
    expect(now.py.gc.getFreezeCount()).toBe(0);
    expect([now.py.gc.collect(), now.py.isObject(trash)]).toEqual([1, false]);
  });

  it("test_get_objects, test_get_objects_generations: a new list is in the youngest", () => {
    now.py.gc.collect();
    const list = now.py.lists.new();
    expect(now.py.gc.getObjects()).toContain(list);
    if (!profile.objects.gc.objectsByGeneration) return;
    expect(now.py.gc.getObjects(0)).toContain(list);
    expect(now.py.gc.getObjects(2)).not.toContain(list);
    now.py.gc.collect();
    expect(now.py.gc.getObjects(0)).not.toContain(list);
    expect(now.py.gc.getObjects(2)).toContain(list);
  });

  it("test_get_objects_arguments: Python's errors", () => {
    if (!profile.objects.gc.objectsByGeneration) {
      expect(() => now.py.gc.getObjects(0)).toThrow("get_objects() takes no arguments");
      return;
    }
    const words = "generation parameter must be less than the number of available generations (3)";
    expect(() => now.py.gc.getObjects(1000)).toThrow(words);
    expect(() => now.py.gc.getObjects(-1000)).toThrow("generation parameter cannot be negative");
    expect(() => now.py.gc.collect(3)).toThrow("invalid generation");
    expect(() => now.py.gc.collect(-1)).toThrow("invalid generation");
  });

  it("test_resurrection_is_transitive: what a resurrected object holds lives on", () => {
    const cargo = now.py.classes.new({ name: "Cargo" });
    let saved: ObjectAddress | undefined;
    const lazarus = now.py.classes.new({
      name: "Lazarus",
      methods: {
        __del__: (self: ObjectAddress) => {
          now.py.incref(self);
          saved = self;
        },
      },
    });
    const o = now.py.instances.new(lazarus);
    const c = now.py.instances.new(cargo);
    now.py.instances.setAttribute(c, "me", c);
    give(now.py, o, "cargo", c);
    now.py.instances.setAttribute(o, "me", o);
    now.py.decref(o);
    now.py.gc.collect();
    expect(saved).toBe(o);
    expect(now.py.isObject(c)).toBe(true);
    const seen = now.py.instances.getAttribute(o, "cargo");
    expect(seen).toBe(c);
  });

  it("test_resurrection_does_not_block_cleanup_of_other_objects", () => {
    const plain = now.py.classes.new({ name: "A" });
    const saved: ObjectAddress[] = [];
    const lazarus = now.py.classes.new({
      name: "Z",
      methods: {
        __del__: (self: ObjectAddress) => {
          now.py.incref(self);
          saved.push(self);
        },
      },
    });
    for (let i = 0; i < 10; i++) dropSelfish(now.py, plain);
    dropSelfish(now.py, lazarus);
    const all = 10 * (1 + dicts);
    const savesAll = profile.objects.gc.resurrection === "all";
    expect(now.py.gc.collect()).toBe(savesAll ? 0 : all);
    expect(saved).toHaveLength(1);
    now.py.decref(saved[0]!);
    expect(now.py.gc.collect()).toBe(1 + dicts + (savesAll ? all : 0));
  });

  it("test_trash_weakref_clear: a trash weak reference's callback is not called", () => {
    const type = now.py.classes.new({ name: "C" });
    const a = now.py.instances.new(type);
    const callback = now.py.functions.new({ name: "callback", body: () => now.log.push("called") });
    give(now.py, a, "ref", now.py.weakrefs.new(a, callback));
    now.py.instances.setAttribute(a, "me", a);
    now.py.decref(a);
    now.py.gc.collect();
    expect(now.log).toEqual([]);
    expect(now.py.isObject(a)).toBe(false);
  });

  it("GCCallbackTests test_collect, test_collect_generation, test_collect_garbage: who is told what", () => {
    const told: unknown[] = [];
    const read = (info: ObjectAddress, name: string) => {
      const key = now.py.strings.name(name);
      const value = now.py.ints.toNumber(now.py.dicts.getItem(info, key));
      now.py.decref(key);
      return value;
    };
    const callback = now.py.functions.newBuiltin("cb", (phase: ObjectAddress, info: ObjectAddress) => {
      const numbers = ["generation", "collected", "uncollectable"].map((name) => read(info, name));
      told.push([now.py.strings.value(phase), ...numbers]);
    });
    now.py.lists.append(now.py.gc.callbacks, callback);
    dropCycle(now.py);
    now.py.gc.collect();
    now.py.gc.collect(0);
    expect(told).toEqual([
      ["start", 2, 0, 0],
      ["stop", 2, 1, 0],
      ["start", 0, 0, 0],
      ["stop", 0, 0, 0],
    ]);
    now.py.lists.clear(now.py.gc.callbacks);
  });

  it("GCCallbackTests test_refcount_errors: a count that is too low is an error that names the object", () => {
    const list = now.py.lists.new();
    const inner = now.py.lists.new();
    giveItem(now.py, list, inner);
    now.py.lists.append(list, inner);
    now.py.core.counts.setCount(inner, 1);
    expect(() => now.py.gc.collect()).toThrow(
      /More references lead to the list at 0x[0-9a-f]+ than its count of 1 says/,
    );
    now.py.core.counts.setCount(inner, 2);
  });

  it("GCTogglingTests test_indirect_calls_with_gc_disabled: nothing runs by itself", () => {
    now.py.gc.setThreshold(1);
    for (let i = 0; i < 50; i++) dropCycle(now.py);
    now.py.gc.checkEvalBreaker();
    expect(now.py.gc.getStats().reduce((sum, { collected }) => sum + collected, 0)).toBe(0);
    now.py.gc.enable();
    giveItem(now.py, now.py.lists.new(), now.py.lists.new());
    now.py.gc.checkEvalBreaker();
    now.py.gc.disable();
    expect(now.py.gc.collect()).toBeLessThanOrEqual(50);
  });

  it("test_garbage_at_shutdown: the last collection calls no callbacks", () => {
    const callback = now.py.functions.newBuiltin("cb", () => now.log.push("told"));
    now.py.lists.append(now.py.gc.callbacks, callback);
    dropCycle(now.py);
    expect(now.py.gc.collectAtShutdown()).toBe(1);
    expect(now.log).toEqual([]);
  });
});
