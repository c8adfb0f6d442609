// Objects: reference counts, cycles and the collector phase by phase, finalizers, weak references.

import { type ObjectAddress, profileFor } from "@obmalloc/abi";
import { type CollectionPhase, createObjects, type Objects } from "@obmalloc/objects";
import { NamedObjects } from "./object-frames.ts";
import type { Experiment, Frame, Question, Scene } from "./scene.ts";

const create = (version = "3.13"): Objects => {
  const py = createObjects({ profile: profileFor(version), maxBytes: 256 << 20 });
  py.gc.disable();
  return py;
};

function* counting(): Generator<Frame> {
  const py = create();
  const named = new NamedObjects(py);
  const frame = (call: string, text: string) => named.frame(call, text);
  named.add("list A", py.lists.new(), 1, 0);
  named.bind("a", "list A", 0, 0);
  yield frame("a = []", "A new object has one reference: the name that it is bound to.");
  py.incref(named.at("list A"));
  named.bind("b", "list A", 2, 0);
  yield frame("b = a", "A second name, the same object: its count goes up. Nothing is copied.");
  named.add("list C", py.lists.of([named.at("list A"), named.at("list A")]), 1, 1);
  named.bind("c", "list C", 0, 1);
  yield frame("c = [a, a]", "Each place that holds the object counts: two more.");
  named.unbind("a");
  yield frame("del a", "del removes the name, not the object.");
  named.unbind("b");
  yield frame("del b", "No name is left, and the list C still holds it twice.");
  named.unbind("c");
  yield frame(
    "del c",
    "C's count reaches zero, so it dies at once, and gives back what it held: A dies, too. Their memory is free before the next statement runs.",
  );
}

const PHASES: Partial<Record<CollectionPhase, string>> = {
  merge: "The collector joins the younger generations to the one that it examines.",
  update_refs: "Each object's count is copied into its head (gc). The counts themselves are not touched.",
  subtract_refs:
    "Every reference from one examined object to another takes one off the copy. What is left above zero comes from outside.",
  move_unreachable:
    "What has a copy above zero is reachable, and so is everything that it leads to. The rest is trash, for now.",
  weakrefs:
    "Weak references to the trash are cleared, and callbacks are called that are no trash themselves.",
  finalizers: "Finalizers (__del__) run, each once in an object's life.",
  resurrection: "Did a finalizer bring something back? What can be reached again is taken out of the trash.",
  clear:
    "Each object is told to let go of what it holds. That breaks the cycles, and counting does the rest.",
};

const TOLD = Object.keys(PHASES) as CollectionPhase[];

function cycleObjects(py: Objects): NamedObjects {
  const named = new NamedObjects(py);
  const places = { A: [1, 0], B: [2, 0], C: [3, 0], D: [1, 1], E: [2, 1] } as const;
  for (const [name, [column, row]] of Object.entries(places)) named.add(name, py.lists.new(), column, row);
  for (const [from, to] of ["AB", "BA", "BC", "DE", "ED", "EC"].map(
    (edge) => [...edge] as [string, string],
  )) {
    py.lists.append(named.at(from), named.at(to));
  }
  for (const [column, name] of [
    [0, "A"],
    [3, "C"],
    [0, "D"],
  ] as const) {
    const row = name === "A" ? 0 : 1;
    named.bind(name.toLowerCase(), name, column, row);
  }
  for (const name of ["B", "E"]) py.decref(named.at(name));
  return named;
}

function* collector(): Generator<Frame> {
  const py = create();
  const named = cycleObjects(py);
  yield named.frame(
    "five lists",
    "A and B hold each other, D and E hold each other, and both pairs lead to C.",
  );
  named.unbind("d");
  yield named.frame(
    "del d",
    "Nothing in the program leads to D and E any more. But they hold each other: their counts never reach zero. This is what the collector is for.",
  );
  for (const { phase, kind } of py.gc.collectSteps(2, "phases")) {
    const text = PHASES[phase];
    if (kind === "end" && text !== undefined) yield named.frame(`gc.collect(): ${phase}`, text, phase, TOLD);
  }
  yield named.frame(
    "gc.collect() is done",
    "D and E are gone. A, B and C are where they were: CPython's collector moves nothing.",
  );
}

/** A ring of two with finalizers; one of them may put itself into a global list. */
function finalizedRing(py: Objects, resurrects: boolean) {
  const saved = py.lists.new();
  const order: string[] = [];
  const names = new Map<ObjectAddress, string>();
  const del = (self: ObjectAddress) => {
    order.push(names.get(self)!);
    if (resurrects && names.get(self) === "A") py.lists.append(saved, self);
  };
  const Node = py.classes.new({ name: "Node", methods: { __del__: del } });
  const [a, b] = [py.instances.new(Node), py.instances.new(Node)];
  names.set(a, "A").set(b, "B");
  py.instances.setAttribute(a, "other", b);
  py.instances.setAttribute(b, "other", a);
  return { saved, order, a, b };
}

