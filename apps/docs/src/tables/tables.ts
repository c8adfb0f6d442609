// Tables that the engine computes while the site is built.

import { maxPoolsInArena, profileFor, profiles } from "@obmalloc/abi";
import { createObjects, type Objects } from "@obmalloc/objects";

export interface Table {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const VERSIONS = ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"] as const;

const runtime = (version: string): Objects =>
  createObjects({ profile: profileFor(version), maxBytes: 256 << 20 });

/** Lengths at which a list takes another buffer while it is appended to, and its room then. */
function listGrowth(): Table {
  const rows = (["3.8", "3.13"] as const).map((version) => {
    const py = runtime(version);
    const list = py.lists.new();
    const item = py.ints.new(1);
    const rooms: number[] = [];
    for (let length = 0; length < 100; length++) {
      py.lists.append(list, item);
      const room = py.lists.allocatedOf(list);
      if (room !== rooms.at(-1)) rooms.push(room);
    }
    return [`CPython ${version}`, rooms.join(", ")];
  });
  return {
    caption: "Room of a list, in items, while 100 are appended one by one",
    columns: ["version", "room"],
    rows,
  };
}

/** `sys.getsizeof` of a dict as it is filled. */
function dictGrowth(): Table {
  const py = runtime("3.13");
  const dict = py.dicts.new();
  const rows: string[][] = [];
  let before = -1;
  for (let length = 0; length <= 90; length++) {
    const sizeBytes = py.getsizeof(dict);
    if (sizeBytes !== before) rows.push([String(length), String(sizeBytes)]);
    before = sizeBytes;
    py.dicts.setItem(dict, py.ints.new(1000 + length), py.ints.new(1));
  }
  return {
    caption: "sys.getsizeof of a dict with int keys, CPython 3.13",
    columns: ["items", "bytes"],
    rows,
  };
}

const OBJECTS: readonly (readonly [name: string, make: (py: Objects) => number])[] = [
  ["0", (py) => py.getsizeof(py.ints.new(0))],
  ["1", (py) => py.getsizeof(py.ints.new(1))],
  ["2 ** 30", (py) => py.getsizeof(py.ints.new(2 ** 30))],
  ["0.5", (py) => py.getsizeof(py.floats.new(0.5))],
  ["''", (py) => py.getsizeof(py.strings.new(""))],
  ["'abcdefghij'", (py) => py.getsizeof(py.strings.new("abcdefghij"))],
  ["()", (py) => py.getsizeof(py.tuples.of([]))],
  ["(1, 2, 3)", (py) => py.getsizeof(py.tuples.of(numbers(py)))],
  ["[]", (py) => py.getsizeof(py.lists.new())],
  ["[1, 2, 3]", (py) => py.getsizeof(py.lists.literal(numbers(py)))],
  ["set()", (py) => py.getsizeof(py.sets.new([]))],
  ["{1, 2, 3, 4, 5}", (py) => py.getsizeof(py.sets.new([...numbers(py), py.ints.new(4), py.ints.new(5)]))],
  ["instance", (py) => py.getsizeof(py.instances.new(py.classes.new({ name: "C" })))],
  [
    "instance, two slots",
    (py) => py.getsizeof(py.instances.new(py.classes.new({ name: "S", slots: ["a", "b"] }))),
  ],
];

const numbers = (py: Objects) => [1, 2, 3].map((n) => py.ints.new(n));

function sizes(): Table {
  const runtimes = VERSIONS.map(runtime);
  const rows = OBJECTS.map(([name, make]) => [name, ...runtimes.map((py) => String(make(py)))]);
  return { caption: "sys.getsizeof in bytes, 64 bits", columns: ["object", ...VERSIONS], rows };
}

/** Bytes per record of three numbers, by what `sys.getsizeof` adds up to. */
function records(): Table {
  const py = runtime("3.13");
  const keys = ["x", "y", "z"];
  const Plain = py.classes.new({ name: "Plain" });
  const Slotted = py.classes.new({ name: "Slotted", slots: keys });
  const dict = py.dicts.new();
  for (const [index, key] of keys.entries())
    py.dicts.setItem(dict, py.strings.name(key), numbers(py)[index]!);
  const filled = (type: typeof Plain) => {
    const o = py.instances.new(type);
    for (const [index, key] of keys.entries()) py.instances.setAttribute(o, key, numbers(py)[index]!);
    return o;
  };
  const made = [
    ["(1, 2, 3)", py.tuples.of(numbers(py))],
    ["instance with __slots__", filled(Slotted)],
    ["instance", filled(Plain)],
    ["[1, 2, 3]", py.lists.literal(numbers(py))],
    ["{'x': 1, 'y': 2, 'z': 3}", dict],
  ] as const;
  return {
    caption: "One record of three numbers, CPython 3.13; the numbers themselves are not counted",
    columns: ["record", "sys.getsizeof"],
    rows: made.map(([name, o]) => [name, String(py.getsizeof(o))]),
  };
}

/** What the profiles say about pymalloc, version by version. */
function versions(): Table {
  const rows = profiles.map((profile) => {
    const { arenaBytes, poolBytes, alignmentBytes, arenaLookup, emptyArenas, usableArenasOrder } =
      profile.pymalloc;
    const lookup = arenaLookup.kind === "index" ? "index in the pool's head" : "radix tree";
    const bits = profile.model.pointerBytes * 8;
    const numbersOf = [arenaBytes, poolBytes, maxPoolsInArena(profile), alignmentBytes].map(String);
    return [profile.version, String(bits), ...numbersOf, lookup, emptyArenas, usableArenasOrder];
  });
  const columns = [
    "version",
    "bits",
    "arena",
    "pool",
    "pools",
    "alignment",
    "is it ours?",
    "empty arenas",
    "order of arenas",
  ];
  return { caption: "pymalloc by version, sizes in bytes", columns, rows };
}

function collectors(): Table {
  const rows = VERSIONS.map((version) => {
    const py = runtime(version);
    const { gc } = py.profile.objects;
    return [
      version,
      py.gc.getThreshold().join(", "),
      gc.trigger === "allocation" ? "in the allocation" : "between two bytecodes",
    ];
  });
  return { caption: "The collector by version", columns: ["version", "thresholds", "when it runs"], rows };
}

export const tables: Readonly<Record<string, () => Table>> = {
  "list-growth": listGrowth,
  "dict-growth": dictGrowth,
  sizes,
  records,
  versions,
  collectors,
};
