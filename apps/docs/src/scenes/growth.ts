// Free lists above pymalloc, and the room that containers make.

import { objectLayouts, profileFor } from "@obmalloc/abi";
import { createDomains, type Domains } from "@obmalloc/domains";
import { createObjects, type Objects, objectsOver } from "@obmalloc/objects";
import { type Cell, type Experiment, type Frame, hex, type Question, type Scene } from "./scene.ts";

const VERSION = "3.13";
const create = (): Objects => {
  const py = createObjects({ profile: profileFor(VERSION), maxBytes: 256 << 20 });
  py.gc.disable();
  return py;
};

const POINTER_BYTES = 8;

/** Objects, and the domains that they are allocated from. */
function createOver(): { py: Objects; memory: Domains } {
  const memory = createDomains({ profile: profileFor(VERSION), maxBytes: 256 << 20 });
  const py = objectsOver(memory);
  py.gc.disable();
  return { py, memory };
}

/** The buffer of a list: items, and room for more. */
function listFrame(
  { py, memory }: ReturnType<typeof createOver>,
  list: ReturnType<Objects["lists"]["new"]>,
  call: string,
  text: string,
): Frame {
  const { ob_item } = objectLayouts(py.profile).list.offsets;
  const address = memory.linear.u32[(list + ob_item) >>> 2]!;
  const [length, room] = [py.lists.length(list), py.lists.allocatedOf(list)];
  const cells = Array.from(
    { length: room },
    (_, index): Cell => ({
      address: address + index * POINTER_BYTES,
      sizeBytes: POINTER_BYTES,
      kind: index < length ? "used" : "fresh",
      label: index < length ? `[${index}]` : "room",
    }),
  );
  const title = room === 0 ? "No buffer" : `The list's buffer at ${hex(address)}`;
  const figures = [
    ["items", String(length)],
    ["room", String(room)],
    ["sys.getsizeof", String(py.getsizeof(list))],
  ] as const;
  return { call, text, regions: [{ title, address, bytesPerRow: 8 * POINTER_BYTES, cells }], figures };
}

function* appending(): Generator<Frame> {
  const runtime = createOver();
  const { py } = runtime;
  const list = py.lists.new();
  const item = py.ints.new(1);
  const frame = (call: string, text: string) => listFrame(runtime, list, call, text);
  yield frame("items = []", "An empty list has no buffer.");
  let room = 0;
  for (let length = 1; length <= 17; length++) {
    py.lists.append(list, item);
    const now = py.lists.allocatedOf(list);
    const isNew = now !== room;
    if (isNew || length % 4 === 0) {
      const text = isNew
        ? `There was no room: realloc() to room for ${now}, more than is needed now.`
        : "Room is left: the address is written into it, and nothing is allocated.";
      yield frame(`items.append(1): item ${length}`, text);
    }
    room = now;
  }
  while (py.lists.length(list) > 13) py.decref(py.lists.pop(list));
  yield frame("pop() until 13 are left", "With half of the room or more in use the buffer stays as it is.");
  while (py.lists.length(list) > 5) py.decref(py.lists.pop(list));
  yield frame("pop() until 5 are left", "Less than half was in use: a smaller buffer.");
}

export const scenes: Readonly<Record<string, Scene>> = {
  "growth.list": { title: "A list makes room", run: appending },
};

export const questions: Readonly<Record<string, Question>> = {
  "growth.float": {
    text: "x = 1.5; y = 2.5; del x; z = 3.5. Where does the new float lie?",
    options: ["Behind y, in a block that was never used", "Where x was"],
    answer() {
      const { py, memory } = createOver();
      const [x, y] = [py.floats.new(1.5), py.floats.new(2.5)];
      const blocks = () => memory.getAllocatedBlocks();
      const before = blocks();
      py.decref(x);
      const between = blocks();
      const z = py.floats.new(3.5);
      return {
        right: z === x ? 1 : 0,
        said: `x at ${hex(x)}, y at ${hex(y)}\ndel x: pymalloc counts ${before} blocks before and ${between} after: the float went to the free list, not to free()\nz at ${hex(z)}`,
      };
    },
  },
};

/** Bytes of a container that is filled and emptied again, one by one. */
function emptied(fill: (py: Objects) => readonly [full: number, empty: number]): string {
  const [full, empty] = fill(create());
  return `sys.getsizeof with 1,000 items: ${full}\nafter 1,000 deletions:          ${empty}`;
}

const COUNT = 1000;

export const experiments: Readonly<Record<string, Experiment>> = {
  "growth.emptied": {
    title: "Break it: fill with 1,000 items, then delete them one by one",
    buttons: [
      {
        label: "list",
        run: () =>
          emptied((py) => {
            const o = py.lists.new();
            for (let index = 0; index < COUNT; index++) py.lists.append(o, py.ints.new(index));
            const full = py.getsizeof(o);
            for (let index = 0; index < COUNT; index++) py.decref(py.lists.pop(o));
            return [full, py.getsizeof(o)];
          }),
      },
      {
        label: "dict",
        run: () =>
          emptied((py) => {
            const o = py.dicts.new();
            const keys = Array.from({ length: COUNT }, (_, index) => py.ints.new(1000 + index));
            for (const key of keys) py.dicts.setItem(o, key, key);
            const full = py.getsizeof(o);
            for (const key of keys) py.dicts.deleteItem(o, key);
            return [full, py.getsizeof(o)];
          }),
      },
      {
        label: "set",
        run: () =>
          emptied((py) => {
            const keys = Array.from({ length: COUNT }, (_, index) => py.ints.new(1000 + index));
            const o = py.sets.new(keys);
            const full = py.getsizeof(o);
            for (const key of keys) py.sets.discard(o, key);
            return [full, py.getsizeof(o)];
          }),
      },
    ],
  },
};
