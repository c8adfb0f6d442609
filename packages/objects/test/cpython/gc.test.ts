// Lib/test/test_gc.py, method by method: the README says which is where.
import { NUM_GENERATIONS, type ObjectAddress } from "@obmalloc/abi";
import { describe, expect, it } from "vitest";
import { GcDebug } from "../../src/index.ts";
import {
  dictsPerInstance,
  dropCycle,
  dropSelfish,
  everyProfile,
  freshSetting,
  give,
  giveItem,
} from "./setting.ts";

describe.each(everyProfile)("test_gc in $name", ({ profile }) => {
  const now = freshSetting(profile);
  const dicts = dictsPerInstance(profile);

  it("test_list: a list in itself", () => {
    dropCycle(now.py);
    expect([now.py.gc.collect(), now.py.gc.collect()]).toEqual([1, 0]);
  });

  it("test_dict: a dict in itself", () => {
    const dict = now.py.dicts.new();
    now.py.dicts.setItem(dict, now.py.ints.new(1), dict);
    now.py.decref(dict);
    expect(now.py.gc.collect()).toBe(1);
  });

  it("test_tuple: a tuple in a list in it", () => {
    const list = now.py.lists.new();
    const tuple = now.py.tuples.of([list]);
    giveItem(now.py, list, tuple);
    now.py.decref(list);
    expect(now.py.gc.collect()).toBe(2);
  });

  it("test_class, test_newstyleclass: a class is in cycles by itself", () => {
    const type = now.py.classes.new({ name: "A" });
    now.py.decref(type);
    expect(now.py.gc.collect()).toBeGreaterThan(0);
    expect(now.py.isObject(type)).toBe(false);
  });

  it("test_instance, test_newinstance: an instance that refers to itself, of its own or a list's kind", () => {
    const { list } = now.py.core.types.builtin;
    const plain = now.py.classes.new({ name: "A" });
    const lists = now.py.classes.new({ name: "B", bases: [list] });
    dropSelfish(now.py, plain);
    expect(now.py.gc.collect()).toBe(1 + dicts);
    const o = dropSelfish(now.py, lists);
    expect(now.py.gc.collect()).toBeGreaterThan(0);
    expect(now.py.isObject(o)).toBe(false);
  });

  it("test_method: an instance and its bound method", () => {
    const type = now.py.classes.new({ name: "A", methods: { __init__: (_self: ObjectAddress) => {} } });
    const o = now.py.instances.new(type);
    give(now.py, o, "init", now.py.instances.getAttribute(o, "__init__"));
    now.py.decref(o);
    expect(now.py.gc.collect()).toBe(2 + dicts);
  });

  it("test_legacy_finalizer, test_legacy_finalizer_newclass: tp_del makes a cycle uncollectable", () => {
    const legacy = now.py.classes.new({ name: "A", userSlots: { del: () => now.log.push("del") } });
    const plain = now.py.classes.new({ name: "B" });
    const a = now.py.instances.new(legacy);
    now.py.instances.setAttribute(a, "a", a);
    now.py.decref(a);
    dropSelfish(now.py, plain);
    expect(now.py.gc.collect()).toBe(2 * (1 + dicts));
    expect(now.py.lists.values(now.py.gc.garbage)).toEqual([a]);
    expect(now.log).toEqual([]);
    expect(now.py.gc.getStats()[NUM_GENERATIONS - 1]!.uncollectable).toBe(1 + dicts);
    now.py.instances.deleteAttribute(a, "a");
    now.py.lists.clear(now.py.gc.garbage);
    expect(now.log).toEqual(["del"]);
  });

  it("test_function, test_function_tp_clear_leaves_consistent_state: a function and its globals", () => {
    const globals = now.py.dicts.new();
    const f = now.py.functions.new({ name: "f", globals });
    now.py.dicts.setItem(globals, now.py.strings.name("f"), f);
    now.py.decref(f);
    now.py.decref(globals);
    expect(now.py.gc.collect()).toBe(2);
    expect(now.py.isObject(f)).toBe(false);
  });

  it("test_frame: a generator that is its own local", () => {
    const place = now.py.lists.new();
    const generator = now.py.generators.new(
      {
        name: "g",
        localCount: 1,
        resume: (frame) => {
          now.py.incref(frame.local(0));
          return frame.local(0);
        },
      },
      [place],
    );
    now.py.decref(now.py.generators.next(generator));
    giveItem(now.py, place, generator);
    now.py.decref(place);
    expect(now.py.gc.collect()).toBe(0); // the generator's finalizer drops its frame, and with it both
    expect(now.py.isObject(generator)).toBe(false);
  });

  it("test_saveall: DEBUG_SAVEALL puts what is found into gc.garbage", () => {
    const list = now.py.lists.new();
    giveItem(now.py, list, list);
    now.py.incref(list);
    now.py.gc.setDebug(now.py.gc.getDebug() | GcDebug.SAVEALL);
    now.py.decref(list);
    expect(now.py.gc.collect()).toBe(1);
    now.py.gc.setDebug(0);
    expect(now.py.lists.values(now.py.gc.garbage)).toEqual([list]);
    now.py.lists.clear(now.py.gc.garbage);
    expect(now.py.gc.collect()).toBe(1);
  });

  it("test_del, test_del_newclass: a finalizer runs while the collector is set to 1", () => {
    now.py.gc.enable();
    now.py.gc.setThreshold(1);
    const type = now.py.classes.new({
      name: "A",
      methods: {
        __del__: (self: ObjectAddress) => {
          now.py.instances.dict(self);
          now.log.push("del");
        },
      },
    });
    now.py.decref(now.py.instances.new(type));
    expect(now.log).toEqual(["del"]);
    now.py.gc.disable();
  });

  it("test_get_count: the first count grows with what is made", () => {
    now.py.gc.collect();
    const before = now.py.gc.getCount()[0]!;
    const made = Array.from({ length: 3 }, () => now.py.dicts.new());
    made.push(now.py.instances.new(now.py.classes.new({ name: "A" })));
    expect(now.py.gc.getCount()[0]).toBeGreaterThan(before);
    expect(now.py.gc.getCount()[2]).toBe(0);
  });

  it("test_collect_generations: survivors go to the next generation", () => {
    if (profile.objects.gc.collector === "incremental" || !profile.objects.gc.objectsByGeneration) return;
    const list = now.py.lists.new();
    const generationOf = () => [0, 1, 2].filter((i) => now.py.gc.getObjects(i).includes(list));
    expect(generationOf()).toEqual([0]);
    now.py.gc.collect(0);
    expect(generationOf()).toEqual([1]);
    now.py.gc.collect(1);
    expect(generationOf()).toEqual([2]);
    now.py.gc.collect(2);
    expect(generationOf()).toEqual([2]);
    now.py.decref(list);
  });

  it("test_trashcan: nested lists, tuples and dicts die however deep they are", () => {
    let [list, tuple, dict] = [
      now.py.lists.new(),
      now.py.tuples.of([now.py.lists.new()]),
      now.py.dicts.new(),
    ];
    const zero = now.py.ints.new(0);
    for (let i = 0; i < 5000; i++) {
      const outer = now.py.lists.new();
      giveItem(now.py, outer, list);
      list = outer;
      const around = now.py.tuples.of([tuple]);
      now.py.decref(tuple);
      tuple = around;
      const next = now.py.dicts.new();
      now.py.dicts.setItem(next, zero, dict);
      now.py.decref(dict);
      dict = next;
    }
    for (const o of [list, tuple, dict]) {
      now.py.decref(o);
      expect(now.py.isObject(o)).toBe(false);
    }
  });

  it.each([
    ["test_boom: a finalizer that deletes the attribute that made the cycle", "__del__"],
    ["test_boom2: one that does so through a method", "method"],
  ])("%s", (_title, through) => {
    const drop = (self: ObjectAddress) => {
      if (now.py.instances.hasAttribute(self, "attr")) now.py.instances.deleteAttribute(self, "attr");
    };
    const methods =
      through === "__del__"
        ? { __del__: drop }
        : {
            cut: drop,
            __del__: (self: ObjectAddress) => {
              const cut = now.py.instances.getAttribute(self, "cut");
              now.py.decref(now.py.calls.call(cut, []));
              now.py.decref(cut);
            },
          };
    const type = now.py.classes.new({ name: "Boom", methods });
    const [a, b] = [now.py.instances.new(type), now.py.instances.new(type)];
    now.py.instances.setAttribute(a, "attr", b);
    now.py.instances.setAttribute(b, "attr", a);
    now.py.decref(a);
    now.py.decref(b);
    expect(now.py.gc.collect()).toBe(0); // the first one's finalizer kills both
    expect(now.py.lists.length(now.py.gc.garbage)).toBe(0);
    expect(now.py.isObject(a)).toBe(false);
  });

  it("test_get_referents: what an object refers to", () => {
    const items = [1, 3, 5].map((n) => now.py.ints.new(n));
    const sorted = (o: ObjectAddress) => [...now.py.gc.getReferents(o)].sort((a, b) => a - b);
    const wanted = [...items].sort((a, b) => a - b);
    expect(sorted(now.py.lists.of(items))).toEqual(wanted);
    expect(sorted(now.py.tuples.of(items))).toEqual(wanted);
    const dict = now.py.dicts.new();
    now.py.dicts.setItem(dict, items[0]!, items[1]!);
    expect(sorted(dict)).toEqual([items[0]!, items[1]!].sort((a, b) => a - b));
    expect(now.py.gc.getReferents(now.py.ints.new(1), now.py.strings.new("a"), now.py.lists.new())).toEqual(
      [],
    );
  });

  it("test_is_tracked: atoms are not, containers are", () => {
    const { none, ellipsis } = now.py.singletons;
    const atoms = [none, ellipsis, now.py.ints.new(1), now.py.floats.new(1), now.py.strings.new("a")];
    const bytes = [now.py.bytes.new(new Uint8Array(1)), now.py.bytes.newArray(new Uint8Array(1))];
    for (const o of [...atoms, ...bytes]) expect(now.py.gc.isTracked(o)).toBe(false);
    const type = now.py.classes.new({ name: "A" });
    const slotted = now.py.classes.new({ name: "S", slots: ["x"] });
    const made = [
      now.py.lists.new(),
      now.py.sets.new(),
      type,
      now.py.instances.new(type),
      now.py.instances.new(slotted),
    ];
    for (const o of made) expect(now.py.gc.isTracked(o)).toBe(true);
    const empty = now.py.instances.new(now.py.classes.new({ name: "E", slots: [] }));
    expect(now.py.gc.isTracked(empty)).toBe(profile.objects.classes.everyInstanceCollected);
  });

  it("test_is_finalized, test_resurrection_only_happens_once_per_object", () => {
    const saved: ObjectAddress[] = [];
    const type = now.py.classes.new({
      name: "Lazarus",
      methods: {
        __del__: (self: ObjectAddress) => {
          now.py.incref(self);
          saved.push(self);
        },
      },
    });
    const o = now.py.instances.new(type);
    now.py.instances.setAttribute(o, "me", o);
    now.py.decref(o);
    now.py.gc.collect();
    expect(saved).toEqual([o]);
    if (profile.objects.gc.hasIsFinalized) expect(now.py.gc.isFinalized(o)).toBe(true);
    else expect(() => now.py.gc.isFinalized(o)).toThrow("module 'gc' has no attribute 'is_finalized'");
    now.py.decref(o);
    now.py.gc.collect();
    expect(saved).toHaveLength(1);
    expect(now.py.isObject(o)).toBe(false);
  });

  it("test_bug1055820b, GCTogglingTests test_bug1055820c, test_bug1055820d: callbacks do not see trash", () => {
    const type = now.py.classes.new({ name: "C" });
    const seen: unknown[] = [];
    let target: ObjectAddress = now.py.singletons.none;
    const callback = now.py.functions.new({
      name: "callback",
      body: () => {
        seen.push(...refs.map((ref) => now.py.weakrefs.get(ref)), now.py.isObject(target));
      },
    });
    const [a, b] = [now.py.instances.new(type), now.py.instances.new(type)];
    target = a;
    now.py.instances.setAttribute(a, "other", b);
    now.py.instances.setAttribute(b, "other", a);
    const refs = [now.py.weakrefs.new(a, callback), now.py.weakrefs.new(b)];
    now.py.decref(a);
    now.py.decref(b);
    now.py.gc.collect();
    expect(seen[0]).toBe(0);
    expect(seen).toHaveLength(3);
    if (profile.objects.weakrefs.cleared !== "callbacks-before") expect(seen[1]).toBe(0);
  });

  it("test_bug21435: a class's mro goes with its finalizer's help", () => {
    const type = now.py.classes.new({ name: "A", methods: { __del__: () => now.log.push("A") } });
    const sub = now.py.classes.new({ name: "B", bases: [type] });
    const o = now.py.instances.new(sub);
    now.py.instances.setAttribute(o, "me", o);
    for (const x of [o, sub, type]) now.py.decref(x);
    now.py.gc.collect();
    now.py.gc.collect();
    expect(now.log).toEqual(["A"]);
    expect([o, sub, type].some((x) => now.py.isObject(x))).toBe(false);
  });
});
