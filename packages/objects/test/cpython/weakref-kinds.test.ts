// Lib/test/test_weakref.py, the methods about proxies and about classes derived from weakref.ref; and iterators.
import type { ObjectAddress } from "@obmalloc/abi";
import { beforeEach, describe, expect, it } from "vitest";
import { everyProfile, freshSetting, give, giveItem } from "./setting.ts";

describe.each(everyProfile)("test_weakref, proxies, in $name", ({ profile }) => {
  const now = freshSetting(profile);
  let C: ObjectAddress;
  beforeEach(() => {
    C = now.py.classes.new({ name: "C" });
  });
  const callback = (name = "called") =>
    now.py.functions.new({ name, localCount: 1, body: () => void now.log.push(name) });

  it("test_proxy_ref: attributes go through, and no longer once the object is gone", () => {
    const o = now.py.instances.new(C);
    const proxies = [now.py.weakrefs.newProxy(o, callback("one")), now.py.weakrefs.newProxy(o)];
    give(now.py, proxies[0]!, "bar", now.py.ints.new(1));
    const bar = now.py.instances.getAttribute(proxies[1]!, "bar");
    expect(now.py.ints.value(bar)).toBe(1n);
    now.py.instances.deleteAttribute(proxies[1]!, "bar");
    expect(now.py.instances.hasAttribute(o, "bar")).toBe(false);
    now.py.decref(o);
    expect(now.log).toEqual(["one"]);
    for (const proxy of proxies) {
      expect(now.py.weakrefs.get(proxy)).toBe(0);
      expect(() => now.py.instances.getAttribute(proxy, "bar")).toThrow(
        "weakly-referenced object no longer exists",
      );
    }
  });

  it("test_proxy_reuse, test_shared_proxy_without_callback: one proxy without a callback", () => {
    const o = now.py.instances.new(C);
    const proxy = now.py.weakrefs.newProxy(o);
    expect(now.py.weakrefs.newProxy(o, now.py.singletons.none)).toBe(proxy);
    const called = now.py.weakrefs.newProxy(o, callback());
    expect(called).not.toBe(proxy);
    const ref = now.py.weakrefs.new(o);
    expect(now.py.weakrefs.refs(o)).toEqual([ref, proxy, called]);
    now.py.decref(proxy);
    now.py.decref(proxy);
    expect(now.py.weakrefs.refs(o)).toEqual([ref, called]);
  });

  it("test_basic_proxy, test_callable_proxy: what can be called is called through it", () => {
    const calls: ObjectAddress[] = [];
    const fn = now.py.functions.new({ name: "f", localCount: 1, body: (x) => void calls.push(x!) });
    const proxy = now.py.weakrefs.newProxy(fn);
    const { weakproxy, weakcallableproxy } = now.py.core.types.builtin;
    expect(now.py.typeOf(proxy)).toBe(weakcallableproxy);
    expect(now.py.typeOf(now.py.weakrefs.newProxy(C))).toBe(weakproxy);
    now.py.decref(now.py.calls.call(proxy, [C]));
    expect(calls).toEqual([C]);
    now.py.decref(fn);
    expect(() => now.py.calls.call(proxy, [C])).toThrow("no longer exists");
  });

  it("test_gc_during_proxy_creation: a collection inside of the allocation", () => {
    const o = now.py.instances.new(C);
    now.py.gc.setThreshold(1);
    now.py.gc.enable();
    for (let i = 0; i < 20; i++) now.py.weakrefs.newProxy(o, i % 2 === 0 ? callback() : undefined);
    now.py.gc.disable();
    expect(now.py.weakrefs.count(o)).toBe(11);
  });
});

