// What a record of three numbers is made of, field by field, and what one touch of __dict__ does to it.

import { profileFor } from "@obmalloc/abi";
import { createDomains } from "@obmalloc/domains";
import { type Objects, objectsOver } from "@obmalloc/objects";
import {
  type Cell,
  type Experiment,
  type Frame,
  hex,
  type Question,
  type Region,
  type Scene,
} from "./scene.ts";

const KEYS = ["x", "y", "z"];

type Address = ReturnType<Objects["tuples"]["of"]>;

interface Runtime {
  readonly py: Objects;
  /** Bytes of all live blocks in pools, so that what lies beside an object is seen, too. */
  blockBytes(): number;
}

function create(version = "3.13"): Runtime {
  const memory = createDomains({ profile: profileFor(version), maxBytes: 256 << 20 });
  const py = objectsOver(memory);
  py.gc.disable();
  const blockBytes = () =>
    memory.pymalloc.inspect().arenas.reduce((sum, { liveBytes }) => sum + liveBytes, 0);
  return { py, blockBytes };
}

const numbers = (py: Objects) => [1, 2, 3].map((value) => py.ints.new(value));

/** Each way to keep three numbers together; a class is made before, and not counted. */
const KINDS: Readonly<Record<string, (py: Objects) => () => Address>> = {
  "(1, 2, 3)": (py) => () => py.tuples.of(numbers(py)),
  "instance with __slots__": (py) => filled(py, py.classes.new({ name: "Slotted", slots: KEYS })),
  instance: (py) => filled(py, py.classes.new({ name: "Plain" })),
  "[1, 2, 3]": (py) => () => py.lists.literal(numbers(py)),
  "{'x': 1, 'y': 2, 'z': 3}": (py) => () => {
    const dict = py.dicts.new();
    for (const [index, key] of KEYS.entries())
      py.dicts.setItem(dict, py.strings.name(key), numbers(py)[index]!);
    return dict;
  },
};

function filled(py: Objects, type: Address): () => Address {
  const make = () => {
    const o = py.instances.new(type);
    for (const [index, key] of KEYS.entries()) py.instances.setAttribute(o, key, numbers(py)[index]!);
    return o;
  };
  py.decref(make()); // what a class makes for its first instance is not a record's
  return make;
}

/** Bytes of blocks for each of many records: what they really cost. */
function costOf(name: string, version?: string): number {
  const { py, blockBytes } = create(version);
  const make = KINDS[name]!(py);
  const COUNT = 1000;
  for (let index = 0; index < COUNT; index++) make(); // what is made only once is made now
  const before = blockBytes();
  for (let index = 0; index < COUNT; index++) make();
  return (blockBytes() - before) / COUNT;
}

function* layouts(): Generator<Frame> {
  for (const name of Object.keys(KINDS)) {
    const { py } = create();
    const o = KINDS[name]!(py)();
    const { fields, sizeBytes } = py.inspect(o);
    const cells = fields.map(
      (field): Cell => ({
        address: field.address,
        sizeBytes: field.sizeBytes,
        kind: field.address < o + 16 ? "header" : "used",
        label: field.name,
      }),
    );
    const region: Region = {
      title: `${name} at ${hex(o)}`,
      address: cells[0]!.address,
      bytesPerRow: 48,
      cells: gapless(cells),
    };
    yield {
      call: name,
      text: `The fields of the object itself: the collector's head if it has one, the count and the type, then what is its own. ${outside(name)}`,
      regions: [region],
      figures: [
        ["sys.getsizeof", `${sizeBytes} bytes`],
        ["blocks in pools, each", `${costOf(name)} bytes`],
      ],
    };
  }
}

const outside = (name: string): string =>
  name.startsWith("[")
    ? "The items are in a block of their own."
    : name.startsWith("{")
      ? "The table of keys and values is in a block of its own."
      : name === "instance"
        ? "The attributes lie behind it (3.13), and sys.getsizeof does not count them."
        : "Nothing lies outside.";

/** With what C's compiler leaves free between two fields. */
function gapless(cells: readonly Cell[]): Cell[] {
  return cells.flatMap((cell, index) => {
    const end = cell.address + cell.sizeBytes;
    const next = cells[index + 1]?.address ?? end;
    if (next <= end) return [cell];
    return [cell, { address: end, sizeBytes: next - end, kind: "fresh", label: "gap" } as const];
  });
}

export const scenes: Readonly<Record<string, Scene>> = {
  "records.layout": { title: "Five ways to keep three numbers, CPython 3.13", run: layouts },
};

const OPTIONS = ["(1, 2, 3)", "instance", "{'x': 1, 'y': 2, 'z': 3}"] as const;

export const questions: Readonly<Record<string, Question>> = {
  "records.smallest": {
    text: "A thousand records of three small numbers, CPython 3.13, every block counted. Which costs least for each?",
    options: OPTIONS,
    answer() {
      const costs = OPTIONS.map((name) => costOf(name));
      return {
        right: costs.indexOf(Math.min(...costs)),
        said: OPTIONS.map((name, index) => `${name.padEnd(26)} ${costs[index]} bytes of blocks`).join("\n"),
      };
    },
  },
};

/** One record, before and after somebody looked at its __dict__. */
function touched(version: string): string {
  const { py, blockBytes } = create(version);
  const o = KINDS.instance!(py)();
  const before = blockBytes();
  py.instances.dict(o);
  return `CPython ${version}\nsys.getsizeof(o): ${py.getsizeof(o)}\nblocks that o.__dict__ added: ${blockBytes() - before} bytes`;
}

export const experiments: Readonly<Record<string, Experiment>> = {
  "records.touch": {
    title: "Break it: look at o.__dict__ once",
    buttons: ["3.8", "3.11", "3.13"].map((version) => ({
      label: `CPython ${version}`,
      run: () => touched(version),
    })),
  },
};
