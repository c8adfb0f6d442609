// The objects that the captured script measures, made here in the same order: the order shows, because each new instance
// of a class takes away a place of the keys that its instances share.
import type { ObjectAddress } from "@obmalloc/abi";
import type { Objects } from "../../src/index.ts";
import type { Compiled } from "./interpreters.ts";

const BITS_PER_DIGIT = 30n;

/** Sizes by the path of names under which they were captured. */
export function measure(py: Objects, compiled: Compiled): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const sized = (key: string, o: ObjectAddress) => found.set(key, py.getsizeof(o));
  numbers(py, found, sized);
  strings(py, sized);
  containers(py, sized);
  const classes = makeClasses(py);
  functions(py, compiled, found, sized, classes.C);
  instances(py, sized, classes);
  attributes(py, sized, classes.C);
  others(py, sized, classes.C);
  typeLayouts(py, found, classes);
  return found;
}

type Sized = (key: string, o: ObjectAddress) => void;

function numbers(py: Objects, found: Map<string, unknown>, sized: Sized): void {
  found.set("int.bits_per_digit", Number(BITS_PER_DIGIT));
  found.set("int.sizeof_digit", 4);
  for (const n of [0, 1, -1]) sized(`int.${n}`, py.ints.new(n));
  for (let n = 1n; n < 12n; n++) sized(`int.by_digits|${n}`, py.ints.new(1n << (BITS_PER_DIGIT * n - 1n)));
  sized("int.computed_zero", py.ints.new(0));
  sized("bool.True", py.singletons.true);
  sized("bool.False", py.singletons.false);
  sized("float", py.floats.new(1.5));
  sized("complex", py.floats.newComplex(0, 1));
  sized("None", py.singletons.none);
  sized("Ellipsis", py.singletons.ellipsis);
  sized("NotImplemented", py.singletons.notImplemented);
}

function strings(py: Objects, sized: Sized): void {
  for (const n of [0, 1, 2, 3, 7, 8, 10, 100]) {
    sized(`str.ascii|${n}`, py.strings.new("a".repeat(n)));
    if (n === 0) continue;
    sized(`str.latin1|${n}`, py.strings.new("\xe9".repeat(n)));
    sized(`str.ucs2|${n}`, py.strings.new("\u20ac".repeat(n)));
    sized(`str.ucs4|${n}`, py.strings.new("\u{1f600}".repeat(n)));
  }
  for (const n of [0, 1, 2, 8, 100]) {
    sized(`bytes|${n}`, py.bytes.new(new Uint8Array(n).fill(97)));
    sized(`bytearray|${n}`, py.bytes.newArray(new Uint8Array(n)));
  }
}

const ints = (py: Objects, count: number) => Array.from({ length: count }, (_, i) => py.ints.new(i));

/** New references to these, one after the other, as an iterator gives them. */
function* owned(py: Objects, items: readonly ObjectAddress[]): Generator<ObjectAddress> {
  for (const item of items) {
    py.incref(item);
    yield item;
  }
}

function containers(py: Objects, sized: Sized): void {
  for (const n of [0, 1, 2, 3, 10]) sized(`tuple|${n}`, py.tuples.of(ints(py, n)));
  const ten = ints(py, 10);
  const three = ints(py, 4).slice(1);
  const literal = (items: readonly ObjectAddress[]) => py.lists.literal(items);
  const iterator = (length?: number) => ({
    kind: "iterator" as const,
    items: owned(py, ten),
    ...(length !== undefined && { length }),
  });
  sized("list.literal_ctor|[]", literal([]));
  sized("list.literal_ctor|[1]", literal(three.slice(0, 1)));
  sized("list.literal_ctor|[1,2]", literal(three.slice(0, 2)));
  sized("list.literal_ctor|[1,2,3]", literal(three));
  sized("list.literal_ctor|[0]*10", py.lists.repeat(three.slice(0, 1), 10));
  sized("list.literal_ctor|list(range(10))", py.lists.from({ ...iterator(10), sized: true }));
  sized("list.literal_ctor|list((1,2,3))", py.lists.from({ kind: "sequence", items: three }));
  const comprehension = py.lists.new();
  for (const item of ten) py.lists.append(comprehension, item);
  sized("list.literal_ctor|[i for i in range(10)]", comprehension);
  sized("list.literal_ctor|list([])", py.lists.from({ kind: "sequence", items: [] }));
  sized("list.literal_ctor|list(iter(range(10)))", py.lists.from(iterator(10)));
  sized("list.literal_ctor|list(x for x in range(10))", py.lists.from(iterator()));
  dicts(py, sized);
  sets(py, sized);
}

