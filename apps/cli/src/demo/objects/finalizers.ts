// `obmalloc demo finalizers`: __del__, resurrection, order, errors, and why tp_del is gone.

import type { ObjectAddress } from "@obmalloc/abi";
import type { Objects } from "@obmalloc/objects";
import type { DemoContext, DemoStep } from "../demo.ts";
import { give, setUp } from "./setting.ts";

export function* finalizersDemo({ profile }: DemoContext): Generator<DemoStep> {
  const reported: string[] = [];
  const { py } = setUp(profile, {
    onUnraisable: ({ message, error }) => reported.push(`${message} __del__: ${(error as Error).message}`),
  });
  const log: string[] = [];
  const named = new Map<ObjectAddress, string>();
  const make = (type: ObjectAddress, name: string) => {
    const o = py.instances.new(type);
    named.set(o, name);
    return o;
  };
  const ring = (type: ObjectAddress, names: readonly string[]) => {
    const made = names.map((name) => make(type, name));
    made.forEach((o, i) => {
      py.instances.setAttribute(o, "next", made[(i + 1) % made.length]!);
    });
    for (const o of made) py.decref(o);
    return made;
  };

  const Plain = py.classes.new({
    name: "Plain",
    methods: { __del__: (self: ObjectAddress) => void log.push(named.get(self)!) },
  });
  py.decref(make(Plain, "alone"));
  yield {
    title: "The last reference runs __del__",
    text: "Outside of cycles a finalizer runs at once, where the last reference goes: it is as predictable as a call.",
    lines: [`after del: ${log.join(", ")}`],
  };

  log.length = 0;
  ring(Plain, ["a", "b", "c"]);
  const before = log.length;
  const found = py.gc.collect();
  yield {
    title: "In a cycle it has to wait for the collector",
    text: "Three objects in a ring. Dropping the names runs nothing; the collection runs all three finalizers before it clears anything.",
    lines: [
      `before the collection: ${before} finalizers`,
      `gc.collect() -> ${found}, then: ${log.join(", ")}`,
    ],
  };

  yield* afterwards({ py, log, named, ring, Plain, reported });
}

/** What the steps share. */
interface Parts {
  readonly py: Objects;
  readonly log: string[];
  readonly named: ReadonlyMap<ObjectAddress, string>;
  readonly ring: (type: ObjectAddress, names: readonly string[]) => ObjectAddress[];
  readonly Plain: ObjectAddress;
  readonly reported: readonly string[];
}

function* afterwards({ py, log, named, ring, Plain, reported }: Parts): Generator<DemoStep> {
  log.length = 0;
  const saved: ObjectAddress[] = [];
  const Lazarus = py.classes.new({
    name: "Lazarus",
    methods: {
      __del__: (self: ObjectAddress) => {
        log.push(named.get(self)!);
        py.incref(self);
        saved.push(self);
      },
    },
  });
  const [lazarus] = ring(Lazarus, ["lazarus"]) as [ObjectAddress];
  const ref = py.weakrefs.new(lazarus);
  const first = py.gc.collect();
  const lives = py.isObject(lazarus);
  const seen = py.weakrefs.get(ref) !== 0;
  py.decref(lazarus);
  const second = py.gc.collect();
  yield {
    title: "A finalizer may resurrect, once",
    text: "It stores self somewhere. The collector looks again after the finalizers and leaves alone what can be reached; next time no finalizer runs.",
    lines: [
      `first collection: ${first} collected, alive: ${lives}, weak reference ${seen ? "still works" : "was cleared"}`,
      `second: ${second} collected, alive: ${py.isObject(lazarus)}, __del__ ran ${log.length} time`,
    ],
  };

  const Thrower = py.classes.new({
    name: "Thrower",
    methods: {
      __del__: () => {
        throw new Error("from __del__");
      },
    },
  });
  ring(Thrower, ["t"]);
  ring(Plain, ["u"]);
  log.length = 0;
  const collected = py.gc.collect();
  yield {
    title: "What a finalizer raises, nobody can catch",
    text: "It is reported, and the collection goes on.",
    lines: [...reported, `gc.collect() -> ${collected}, and ${log.join()} was finalized too`],
  };

  const Legacy = py.classes.new({ name: "Legacy", userSlots: { del: () => void log.push("tp_del") } });
  log.length = 0;
  const [legacy] = ring(Legacy, ["legacy"]) as [ObjectAddress];
  const list = py.lists.new();
  py.incref(list);
  give(py, legacy, "baggage", list);
  py.decref(list);
  const none = py.gc.collect();
  const garbage = py.lists.length(py.gc.garbage);
  py.instances.deleteAttribute(legacy, "next");
  py.lists.clear(py.gc.garbage);
  yield {
    title: "tp_del, from before Python 3.4",
    text: "It may only run once everything else is intact, which in a cycle is never: such objects end in gc.garbage until somebody breaks the cycle.",
    lines: [`gc.collect() -> ${none}; in gc.garbage: ${garbage}`, `after breaking the cycle: ${log.join()}`],
  };
}
