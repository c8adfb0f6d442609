// The script that was run in the captured interpreters, statement by statement.

import type { ObjectAddress, Profile } from "@obmalloc/abi";
import { createObjects, GcDebug, type Objects, PythonError } from "../../src/index.ts";

/** Runs the script; automatic collections are on, as they were there. */
export class CollectorScript {
  private readonly py: Objects;
  private readonly found: Record<string, unknown> = {};

  constructor(profile: Profile) {
    this.py = createObjects({ profile });
    // the modules of an interpreter that has started: so many old objects put full collections off
    this.py.lists.repeat(Array.from({ length: 5000 }, () => this.py.lists.new()));
    this.py.gc.checkEvalBreaker();
  }

  /** What it found, by the script's own names. */
  run(): Record<string, unknown> {
    this.countAllocations();
    this.trigger();
    this.thresholds();
    this.errors();
    this.weakrefsAndFinalizers();
    this.resurrect();
    this.freezeAndSave();
    this.cycles();
    return this.found;
  }

  /** `gc.get_count()`, whose tuple the script keeps. */
  private count(): readonly [number[], ObjectAddress] {
    const { py } = this;
    const count = py.gc.getCount();
    const tuple = py.tuples.new(count.length);
    for (const [i, n] of count.entries()) py.tuples.setItem(tuple, i, py.ints.new(n));
    return [count, tuple];
  }

  private countAllocations(): void {
    const { py, found } = this;
    const five = (make: () => ObjectAddress) => {
      const list = py.lists.new();
      for (let i = 0; i < 5; i++) {
        const item = make();
        py.lists.append(list, item);
        py.decref(item);
        py.gc.checkEvalBreaker();
      }
      return list;
    };
    py.gc.collect();
    const [c0, first] = this.count();
    const lists = five(() => py.lists.new());
    const [c1, second] = this.count();
    py.lists.of([first, second]);
    found["count before/after 5 lists"] = [c0, c1];
    five(() => py.tuples.of([py.ints.new(1)]));
    found["after 5 tuples"] = this.count()[0];
    five(() => py.dicts.new());
    found["after 5 empty dicts"] = this.count()[0];
    py.decref(lists);
    found["after del list of 5 lists"] = py.gc.getCount();
  }

  /** A callback writes down each collection while lists pile up. */
  private trigger(): void {
    const { py, found } = this;
    const log: [string, Record<string, number>, number[]][] = [];
    const kept = py.lists.new();
    const callback = py.functions.new({
      name: "cb",
      localCount: 2,
      body: (phase, info) => {
        const copy = py.dicts.copy(info!);
        const [count, tuple] = this.count();
        const entry = py.tuples.of([phase!, copy, tuple]);
        py.lists.append(kept, entry);
        for (const o of [copy, tuple, entry]) py.decref(o);
        const items = [...py.dicts.items(info!)].map(([key, value]) => [
          py.strings.value(key),
          this.numberOf(value),
        ]);
        log.push([py.strings.value(phase!), Object.fromEntries(items), count]);
      },
    });
    py.gc.collect();
    py.lists.append(py.gc.callbacks, callback);
    py.decref(py.tuples.of([50, 3, 3].map((n) => py.ints.new(n)))); // arguments
    py.gc.setThreshold(50, 3, 3);
    const keep = py.lists.new();
    for (let i = 0; i < 1200; i++) {
      const item = py.lists.new();
      py.lists.append(keep, item);
      py.decref(item);
      py.gc.checkEvalBreaker();
    }
    py.lists.clear(py.gc.callbacks);
    found["collections with threshold (50,3,3), 1200 kept lists"] = log
      .filter(([phase]) => phase === "start")
      .map(([phase, info, count]) => [phase, info.generation, count]);
    found["callback info sample"] = log.slice(0, 2);
    py.gc.setThreshold(0);
    const before = py.gc.getStats()[0]!.collections;
    for (let i = 0; i < 5000; i++) py.lists.append(keep, py.lists.new());
    py.gc.checkEvalBreaker();
    found["threshold0=0 collections"] = py.gc.getStats()[0]!.collections - before;
  }

  private numberOf(o: ObjectAddress): number {
    const { py } = this;
    return py.typeName(o) === "float" ? py.floats.value(o) : py.ints.toNumber(o);
  }

  private thresholds(): void {
    const { gc } = this.py;
    for (const set of [[700, 10, 10], [500], [500, 7]] as const) {
      gc.setThreshold(...(set as readonly [number]));
      const key = set.length === 3 ? "get_threshold after set(700,10,10)" : `after set(${set.join()})`;
      this.found[key] = gc.getThreshold();
    }
  }

