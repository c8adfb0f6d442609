// Lib/test/test_weakref.py, the methods about references and callbacks: the README says which is where, and why not.
import type { ObjectAddress } from "@obmalloc/abi";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Objects } from "../../src/index.ts";
import { everyProfile, type Setting, setUp } from "./setting.ts";

describe.each(everyProfile)("test_weakref in $name", ({ profile }) => {
  let setting: Setting;
  let py: Objects;
  let C: ObjectAddress;
  beforeEach(() => {
    setting = setUp(profile);
    py = setting.py;
    C = py.classes.new({ name: "C" });
    py.gc.collect();
  });
  afterEach(() => {
    expect(py.check()).toEqual([]);
  });

  /** A callback that writes its name, and whether it was given that reference. */
  const callback = (name = "called", wanted?: () => ObjectAddress) =>
    py.functions.new({
      name,
      localCount: 1,
      body: (ref: ObjectAddress) => {
        setting.log.push(wanted === undefined || wanted() === ref ? name : "another one");
      },
    });

  it("test_basic_ref, test_init, test_constructor_kwargs: alive, then dead", () => {
    const o = py.instances.new(C);
    const ref = py.weakrefs.new(o);
    expect([py.weakrefs.get(ref), py.refcount(o)]).toEqual([o, 1]);
    py.decref(o);
    expect(py.weakrefs.get(ref)).toBe(0);
    expect(() => py.weakrefs.new(py.ints.new(5))).toThrow("cannot create weak reference to 'int' object");
  });

  it("test_basic_callback, test_cfunction: called once, with the reference", () => {
    const functions = [
      py.functions.new({ name: "f", localCount: 1, body: () => void setting.log.push("f") }),
      py.functions.newBuiltin("b", () => void setting.log.push("b")),
    ];
    for (const f of functions) {
      const o = py.instances.new(C);
      const ref = py.weakrefs.new(o, f);
      py.decref(o);
      expect(py.weakrefs.get(ref)).toBe(0);
    }
    expect(setting.log).toEqual(["f", "b"]);
  });

  it("test_multiple_callbacks: the latest first", () => {
    const o = py.instances.new(C);
    for (const name of ["one", "two", "three"]) py.weakrefs.new(o, callback(name));
    py.decref(o);
    expect(setting.log).toEqual(["three", "two", "one"]);
  });

  it("test_multiple_selfref_callbacks: callbacks that hold the references", () => {
    const o = py.instances.new(C);
    const held = py.lists.new();
    for (let i = 0; i < 3; i++) {
      const ref = py.weakrefs.new(o, callback(`c${i}`));
      py.lists.append(held, ref);
      py.decref(ref);
    }
    py.decref(o);
    expect(setting.log).toEqual(["c2", "c1", "c0"]);
    py.decref(held);
  });

  it("test_ref_reuse, test_shared_ref_without_callback: one reference without a callback", () => {
    const o = py.instances.new(C);
    const first = py.weakrefs.new(o);
    expect(py.weakrefs.new(o, py.singletons.none)).toBe(first);
    expect(py.weakrefs.new(o)).toBe(first);
    expect(py.weakrefs.count(o)).toBe(1);
    expect(py.weakrefs.new(o, callback())).not.toBe(first);
    expect(py.weakrefs.count(o)).toBe(2);
  });

  it("test_getweakrefcount, test_getweakrefs: how many, and which", () => {
    const o = py.instances.new(C);
    const refs = [py.weakrefs.new(o), py.weakrefs.new(o, callback())];
    expect(py.weakrefs.count(o)).toBe(2);
    expect(py.weakrefs.refs(o)).toEqual(refs);
    py.decref(refs[0]!);
    expect(py.weakrefs.refs(o)).toEqual([refs[1]]);
    expect(py.weakrefs.count(py.ints.new(1))).toBe(0);
  });

  it("test_callbacks_protected: what a callback throws is reported, and the others run", () => {
    const o = py.instances.new(C);
    const thrower = py.functions.new({
      name: "thrower",
      localCount: 1,
      body: () => {
        throw new Error("from a callback");
      },
    });
    const refs = [py.weakrefs.new(o, callback("first")), py.weakrefs.new(o, thrower)];
    py.decref(o);
    expect(setting.log).toEqual(["first"]);
    expect(setting.unraisable.map(({ error }) => String(error))).toEqual(["Error: from a callback"]);
    expect(refs.map((ref) => py.weakrefs.get(ref))).toEqual([0, 0]);
  });

  it("test_sf_bug_840829: a weak reference to a class whose instance dies", () => {
    py.weakrefs.new(C, callback());
    const o = py.instances.new(C);
    py.decref(C);
    py.decref(o);
    py.gc.collect();
    expect(py.isObject(C)).toBe(false);
    expect(setting.log).toEqual(["called"]);
  });

  it("test_callback_in_cycle, test_callback_gcs: a callback that is trash itself is not called", () => {
    const o = py.instances.new(C);
    const ref = py.weakrefs.new(o, callback());
    py.instances.setAttribute(o, "me", o);
    py.instances.setAttribute(o, "ref", ref);
    py.decref(ref);
    py.decref(o);
    py.gc.collect();
    expect([setting.log, py.isObject(o)]).toEqual([[], false]);
  });

  it("test_callback_reachable_one_way, test_callback_different_classes: one that lives is", () => {
    const D = py.classes.new({ name: "D" });
    for (const type of [C, D]) {
      const [trash, holder] = [py.instances.new(type), py.instances.new(C)];
      py.instances.setAttribute(trash, "me", trash);
      const ref = py.weakrefs.new(trash, callback());
      py.instances.setAttribute(holder, "ref", ref);
      py.decref(ref);
      py.decref(trash);
      py.gc.collect();
      py.decref(holder);
    }
    expect(setting.log).toEqual(["called", "called"]);
  });

  it("test_callback_in_cycle_resurrection: trash callbacks cannot resurrect", () => {
    const o = py.instances.new(C);
    const saved: ObjectAddress[] = [];
    const save = py.functions.new({
      name: "save",
      localCount: 1,
      body: () => {
        py.incref(o);
        saved.push(o);
      },
    });
    const ref = py.weakrefs.new(o, save);
    py.instances.setAttribute(o, "me", o);
    py.instances.setAttribute(o, "ref", ref);
    py.decref(ref);
    py.decref(o);
    py.gc.collect();
    expect([saved, py.isObject(o)]).toEqual([[], false]);
  });

  it("test_callbacks_on_callback: a weak reference to a callback", () => {
    const o = py.instances.new(C);
    const inner = callback("inner");
    py.weakrefs.new(inner, callback("outer"));
    const ref = py.weakrefs.new(o, inner);
    py.decref(inner);
    py.decref(ref);
    expect(setting.log).toEqual(["outer"]);
    py.decref(o);
    expect(setting.log).toEqual(["outer"]);
  });

  it("test_gc_during_ref_creation: a collection in the middle", () => {
    py.gc.enable();
    py.gc.setThreshold(1, 1, 1);
    const o = py.instances.new(C);
    const refs = Array.from({ length: 20 }, () => py.weakrefs.new(o, callback()));
    py.gc.checkEvalBreaker();
    py.gc.disable();
    expect(refs.every((ref) => py.weakrefs.get(ref) === o)).toBe(true);
    py.decref(o);
    expect(setting.log).toHaveLength(20);
  });

  it("test_ref_created_during_del: a reference that a finalizer makes is cleared", () => {
    let ref: ObjectAddress | undefined;
    const D = py.classes.new({
      name: "D",
      methods: {
        __del__: (self: ObjectAddress) => {
          ref = py.weakrefs.new(self);
        },
      },
    });
    py.decref(py.instances.new(D));
    expect(py.weakrefs.get(ref!)).toBe(0);
  });

  it("test_trashcan_16602: weak references inside of what the trashcan takes apart", () => {
    const refs: ObjectAddress[] = [];
    let inner: ObjectAddress = py.singletons.none;
    py.incref(inner);
    for (let i = 0; i < 1000; i++) {
      const o = py.instances.new(C);
      py.instances.setAttribute(o, "inner", inner);
      py.decref(inner);
      refs.push(py.weakrefs.new(o));
      inner = o;
    }
    py.decref(inner);
    expect(refs.every((ref) => py.weakrefs.get(ref) === 0)).toBe(true);
  });

  it("test_callback_attribute, test_callback_attribute_after_deletion: there until the object is gone", () => {
    const o = py.instances.new(C);
    const f = callback();
    const [plain, called] = [py.weakrefs.new(o), py.weakrefs.new(o, f)];
    expect([py.weakrefs.callbackOf(plain), py.weakrefs.callbackOf(called)]).toEqual([0, f]);
    py.decref(o);
    expect(py.weakrefs.callbackOf(called)).toBe(0);
  });

  it("a reference of its own kind for sets, functions, generators and classes too", () => {
    const targets = [
      py.sets.new(),
      py.functions.new({ name: "f" }),
      py.generators.new({ name: "g" }),
      py.classes.new({ name: "K" }),
    ];
    const refs = targets.map((o) => py.weakrefs.new(o));
    expect(refs.map((ref) => py.weakrefs.get(ref))).toEqual(targets);
    for (const o of targets) py.decref(o);
    py.gc.collect();
    expect(refs.map((ref) => py.weakrefs.get(ref))).toEqual([0, 0, 0, 0]);
  });
});