function* resurrection(): Generator<Frame> {
  const py = create();
  const { saved, a, b } = finalizedRing(py, true);
  const named = new NamedObjects(py);
  named.add("saved", saved, 1, 1);
  named.add("A", a, 1, 0);
  named.add("B", b, 2, 0);
  named.bind("saved", "saved", 0, 1);
  named.bind("a", "A", 0, 0);
  py.decref(b);
  yield named.frame(
    "a and its partner",
    "Two instances of a class with __del__; that of A appends itself to the list saved.",
  );
  named.unbind("a");
  yield named.frame("del a", "A ring without a name.");
  for (const { phase, kind } of py.gc.collectSteps(2, "phases")) {
    const text = PHASES[phase];
    const isTold = ["move_unreachable", "finalizers", "resurrection", "clear"].includes(phase);
    if (kind === "end" && isTold && text !== undefined)
      yield named.frame(`gc.collect(): ${phase}`, text, phase, TOLD);
  }
  yield named.frame(
    "gc.collect() is done",
    "A is alive again, and with it B. Their finalizers have run, and will not run a second time.",
  );
}

export const scenes: Readonly<Record<string, Scene>> = {
  "objects.counting": { title: "Names, objects, counts", run: counting },
  "objects.collector": { title: "A collection, phase by phase", run: collector },
  "objects.resurrection": { title: "A finalizer brings its object back", run: resurrection },
};

export const questions: Readonly<Record<string, Question>> = {
  "objects.self": {
    text: "A list is appended to itself, and the only name for it is deleted. What is its reference count now?",
    options: ["0, it dies", "1", "2"],
    answer() {
      const py = create();
      const list = py.lists.new();
      py.lists.append(list, list);
      const before = py.refcount(list);
      py.decref(list);
      const after = py.isObject(list) ? py.refcount(list) : 0;
      const found = py.gc.collect();
      return {
        right: after,
        said: `count with the name:    ${before}\ncount without the name: ${after}\ngc.collect() → ${found}`,
      };
    },
  },
  "objects.threshold": {
    text: "With the thresholds of CPython 3.13, how many new lists does a loop keep before the collector runs for the first time?",
    options: ["about 700", "about 2,000", "about 10,000"],
    answer() {
      const py = create();
      const [threshold = 0] = py.gc.getThreshold();
      py.gc.enable();
      const collections = () => py.gc.getStats().reduce((sum, one) => sum + one.collections, 0);
      const before = collections();
      let made = 0;
      while (collections() === before && made < 20_000) {
        py.lists.new();
        py.gc.checkEvalBreaker();
        made++;
      }
      return {
        right: made < 1200 ? 0 : made < 5000 ? 1 : 2,
        said: `gc.get_threshold() → ${py.gc.getThreshold().join(", ")}\nlists until the first collection: ${made}\nthreshold of the youngest generation: ${threshold}`,
      };
    },
  },
  "objects.weakref": {
    text: "Inside __del__, during a collection of CPython 3.13, a program asks a weak reference to its own object. Does it get the object?",
    options: ["Yes", "No, it gets None"],
    answer: () => ({ right: insideDel("3.13") ? 0 : 1, said: ["3.13", "3.15"].map(weakrefLine).join("\n") }),
  },
};

const weakrefLine = (version: string) =>
  `CPython ${version}: inside __del__ the weak reference gives ${insideDel(version) ? "the object" : "None"}`;

/** Whether a weak reference to an object in a cycle is alive while its finalizer runs. */
function insideDel(version: string): boolean {
  const py = create(version);
  let isThere = false;
  let ref: ObjectAddress | undefined;
  const Node = py.classes.new({
    name: "Node",
    methods: {
      __del__: () => {
        isThere = py.weakrefs.get(ref!) !== 0;
      },
    },
  });
  const o = py.instances.new(Node);
  py.instances.setAttribute(o, "me", o);
  ref = py.weakrefs.new(o);
  py.decref(o);
  py.gc.collect();
  return isThere;
}

export const experiments: Readonly<Record<string, Experiment>> = {
  "objects.finalizers": {
    title: "Finalizers",
    buttons: [
      { label: "Collect a ring of two", run: () => ringText(false) },
      { label: "Collect it twice, with a resurrection", run: () => ringText(true) },
    ],
  },
};

function ringText(resurrects: boolean): string {
  const py = create();
  const { order, a, b } = finalizedRing(py, resurrects);
  py.decref(a);
  py.decref(b);
  const first = py.gc.collect();
  const lines = [
    `gc.collect() → ${first}; finalizers ran: ${order.join(", ")}`,
    `A is ${py.isObject(a) ? "alive" : "gone"}`,
  ];
  if (!resurrects) return lines.join("\n");
  const ran = order.length;
  const second = py.gc.collect();
  return [...lines, `gc.collect() → ${second}; finalizers that ran again: ${order.length - ran}`].join("\n");
}
