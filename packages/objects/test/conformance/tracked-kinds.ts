// One object of each kind that the captured script asked about, and whether the collector knows it.

import type { ObjectAddress } from "@obmalloc/abi";
import type { Objects } from "../../src/index.ts";

/** Whether each is tracked, by the script's names. */
export function trackedKinds(py: Objects): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  const see = (name: string, o: ObjectAddress) => found.set(name, py.gc.isTracked(o));
  tuples(py, see);
  dicts(py, see);
  others(py, see);
  return found;
}

type See = (name: string, o: ObjectAddress) => void;

/** `tuple([...])`: the items go through a list, and the tuple is made of them at once. */
function tuples(py: Objects, see: See): void {
  const [one, two] = [py.ints.new(1), py.ints.new(2)];
  see("()", py.tuples.of([]));
  see("(1,)", py.tuples.of([one]));
  const atoms = py.tuples.of([one, py.floats.new(2), py.strings.new("a")]);
  see("tuple atoms before", atoms);
  py.gc.collect();
  see("tuple atoms after collect", atoms);
  see("tuple of list", py.tuples.of([py.lists.new()]));
  const pairOf = (inner: ObjectAddress) => {
    const outer = py.tuples.of([inner, two]);
    py.decref(inner);
    return outer;
  };
  const nested = pairOf(py.tuples.of([one]));
  see("nested atoms tuple before", nested);
  py.gc.collect();
  see("nested after 1", nested);
  py.gc.collect();
  see("nested after 2", nested);
  const young = pairOf(py.tuples.of([one, two]));
  py.gc.collect(0);
  see("nested after collect(0)", young);
}

function dicts(py: Objects, see: See): void {
  const one = py.ints.new(1);
  const a = py.strings.new("a");
  const dict = py.dicts.new();
  see("{}", dict);
  py.dicts.setItem(dict, a, one);
  for (const name of ["{'a':1}", "dict set atom"]) see(name, dict);
  py.dicts.setItem(dict, a, py.lists.new());
  see("dict set list", dict);
  py.dicts.setItem(dict, a, one);
  py.gc.collect();
  see("dict back to atom after collect", dict);
  const withTuple = py.dicts.new();
  const constants = py.tuples.of([one, one]);
  py.gc.collect(); // constants of a code object were collected before
  py.dicts.setItem(withTuple, a, constants);
  see("dict with tuple value", withTuple);
  py.gc.collect();
  see("dict with tuple value after collect", withTuple);
  const called = py.dicts.call();
  py.dicts.setItem(called, a, one);
  for (const name of ["dict(a=1)", "dict(zip)"]) see(name, called);
  const numbers = py.dicts.new();
  py.dicts.setItem(numbers, one, one);
  see("{1:1}.copy", py.dicts.copy(numbers));
  see("dictcomp", numbers);
}

function others(py: Objects, see: See): void {
  const { builtin } = py.core.types;
  const one = py.ints.new(1);
  const f = py.functions.new({ name: "f" });
  const C = py.classes.new({ name: "C" });
  const withOne = py.instances.new(C);
  py.instances.setAttribute(withOne, "a", one);
  const slotted = (slots: readonly string[]) => py.instances.new(py.classes.new({ name: "CS", slots }));
  const kinds: Readonly<Record<string, ObjectAddress>> = {
    "[]": py.lists.new(),
    "set()": py.sets.new(),
    "frozenset()": py.sets.newFrozen([]),
    "frozenset atoms": py.sets.newFrozen([one]),
    f,
    C,
    "C()": py.instances.new(C),
    "CS()": slotted([]),
    "CS2()": slotted(["a", "b"]),
    "object()": py.instances.new(builtin.object),
    "C().__dict__": py.instances.dict(py.instances.new(C)),
    "inst dict 1": py.instances.dict(withOne),
    "CI(1)": py.ints.newOfClass(py.classes.new({ name: "CI", bases: [builtin.int] }), 1),
    "1": one,
    weakref: py.weakrefs.new(C),
    "iter(list)": py.iterators.of(py.lists.new()),
    range: py.fields.new("range", {}),
    slice: py.fields.new("slice", {}),
    cell: py.functions.newCell(one),
    method: py.functions.newMethod(f, one),
    "builtin len": py.functions.newBuiltin("len", () => {}),
    "[].append": py.functions.newBuiltin("append", () => {}, py.lists.new()),
    exc: py.fields.new("Exception", {}),
    bytearray: py.bytes.newArray(new Uint8Array(0)),
    memoryview: py.fields.new("memoryview", {}, { ob_size: 3 }),
    code: py.functions.codeOf(f),
    gen: py.generators.new({ name: "gen" }),
    module: py.fields.new("module", {}),
    namespace: py.fields.new("SimpleNamespace", {}),
  };
  for (const [name, o] of Object.entries(kinds)) see(name, o);
  seeFrame(py, see);
}

/** `sys._getframe()`: the frame of a function that runs. */
function seeFrame(py: Objects, see: See): void {
  const { objects } = py.frames;
  const fn = py.functions.new({
    name: "f",
    body: () => {
      if (objects !== undefined) see("frame", objects.ofInnermost());
    },
  });
  py.decref(py.calls.call(fn, []));
  if (objects !== undefined) return;
  see("frame", py.frames.new({ code: py.functions.codeOf(fn), globals: 0, builtins: 0, locals: [] }));
}