/** `d[key(i)] = i` for so many. */
export function filledDict(py: Objects, count: number, key: (i: number) => ObjectAddress): ObjectAddress {
  const d = py.dicts.new();
  for (let i = 0; i < count; i++) py.dicts.setItem(d, key(i), py.ints.new(i));
  return d;
}

function dicts(py: Objects, sized: Sized): void {
  const intKey = (i: number) => py.ints.new(i);
  const textKey = (i: number) => py.strings.new(`k${i}`);
  for (const n of [0, 1, 5, 6, 10, 11, 21, 22, 42, 43, 85, 86, 170, 171, 341, 342, 682, 683, 1365, 1366]) {
    sized(`dict.int_keys|${n}`, filledDict(py, n, intKey));
    if (n <= 342) sized(`dict.str_keys|${n}`, filledDict(py, n, textKey));
  }
  const literal = (names: string[]) => {
    const d = py.dicts.newPresized(names.length, true);
    names.forEach((name, i) => {
      py.dicts.setItem(d, py.strings.name(name), py.ints.new(i));
    });
    return d;
  };
  const one = py.dicts.newPresized(1, false);
  py.dicts.setItem(one, py.ints.new(1), py.ints.new(1));
  sized("dict.literal|{}", py.dicts.new());
  sized("dict.literal|{1:1}", one);
  sized("dict.literal|{'a':1}", literal(["a"]));
  sized("dict.literal|dict()", py.dicts.call());
  const fromKeywords = py.dicts.call();
  py.dicts.update(fromKeywords, literal(["a"]));
  sized("dict.literal|dict(a=1)", fromKeywords);
  sized("dict.literal|literal5str", literal([..."abcde"]));
  sized("dict.literal|literal6str", literal([..."abcdef"]));
  sized("dict.literal|dictcomp10", filledDict(py, 10, intKey));
  const zipped = py.dicts.call();
  for (let i = 0; i < 10; i++) py.dicts.setItem(zipped, intKey(i), intKey(i));
  sized("dict.literal|dict(zip10)", zipped);
  sized("dict.literal|copy of 6", py.dicts.copy(filledDict(py, 6, intKey)));
  sized("dict.literal|dict.fromkeys(range(10))", filledDict(py, 10, intKey));
}

function sets(py: Objects, sized: Sized): void {
  for (const n of [0, 1, 4, 5, 18, 19, 20, 76, 77, 78, 307, 308, 1228, 1229]) {
    sized(`set|${n}`, py.sets.new(ints(py, n)));
  }
  for (const n of [0, 1, 4, 5, 10, 18, 19, 20, 100]) sized(`frozenset|${n}`, py.sets.newFrozen(ints(py, n)));
}

function makeClasses(py: Objects) {
  const { builtin } = py.core.types;
  const make = (name: string, slots?: string[], base: ObjectAddress = builtin.object) =>
    py.classes.new({ name, bases: [base], ...(slots && { slots }) });
  return {
    C: make("C"),
    CS: make("CS", []),
    CS1: make("CS1", ["a"]),
    CS2: make("CS2", ["a", "b"]),
    CSW: make("CSW", ["__weakref__"]),
    CSD: make("CSD", ["__dict__"]),
    CSDW: make("CSDW", ["__dict__", "__weakref__"]),
    CI: make("CI", undefined, builtin.int),
    CL: make("CL", undefined, builtin.list),
    CD: make("CD", undefined, builtin.dict),
    CT: make("CT", undefined, builtin.tuple),
    CE: make("CE", undefined, builtin.Exception),
  };
}
type Classes = ReturnType<typeof makeClasses>;

function functions(
  py: Objects,
  compiled: Compiled,
  found: Map<string, unknown>,
  sized: Sized,
  C: ObjectAddress,
): void {
  const f = py.functions.new({ name: "f", instructionBytes: compiled.f });
  const f3 = py.codes.new({ name: "f3", instructionBytes: compiled.f3, localCount: 5, cellCount: 1 });
  py.instances.new(C); // the script makes one on its way to a bound method
  sized("function", f);
  sized("method", py.functions.newMethod(f, py.ints.new(1)));
  sized(
    "builtin",
    py.functions.newBuiltin("len", () => {}),
  );
  sized(
    "builtin_method",
    py.functions.newBuiltin("append", () => {}, py.lists.new()),
  );
  sized("generator", py.generators.new({ name: "gen", stackSize: compiled.gen }));
  sized("coroutine", py.generators.new({ name: "co", stackSize: compiled.co, kind: "coroutine" }));
  sized("code f", py.functions.codeOf(f));
  sized("code f3", f3);
  sized("cell", py.functions.newCell(py.ints.new(1)));
  const head = py.core.heads.headBytes;
  found.set("frame", py.frames.sizeOf(compiled.frame) + head);
}