describe.each(everyProfile)("test_weakref, derived classes, in $name", ({ profile }) => {
  const now = freshSetting(profile);
  const derive = (slots?: readonly string[]) =>
    now.py.classes.new({
      name: "MyRef",
      bases: [now.py.core.types.builtin.weakref],
      ...(slots && { slots }),
    });

  it("test_subclass_refs, test_subclass_refs_dont_replace_standard_refs: a reference of its own", () => {
    const o = now.py.instances.new(now.py.classes.new({ name: "C" }));
    const MyRef = derive();
    const ref = now.py.weakrefs.new(o);
    const mine = [now.py.weakrefs.newOfClass(MyRef, o), now.py.weakrefs.newOfClass(MyRef, o)];
    expect(new Set([ref, ...mine]).size).toBe(3);
    expect(now.py.weakrefs.new(o)).toBe(ref);
    expect(now.py.weakrefs.refs(o)).toEqual([ref, mine[1], mine[0]]);
    give(now.py, mine[0]!, "value", now.py.ints.new(24));
    expect(now.py.weakrefs.get(mine[0]!)).toBe(o);
    now.py.decref(o);
    expect(now.py.weakrefs.get(mine[0]!)).toBe(0);
    expect(() => now.py.weakrefs.newOfClass(now.py.core.types.builtin.list, MyRef)).toThrow(
      "list is not derived from weakref.ref",
    );
  });

  it("test_subclass_refs_dont_conflate_callbacks: each has its own", () => {
    const o = now.py.instances.new(now.py.classes.new({ name: "C" }));
    const callback = (name: string) =>
      now.py.functions.new({ name, localCount: 1, body: () => void now.log.push(name) });
    const MyRef = derive();
    for (const name of ["one", "two"]) now.py.weakrefs.newOfClass(MyRef, o, callback(name));
    now.py.decref(o);
    expect(now.log).toEqual(["two", "one"]);
  });

  it("test_subclass_refs_with_slots: with places of its own", () => {
    const o = now.py.instances.new(now.py.classes.new({ name: "C" }));
    const ref = now.py.weakrefs.newOfClass(derive(["slot1", "slot2"]), o);
    give(now.py, ref, "slot1", now.py.strings.new("abc"));
    expect(() => now.py.instances.setAttribute(ref, "other", o)).toThrow("has no attribute 'other'");
    const { pointerBytes } = profile.model;
    const plain = now.py.getsizeof(now.py.weakrefs.new(o));
    expect(now.py.getsizeof(ref) - plain).toBeGreaterThanOrEqual(2 * pointerBytes);
    now.py.decref(ref);
  });

  it("test_subclass_refs_with_cycle: an object that holds a reference to itself, which holds it", () => {
    const C = now.py.classes.new({ name: "C" });
    const o = now.py.instances.new(C);
    const ref = now.py.weakrefs.newOfClass(derive(), o);
    now.py.instances.setAttribute(o, "cycle", ref);
    give(now.py, ref, "cycle", o);
    now.py.decref(ref);
    expect(now.py.gc.collect()).toBeGreaterThanOrEqual(2);
    expect([now.py.isObject(o), now.py.isObject(ref)]).toEqual([false, false]);
  });
});

describe.each(everyProfile)("iterators in $name", ({ profile }) => {
  const now = freshSetting(profile);

  it("go over lists, tuples, dicts and sets, and hold them until their end", () => {
    const { py } = now;
    const [one, two] = [py.instances.new(py.core.types.builtin.object), py.strings.new("two things")];
    const dict = py.dicts.new();
    for (const key of [one, two]) py.dicts.setItem(dict, key, key);
    const containers = [py.lists.of([one, two]), py.tuples.of([one, two]), dict, py.sets.new([two])];
    for (const o of containers) {
      const iterator = py.iterators.of(o);
      expect([py.refcount(o), py.iterators.of(iterator)]).toEqual([2, iterator]);
      const found: ObjectAddress[] = [];
      for (let item = py.iterators.next(iterator); item !== 0; item = py.iterators.next(iterator)) {
        found.push(item);
      }
      expect(found).toEqual(o === containers[3] ? [two] : [one, two]);
      expect([py.refcount(o), py.iterators.next(iterator)]).toEqual([1, 0]);
    }
    expect(() => py.iterators.of(one)).toThrow("'object' object is not iterable");
    expect(() => py.iterators.next(one)).toThrow("'object' object is not an iterator");
  });

  it("see what is appended to a list, and refuse a dict or a set that has grown", () => {
    const { py } = now;
    const list = py.lists.new();
    const overList = py.iterators.of(list);
    giveItem(py, list, py.lists.new());
    expect(py.iterators.next(overList)).toBe(py.lists.getItem(list, 0));
    const dict = py.dicts.new();
    const set = py.sets.new();
    const key = py.strings.new("key");
    const [overDict, overSet] = [py.iterators.of(dict), py.iterators.of(set)];
    py.dicts.setItem(dict, key, key);
    py.sets.add(set, key);
    expect(() => py.iterators.next(overDict)).toThrow("dictionary changed size during iteration");
    expect(() => py.iterators.next(overSet)).toThrow("Set changed size during iteration");
  });
});