  private errors(): void {
    const { gc } = this.py;
    const outcome = (call: () => unknown) => {
      try {
        call();
        return "ok";
      } catch (error) {
        return error instanceof PythonError ? `${error.type}('${error.message}')` : error;
      }
    };
    for (const generation of [-1, 3])
      this.found[`collect(${generation})`] = outcome(() => gc.collect(generation));
    this.found["get_objects(3)"] = outcome(() => gc.getObjects(3));
    this.found["get_objects gens"] = [0, 1, 2].map((generation) => {
      try {
        return ["list", gc.getObjects(generation).length > 0];
      } catch {
        return undefined;
      }
    });
  }

  private weakrefsAndFinalizers(): void {
    const { py, found } = this;
    const events: unknown[] = [];
    const own = { r: 0 as ObjectAddress, wk: 0 as ObjectAddress };
    const A = py.classes.new({
      name: "A",
      methods: {
        __del__: (self: ObjectAddress) => {
          events.push(["del", py.weakrefs.get(own.r) === self, py.weakrefs.get(own.wk) === self]);
        },
      },
    });
    const a = py.instances.new(A);
    py.instances.setAttribute(a, "self", a);
    own.r = py.weakrefs.new(a);
    py.instances.setAttribute(a, "r", own.r);
    const callback = py.functions.new({
      name: "<lambda>",
      localCount: 1,
      body: (ref) => void events.push(["cb", py.weakrefs.get(ref!) === 0]),
    });
    const W = py.weakrefs.new(a, callback);
    own.wk = py.weakrefs.new(a);
    py.instances.setAttribute(a, "wk", own.wk);
    py.decref(a);
    const collected = py.gc.collect();
    const isDead = (ref: ObjectAddress) => py.weakrefs.get(ref) === 0;
    found["weakref/finalizer order"] = [events, isDead(W), isDead(own.wk), collected];
  }

  private resurrect(): void {
    const { py, found } = this;
    const saved = py.lists.new();
    let called = 0;
    const B = py.classes.new({
      name: "B",
      methods: { __del__: (self: ObjectAddress) => py.lists.append(saved, self) },
    });
    const b = py.instances.new(B);
    py.instances.setAttribute(b, "s", b);
    const ref = py.weakrefs.new(b);
    const callback = py.functions.new({ name: "<lambda>", localCount: 1, body: () => void called++ });
    py.weakrefs.new(b, callback);
    py.decref(b);
    const collected = py.gc.collect();
    const isDead = py.weakrefs.get(ref) === 0;
    found["resurrected: collect ret, len, weakref dead, cb called"] = [
      collected,
      py.lists.length(saved),
      isDead,
      called,
    ];
    py.instances.setAttribute(b, "s", py.singletons.none);
    py.lists.clear(saved);
    found["second del after resurrection -> __del__ called again?"] = py.lists.length(saved);
  }

  private freezeAndSave(): void {
    const { py, found } = this;
    py.gc.collect();
    py.gc.freeze();
    found["freeze count>0, get_count, objs"] = [py.gc.getFreezeCount() > 0, py.gc.getCount()];
    py.gc.unfreeze();
    found["after unfreeze"] = py.gc.getFreezeCount();
    py.gc.collect();
    py.gc.setDebug(GcDebug.SAVEALL);
    const list = py.lists.new();
    py.lists.append(list, list);
    py.decref(list);
    const collected = py.gc.collect();
    const garbage = py.lists.values(py.gc.garbage);
    found.SAVEALL = [collected, garbage.length, garbage.map((o) => py.typeName(o))];
    py.gc.setDebug(0);
    py.lists.clear(py.gc.garbage);
  }

  private cycles(): void {
    const { py, found } = this;
    const collectOf = (name: string, make: () => ObjectAddress) => {
      py.gc.collect();
      py.decref(make());
      found[name] = py.gc.collect();
    };
    const C = py.classes.new({ name: "C" });
    const itself = (type: ObjectAddress) => {
      const o = py.instances.new(type);
      py.instances.setAttribute(o, "a", o);
      return o;
    };
    collectOf("self list collect ret", () => {
      const list = py.lists.new();
      py.lists.append(list, list);
      return list;
    });
    collectOf("self instance collect ret", () => itself(C));
    collectOf("self dict collect ret", () => {
      const dict = py.dicts.new();
      py.dicts.setItem(dict, py.strings.name("a"), dict);
      return dict;
    });
    collectOf("closure cycle collect ret", () => {
      const cell = py.functions.newCell();
      const closure = py.tuples.of([cell]);
      const g = py.functions.new({ name: "g", closure });
      py.functions.setCellContent(cell, g);
      py.decref(closure);
      py.decref(cell);
      return g;
    });
    const D = py.classes.new({ name: "D", slots: ["a"] });
    collectOf("slot inst", () => itself(D));
    collectOf("inst w/ 41 attrs", () => {
      const o = py.instances.new(C);
      for (let i = 0; i < 40; i++) py.instances.setAttribute(o, `q${i}`, py.ints.new(1));
      py.instances.setAttribute(o, "a", o);
      return o;
    });
    collectOf("class E collect ret", () => py.classes.new({ name: "E" }));
  }
}
