// `obmalloc demo refcount`: what adds a reference, what takes one away, and what happens at zero.

import { formatAddress, type ObjectAddress, type Profile } from "@obmalloc/abi";
import type { Objects } from "@obmalloc/objects";
import { formatCount } from "../../shared/units.ts";
import type { DemoContext, DemoStep } from "../demo.ts";
import { giveItem, setUp } from "./setting.ts";

const NESTED = 200_000;

export function* refcountDemo({ profile }: DemoContext): Generator<DemoStep> {
  const { py } = setUp(profile);
  const shown = (what: string, o: ObjectAddress) => `${what.padEnd(34)} count ${py.refcount(o)}`;

  const x = py.lists.new();
  const lines = [shown("x = []", x)];
  py.incref(x);
  lines.push(shown("y = x", x));
  const holder = py.lists.of([x, x]);
  lines.push(shown("z = [x, x]", x));
  py.decref(x);
  lines.push(shown("del y", x));
  py.decref(holder);
  lines.push(shown("del z", x));
  yield {
    title: "Every name and every place in a container counts",
    text:
      `The count is the first word of the object, at ${formatAddress(x)}. sys.getrefcount shows one more: while it looks, its ` +
      "own argument is a reference too.",
    lines,
  };

  const tuple = py.tuples.new(1);
  const item = py.floats.new(2.5);
  const steps = [shown("item = PyFloat_FromDouble(2.5)", item)];
  py.tuples.setItem(tuple, 0, item);
  steps.push(shown("PyTuple_SetItem(t, 0, item)", item));
  py.tuples.getItem(tuple, 0);
  steps.push(shown("PyTuple_GetItem(t, 0)", item));
  py.lists.append(x, item);
  steps.push(shown("PyList_Append(x, item)", item));
  yield {
    title: "New, stolen, borrowed",
    text:
      "In C it is written down for each function who owns a reference. PyTuple_SetItem steals the one that it is given, " +
      "PyTuple_GetItem lends one without counting it, PyList_Append adds one of its own.",
    lines: steps,
  };
  yield death(py);
  yield immortality(py, profile);
  yield trashcan(py, profile);
}

function death(py: Objects): DemoStep {
  const log: string[] = [];
  const Loud = py.classes.new({
    name: "Loud",
    methods: {
      __del__: (self: ObjectAddress) => {
        const name = py.instances.getAttribute(self, "name");
        log.push(py.strings.value(name));
        py.decref(name);
      },
    },
  });
  const loud = (name: string, ...held: ObjectAddress[]) => {
    const o = py.instances.new(Loud);
    py.instances.setAttribute(o, "name", py.strings.new(name));
    const list = py.lists.new();
    for (const one of held) giveItem(py, list, one);
    py.instances.setAttribute(o, "held", list);
    py.decref(list);
    return o;
  };
  const root = loud("root", loud("left", loud("leaf")), loud("right"));
  py.decref(root);
  return {
    title: "At zero it dies at once, and then what only it held",
    text: "root holds left and right, left holds leaf. Dropping root is enough; a list drops its items from the end.",
    lines: [`__del__ in this order: ${log.join(", ")}`],
  };
}

function immortality(py: Objects, profile: Profile): DemoStep {
  const immortal = profile.objects.immortality;
  const none = py.singletons.none;
  const one = py.ints.new(1);
  const before = [py.refcount(none), py.refcount(one)];
  for (let i = 0; i < 1000; i++) {
    py.incref(none);
    py.incref(one);
  }
  const after = [py.refcount(none), py.refcount(one)];
  return {
    title: immortal === undefined ? "None and 1 are counted like anything else" : "Some objects are immortal",
    text:
      immortal === undefined
        ? `Up to 3.11 every use of None changes its count. From 3.12 on, objects like it are immortal: nobody writes there any more.`
        : "A count above a threshold stands for: never. Neither incref nor decref writes to it, which keeps memory pages " +
          "that processes share from being copied.",
    lines: [
      `None: ${before[0]} before, ${after[0]} after 1,000 increfs`,
      `1:    ${before[1]} before, ${after[1]} after 1,000 increfs`,
    ],
  };
}

function trashcan(py: Objects, profile: Profile): DemoStep {
  let nested = py.lists.new();
  for (let i = 1; i < NESTED; i++) {
    const outer = py.lists.new();
    giveItem(py, outer, nested);
    nested = outer;
  }
  const { kind } = profile.objects.trashcan;
  const alive = py.gc.getObjects().length;
  py.decref(nested);
  return {
    title: `${formatCount(NESTED)} lists, each in the next`,
    text:
      "Dropping the outermost drops the next, and so on: in C each would be a nested call. The trashcan lets objects wait " +
      (kind === "nesting"
        ? "once deallocations are nested 50 deep, and goes on when the stack has unwound."
        : "once little of C's stack is left, and goes on when there is enough again."),
    lines: [`${formatCount(alive - py.gc.getObjects().length)} lists died of one decref`],
  };
}
