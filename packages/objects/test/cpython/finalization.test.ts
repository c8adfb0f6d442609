// Lib/test/test_finalization.py, method by method: the README says which is where.
import type { ObjectAddress } from "@obmalloc/abi";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Objects } from "../../src/index.ts";
import { everyProfile, type Setting, setUp } from "./setting.ts";

describe.each(everyProfile)("test_finalization in $name", ({ profile }) => {
  let setting: Setting;
  let py: Objects;
  /** Objects that finalizers saved. */
  let survivors: ObjectAddress[];
  let names: Map<ObjectAddress, string>;

  beforeEach(() => {
    setting = setUp(profile);
    py = setting.py;
    survivors = [];
    names = new Map();
    py.gc.collect();
  });
  afterEach(() => {
    expect(setting.unraisable).toEqual([]);
    expect(py.check()).toEqual([]);
  });

  type Kind = "simple" | "resurrecting" | "suicidal";

  /** A class whose finalizer writes the object's name, and saves it, or breaks its cycle. */
  function classOf(kind: Kind, slots?: readonly string[]): ObjectAddress {
    return py.classes.new({
      name: kind,
      ...(slots && { slots }),
      methods: {
        __del__: (self: ObjectAddress) => {
          setting.log.push(names.get(self) ?? "?");
          if (kind === "resurrecting") {
            py.incref(self);
            survivors.push(self);
          }
          if (kind === "suicidal" && py.instances.hasAttribute(self, "next")) {
            py.instances.deleteAttribute(self, "next");
          }
        },
      },
    });
  }

  function instance(type: ObjectAddress, name: string): ObjectAddress {
    const o = py.instances.new(type);
    names.set(o, name);
    return o;
  }

  /** Instances in a ring, each of the class in its place; nobody holds them. */
  function dropRing(types: readonly ObjectAddress[]): ObjectAddress[] {
    const ring = types.map((type, i) => instance(type, String.fromCharCode(97 + i)));
    ring.forEach((o, i) => {
      py.instances.setAttribute(o, "next", ring[(i + 1) % ring.length]!);
    });
    for (const o of ring) py.decref(o);
    return ring;
  }

  const alive = (objects: readonly ObjectAddress[]) => objects.filter((o) => py.isObject(o)).length;

  it("SimpleFinalizationTest test_simple, NonGCSimpleBase test: the last reference finalizes", () => {
    const o = instance(classOf("simple"), "a");
    const ref = py.weakrefs.new(o);
    py.decref(o);
    expect([setting.log, py.weakrefs.get(ref), py.isObject(o)]).toEqual([["a"], 0, false]);
  });

  it("SimpleFinalizationTest test_simple_resurrect: a saved object is finalized once", () => {
    const o = instance(classOf("resurrecting"), "a");
    const ref = py.weakrefs.new(o);
    py.decref(o);
    expect([setting.log, survivors, py.weakrefs.get(ref)]).toEqual([["a"], [o], o]);
    py.decref(o);
    expect([setting.log, py.isObject(o), py.weakrefs.get(ref)]).toEqual([["a"], false, 0]);
  });

  it("SimpleFinalizationTest test_non_gc: an object without a collector's head", () => {
    const type = classOf("simple", []);
    const o = instance(type, "a");
    expect(py.gc.isTracked(o)).toBe(profile.objects.classes.everyInstanceCollected);
    py.decref(o);
    expect([setting.log, py.isObject(o)]).toEqual([["a"], false]);
  });

  it("SimpleFinalizationTest test_non_gc_resurrect: without a head nothing remembers the finalizer", () => {
    const type = classOf("resurrecting", []);
    const o = instance(type, "a");
    py.decref(o);
    expect([setting.log, survivors]).toEqual([["a"], [o]]);
    py.decref(o);
    const remembers = profile.objects.classes.everyInstanceCollected;
    expect(setting.log).toEqual(remembers ? ["a"] : ["a", "a"]);
    expect(py.isObject(o)).toBe(!remembers);
  });

  it("SelfCycleFinalizationTest test_simple: a cycle of one", () => {
    const [o] = dropRing([classOf("simple")]) as [ObjectAddress];
    py.gc.collect();
    expect([setting.log, py.isObject(o)]).toEqual([["a"], false]);
  });

  it("SelfCycleFinalizationTest test_simple_resurrect: a cycle of one that lives on", () => {
    const [o] = dropRing([classOf("resurrecting")]) as [ObjectAddress];
    const ref = py.weakrefs.new(o);
    py.gc.collect();
    expect([setting.log, survivors]).toEqual([["a"], [o]]);
    const keeps = profile.objects.weakrefs.cleared === "callbacks-before";
    expect(py.weakrefs.get(ref)).toBe(keeps ? o : 0);
    py.decref(o);
    py.gc.collect();
    expect([setting.log, py.isObject(o)]).toEqual([["a"], false]);
  });

  it("SelfCycleFinalizationTest test_simple_suicide: a finalizer that breaks its own cycle", () => {
    const [o] = dropRing([classOf("suicidal")]) as [ObjectAddress];
    py.gc.collect();
    expect([setting.log, py.isObject(o)]).toEqual([["a"], false]);
  });

  it("CycleChainFinalizationTest test_homogenous", () => {
    const type = classOf("simple");
    const ring = dropRing([type, type, type]);
    py.gc.collect();
    expect([[...setting.log].sort(), alive(ring)]).toEqual([["a", "b", "c"], 0]);
  });

  it("CycleChainFinalizationTest test_homogenous_resurrect", () => {
    const type = classOf("resurrecting");
    const ring = dropRing([type, type, type]);
    py.gc.collect();
    expect([[...setting.log].sort(), alive(ring), survivors.length]).toEqual([["a", "b", "c"], 3, 3]);
    for (const o of survivors) py.decref(o);
    py.gc.collect();
    expect([setting.log.length, alive(ring)]).toEqual([3, 0]);
  });

  it("CycleChainFinalizationTest test_homogenous_suicidal", () => {
    const type = classOf("suicidal");
    const ring = dropRing([type, type, type]);
    py.gc.collect();
    expect([[...setting.log].sort(), alive(ring)]).toEqual([["a", "b", "c"], 0]);
  });

  it.each<[string, Kind[]]>([
    ["test_heterogenous_suicidal_one", ["simple", "suicidal", "simple"]],
    ["test_heterogenous_suicidal_two", ["suicidal", "simple", "suicidal", "suicidal"]],
  ])("CycleChainFinalizationTest %s", (_title, kinds) => {
    const ring = dropRing(kinds.map((kind) => classOf(kind)));
    py.gc.collect();
    expect([setting.log.length, alive(ring)]).toEqual([kinds.length, 0]);
  });

  it.each<[string, Kind[]]>([
    ["test_heterogenous_resurrect_one", ["simple", "resurrecting", "simple"]],
    ["test_heterogenous_resurrect_two", ["resurrecting", "simple", "simple"]],
    ["test_heterogenous_resurrect_three", ["simple", "resurrecting", "suicidal", "simple"]],
  ])("CycleChainFinalizationTest %s", (_title, kinds) => {
    const ring = dropRing(kinds.map((kind) => classOf(kind)));
    py.gc.collect();
    expect(setting.log).toHaveLength(kinds.length);
    expect(survivors).toHaveLength(1);
    py.decref(survivors[0]!);
    py.gc.collect();
    expect([setting.log.length, alive(ring)]).toEqual([kinds.length, 0]);
  });

  it("LegacyFinalizationTest test_legacy, test_legacy_resurrect: tp_del runs each time", () => {
    let saves = true;
    const type = py.classes.new({
      name: "Legacy",
      userSlots: {
        del: (self) => {
          setting.log.push("del");
          if (saves) py.incref(self);
        },
      },
    });
    const o = py.instances.new(type);
    const ref = py.weakrefs.new(o);
    py.decref(o);
    expect([setting.log, py.isObject(o), py.weakrefs.get(ref)]).toEqual([["del"], true, 0]);
    saves = false;
    py.decref(o);
    expect([setting.log, py.isObject(o)]).toEqual([["del", "del"], false]);
  });

  it("LegacyFinalizationTest test_legacy_self_cycle: uncollectable, until somebody breaks the cycle", () => {
    const type = py.classes.new({ name: "Legacy", userSlots: { del: () => setting.log.push("del") } });
    const [o] = dropRing([type]) as [ObjectAddress];
    py.gc.collect();
    expect([setting.log, py.lists.values(py.gc.garbage)]).toEqual([[], [o]]);
    py.instances.deleteAttribute(o, "next");
    py.lists.clear(py.gc.garbage);
    expect([setting.log, py.isObject(o)]).toEqual([["del"], false]);
  });
});