function instances(py: Objects, sized: Sized, classes: Classes): void {
  const { builtin } = py.core.types;
  sized("class C", classes.C);
  sized("class with 0 slots", classes.CS);
  sized("class with 2 slots", classes.CS2);
  sized("type", builtin.type);
  sized("object type", builtin.object);
  sized("object()", py.instances.new(builtin.object));
  const made = {
    "instance C": classes.C,
    "instance slots ()": classes.CS,
    "instance slots 1": classes.CS1,
    "instance slots 2": classes.CS2,
    "instance slots weakref": classes.CSW,
    "instance slots dict": classes.CSD,
    "instance slots dict+weakref": classes.CSDW,
    "instance list subclass": classes.CL,
    "instance dict subclass": classes.CD,
    "instance tuple subclass": classes.CT,
    "instance Exception subclass": classes.CE,
  };
  for (const [key, type] of Object.entries(made)) sized(key, py.instances.new(type));
  sized("instance int subclass", py.ints.newOfClass(classes.CI, 1));
  sized("instance Exception", py.fields.new("Exception", {}));
}

function attributes(py: Objects, sized: Sized, C: ObjectAddress): void {
  const one = py.ints.new(1);
  const empty = py.instances.new(C);
  sized("C().__dict__ empty", py.instances.dict(empty));
  py.decref(empty);
  const withOne = py.instances.new(C);
  py.instances.setAttribute(withOne, "a", one);
  sized("C().__dict__ 1 attr", py.instances.dict(withOne));
  py.decref(withOne); // what shares keys alone with its class keeps sharing them when they grow
  const withTen = py.instances.new(C);
  for (let i = 0; i < 10; i++) py.instances.setAttribute(withTen, `z${i}`, py.ints.new(i));
  sized("C().__dict__ 10 attr", py.instances.dict(withTen));
}

function others(py: Objects, sized: Sized, C: ObjectAddress): void {
  sized("weakref.ref", py.weakrefs.new(C));
  const plain = {
    module: "module",
    range: "range",
    slice: "slice",
    property: "property",
    staticmethod: "staticmethod",
    classmethod: "classmethod",
    list_iterator: "list_iterator",
    tuple_iterator: "tuple_iterator",
    dict_keyiterator: "dict_keyiterator",
    set_iterator: "set_iterator",
    str_iterator: "str_iterator",
    "str_iterator nonascii": "str_iterator",
    range_iterator: "range_iterator",
    enumerate: "enumerate",
    zip: "zip",
    map: "map",
    filter: "filter",
    reversed: "reversed",
    dict_keys: "dict_keys",
    dict_values: "dict_values",
    dict_items: "dict_items",
    mappingproxy: "mappingproxy",
    super: "super",
    traceback: "traceback",
    ZeroDivisionError: "Exception",
    SimpleNamespace: "SimpleNamespace",
  } as const;
  for (const [key, name] of Object.entries(plain)) sized(key, py.fields.new(name, {}));
  sized("memoryview", py.fields.new("memoryview", {}, { ob_size: 3 }));
}

function typeLayouts(py: Objects, found: Map<string, unknown>, { C, CS2 }: Classes): void {
  const { types } = py.core;
  const { builtin } = types;
  const shown: Readonly<Record<string, ObjectAddress>> = {
    ...builtin,
    C,
    CS2,
    builtin: builtin.builtin,
    BaseException: builtin.BaseException,
  };
  for (const [name, type] of Object.entries(shown)) {
    const put = (key: string, value: unknown) => found.set(`type_layout|${name}|${key}`, value);
    put("basicsize", types.slot(type, types.basicsize));
    put("itemsize", types.slot(type, types.itemsize));
    put("dictoffset", types.slot(type, types.dictOffset) | 0);
    put("weakrefoffset", types.slot(type, types.weaklistOffset) | 0);
    put("flags", `0x${(types.flags(type) >>> 0).toString(16)}`);
    put("gc", types.isCollectedType(type));
  }
}
