// Lib/test/test_gc.py, method by method: the README says which is where.
import { NUM_GENERATIONS, type ObjectAddress } from "@obmalloc/abi";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GcDebug, type Objects } from "../../src/index.ts";
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

describe.each(everyProfile)("test_gc in $name", ({ profile }) => {
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

  it("test_list: a list in itself", () => {
    dropCycle(py);
    expect([py.gc.collect(), py.gc.collect()]).toEqual([1, 0]);
  });

  it("test_dict: a dict in itself", () => {
    const dict = py.dicts.new();
    py.dicts.setItem(dict, py.ints.new(1), dict);
    py.decref(dict);
    expect(py.gc.collect()).toBe(1);
  });

  it("test_tuple: a tuple in a list in it", () => {
    const list = py.lists.new();
    const tuple = py.tuples.of([list]);
    giveItem(py, list, tuple);
    py.decref(list);
    expect(py.gc.collect()).toBe(2);
  });

  it("test_class, test_newstyleclass: a class is in cycles by itself", () => {
    const type = py.classes.new({ name: "A" });
    py.decref(type);
    expect(py.gc.collect()).toBeGreaterThan(0);
    expect(py.isObject(type)).toBe(false);
  });

  it("test_instance, test_newinstance: an instance that refers to itself, of its own or a list's kind", () => {
    const { list } = py.core.types.builtin;
    const plain = py.classes.new({ name: "A" });
    const lists = py.classes.new({ name: "B", bases: [list] });
    dropSelfish(py, plain);
    expect(py.gc.collect()).toBe(1 + dicts);
    const o = dropSelfish(py, lists);
    expect(py.gc.collect()).toBeGreaterThan(0);
    expect(py.isObject(o)).toBe(false);
  });

  it("test_method: an instance and its bound method", () => {
    const type = py.classes.new({ name: "A", methods: { __init__: (_self: ObjectAddress) => {} } });
    const o = py.instances.new(type);
    give(py, o, "init", py.instances.getAttribute(o, "__init__"));
    py.decref(o);
    expect(py.gc.collect()).toBe(2 + dicts);
  });

  it("test_legacy_finalizer, test_legacy_finalizer_newclass: tp_del makes a cycle uncollectable", () => {
    const legacy = py.classes.new({ name: "A", userSlots: { del: () => setting.log.push("del") } });
    const plain = py.classes.new({ name: "B" });
    const a = py.instances.new(legacy);
    py.instances.setAttribute(a, "a", a);
    py.decref(a);
    dropSelfish(py, plain);
    expect(py.gc.collect()).toBe(2 * (1 + dicts));
    expect(py.lists.values(py.gc.garbage)).toEqual([a]);
    expect(setting.log).toEqual([]);
    expect(py.gc.getStats()[NUM_GENERATIONS - 1]!.uncollectable).toBe(1 + dicts);
    py.instances.deleteAttribute(a, "a");
    py.lists.clear(py.gc.garbage);
    expect(setting.log).toEqual(["del"]);
  });

  it("test_function, test_function_tp_clear_leaves_consistent_state: a function and its globals", () => {
    const globals = py.dicts.new();
    const f = py.functions.new({ name: "f", globals });
    py.dicts.setItem(globals, py.strings.name("f"), f);
    py.decref(f);
    py.decref(globals);
    expect(py.gc.collect()).toBe(2);
    expect(py.isObject(f)).toBe(false);
  });

  it("test_frame: a generator that is its own local", () => {
    const place = py.lists.new();
    const generator = py.generators.new(
      {
        name: "g",
        localCount: 1,
        resume: (frame) => {
          py.incref(frame.local(0));
          return frame.local(0);
        },
      },
      [place],
    );
    py.decref(py.generators.next(generator));
    giveItem(py, place, generator);
    py.decref(place);
    expect(py.gc.collect()).toBe(0); // the generator's finalizer drops its frame, and with it both
    expect(py.isObject(generator)).toBe(false);
  });

  it("test_saveall: DEBUG_SAVEALL puts what is found into gc.garbage", () => {
    const list = py.lists.new();
    giveItem(py, list, list);
    py.incref(list);
    py.gc.setDebug(py.gc.getDebug() | GcDebug.SAVEALL);
    py.decref(list);
    expect(py.gc.collect()).toBe(1);
    py.gc.setDebug(0);
    expect(py.lists.values(py.gc.garbage)).toEqual([list]);
    py.lists.clear(py.gc.garbage);
    expect(py.gc.collect()).toBe(1);
  });

  it("test_del, test_del_newclass: a finalizer runs while the collector is set to 1", () => {
    py.gc.enable();
    py.gc.setThreshold(1);
    const type = py.classes.new({
      name: "A",
      methods: {
        __del__: (self: ObjectAddress) => {
          py.instances.dict(self);
          setting.log.push("del");
        },
      },
    });
    py.decref(py.instances.new(type));
    expect(setting.log).toEqual(["del"]);
    py.gc.disable();
  });

  it("test_get_count: the first count grows with what is made", () => {
    py.gc.collect();
    const before = py.gc.getCount()[0]!;
    const made = Array.from({ length: 3 }, () => py.dicts.new());
    made.push(py.instances.new(py.classes.new({ name: "A" })));
    expect(py.gc.getCount()[0]).toBeGreaterThan(before);
    expect(py.gc.getCount()[2]).toBe(0);
  });

  it("test_collect_generations: survivors go to the next generation", () => {
    if (profile.objects.gc.collector === "incremental" || !profile.objects.gc.objectsByGeneration) return;
    const list = py.lists.new();
    const generationOf = () => [0, 1, 2].filter((i) => py.gc.getObjects(i).includes(list));
    expect(generationOf()).toEqual([0]);
    py.gc.collect(0);
    expect(generationOf()).toEqual([1]);
    py.gc.collect(1);
    expect(generationOf()).toEqual([2]);
    py.gc.collect(2);
    expect(generationOf()).toEqual([2]);
    py.decref(list);
  });

  it("test_trashcan: nested lists, tuples and dicts die however deep they are", () => {
    let [list, tuple, dict] = [py.lists.new(), py.tuples.of([py.lists.new()]), py.dicts.new()];
    const zero = py.ints.new(0);
    for (let i = 0; i < 5000; i++) {
      const outer = py.lists.new();
      giveItem(py, outer, list);
      list = outer;
      const around = py.tuples.of([tuple]);
      py.decref(tuple);
      tuple = around;
      const next = py.dicts.new();
      py.dicts.setItem(next, zero, dict);
      py.decref(dict);
      dict = next;
    }
    for (const o of [list, tuple, dict]) {
      py.decref(o);
      expect(py.isObject(o)).toBe(false);
    }
  });

  it.each([
    ["test_boom: a finalizer that deletes the attribute that made the cycle", "__del__"],
    ["test_boom2: one that does so through a method", "method"],
  ])("%s", (_title, through) => {
    const drop = (self: ObjectAddress) => {
      if (py.instances.hasAttribute(self, "attr")) py.instances.deleteAttribute(self, "attr");
    };
    const methods =
      through === "__del__"
        ? { __del__: drop }
        : {
            cut: drop,
            __del__: (self: ObjectAddress) => {
              const cut = py.instances.getAttribute(self, "cut");
              py.decref(py.calls.call(cut, []));
              py.decref(cut);
            },
          };
    const type = py.classes.new({ name: "Boom", methods });
    const [a, b] = [py.instances.new(type), py.instances.new(type)];
    py.instances.setAttribute(a, "attr", b);
    py.instances.setAttribute(b, "attr", a);
    py.decref(a);
    py.decref(b);
    expect(py.gc.collect()).toBe(0); // the first one's finalizer kills both
    expect(py.lists.length(py.gc.garbage)).toBe(0);
    expect(py.isObject(a)).toBe(false);
  });

  it("test_get_referents: what an object refers to", () => {
    const items = [1, 3, 5].map((n) => py.ints.new(n));
    const sorted = (o: ObjectAddress) => [...py.gc.getReferents(o)].sort((a, b) => a - b);
    const wanted = [...items].sort((a, b) => a - b);
    expect(sorted(py.lists.of(items))).toEqual(wanted);
    expect(sorted(py.tuples.of(items))).toEqual(wanted);
    const dict = py.dicts.new();
    py.dicts.setItem(dict, items[0]!, items[1]!);
    expect(sorted(dict)).toEqual([items[0]!, items[1]!].sort((a, b) => a - b));
    expect(py.gc.getReferents(py.ints.new(1), py.strings.new("a"), py.lists.new())).toEqual([]);
  });

  it("test_is_tracked: atoms are not, containers are", () => {
    const { none, ellipsis } = py.singletons;
    const atoms = [none, ellipsis, py.ints.new(1), py.floats.new(1), py.strings.new("a")];
    const bytes = [py.bytes.new(new Uint8Array(1)), py.bytes.newArray(new Uint8Array(1))];
    for (const o of [...atoms, ...bytes]) expect(py.gc.isTracked(o)).toBe(false);
    const type = py.classes.new({ name: "A" });
    const slotted = py.classes.new({ name: "S", slots: ["x"] });
    const made = [py.lists.new(), py.sets.new(), type, py.instances.new(type), py.instances.new(slotted)];
    for (const o of made) expect(py.gc.isTracked(o)).toBe(true);
    const empty = py.instances.new(py.classes.new({ name: "E", slots: [] }));
    expect(py.gc.isTracked(empty)).toBe(profile.objects.classes.everyInstanceCollected);
  });

  it("test_is_finalized, test_resurrection_only_happens_once_per_object", () => {
    const saved: ObjectAddress[] = [];
    const type = py.classes.new({
      name: "Lazarus",
      methods: {
        __del__: (self: ObjectAddress) => {
          py.incref(self);
          saved.push(self);
        },
      },
    });
    const o = py.instances.new(type);
    py.instances.setAttribute(o, "me", o);
    py.decref(o);
    py.gc.collect();
    expect(saved).toEqual([o]);
    if (profile.objects.gc.hasIsFinalized) expect(py.gc.isFinalized(o)).toBe(true);
    else expect(() => py.gc.isFinalized(o)).toThrow("module 'gc' has no attribute 'is_finalized'");
    py.decref(o);
    py.gc.collect();
    expect(saved).toHaveLength(1);
    expect(py.isObject(o)).toBe(false);
  });

  it("test_bug1055820b, GCTogglingTests test_bug1055820c, test_bug1055820d: callbacks do not see trash", () => {
    const type = py.classes.new({ name: "C" });
    const seen: unknown[] = [];
    let target: ObjectAddress = py.singletons.none;
    const callback = py.functions.new({
      name: "callback",
      body: () => {
        seen.push(...refs.map((ref) => py.weakrefs.get(ref)), py.isObject(target));
      },
    });
    const [a, b] = [py.instances.new(type), py.instances.new(type)];
    target = a;
    py.instances.setAttribute(a, "other", b);
    py.instances.setAttribute(b, "other", a);
    const refs = [py.weakrefs.new(a, callback), py.weakrefs.new(b)];
    py.decref(a);
    py.decref(b);
    py.gc.collect();
    expect(seen[0]).toBe(0);
    expect(seen).toHaveLength(3);
    if (profile.objects.weakrefs.cleared !== "callbacks-before") expect(seen[1]).toBe(0);
  });

  it("test_bug21435: a class's mro goes with its finalizer's help", () => {
    const type = py.classes.new({ name: "A", methods: { __del__: () => setting.log.push("A") } });
    const sub = py.classes.new({ name: "B", bases: [type] });
    const o = py.instances.new(sub);
    py.instances.setAttribute(o, "me", o);
    for (const x of [o, sub, type]) py.decref(x);
    py.gc.collect();
    py.gc.collect();
    expect(setting.log).toEqual(["A"]);
    expect([o, sub, type].some((x) => py.isObject(x))).toBe(false);
  });
});
