// At which lengths containers take another room: every figure of the captured file against the containers here.
import type { ObjectAddress } from "@obmalloc/abi";
import { describe, expect, it } from "vitest";
import { createObjects, type Objects } from "../../src/index.ts";
import { interpreters } from "./interpreters.ts";
import { filledDict } from "./size-makers.ts";

const A_FEW = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 16, 17, 20, 100];

/** The containers that the captured script grows, grown in the same way. */
class Grower {
  readonly py: Objects;
  private readonly numbers: readonly ObjectAddress[];
  private readonly emptyList: number;

  constructor(py: Objects) {
    this.py = py;
    this.numbers = Array.from({ length: 2000 }, (_, i) => py.ints.new(i));
    this.emptyList = py.getsizeof(py.lists.new());
  }

  /** Does something `count` times, and notes the figure that `note` gives whenever the size has changed. */
  *resizes(count: number, o: ObjectAddress, step: (i: number) => void, note: () => unknown): Generator {
    let previous = this.py.getsizeof(o);
    for (let i = 0; i < count; i++) {
      step(i);
      const size = this.py.getsizeof(o);
      if (size !== previous) yield note();
      previous = size;
    }
  }

  items(count: number): readonly ObjectAddress[] {
    return this.numbers.slice(0, count);
  }

  /** New references, as an iterator gives them. */
  *owned(count: number): Generator<ObjectAddress> {
    for (const item of this.items(count)) {
      this.py.incref(item);
      yield item;
    }
  }

  /** `list(range(n))` */
  listOfRange(count: number): ObjectAddress {
    return this.py.lists.from({ kind: "iterator", items: this.owned(count), length: count, sized: true });
  }

  listOf(count: number): ObjectAddress {
    return count === 0 ? this.py.lists.new() : this.listOfRange(count);
  }

  /** Items that a list has room for. */
  room(o: ObjectAddress): number {
    return (this.py.getsizeof(o) - this.emptyList) / this.py.profile.model.pointerBytes;
  }

  appended(): unknown {
    const { py } = this;
    const o = py.lists.new();
    const note = () => [py.lists.length(o), this.room(o)];
    return [...this.resizes(2000, o, (i) => py.lists.append(o, this.numbers[i]!), note)];
  }

  popped(): unknown {
    const { py } = this;
    const o = py.lists.repeat(this.items(1000));
    const note = () => [py.lists.length(o), this.room(o)];
    return [...this.resizes(1000, o, () => py.decref(py.lists.pop(o)), note)];
  }

  extended(a: number, b: number): number {
    const { py } = this;
    const o = this.listOf(a);
    py.lists.extend(o, { kind: "sequence", items: this.items(b) });
    return this.room(o);
  }

  assigned(a: number, b: number): number {
    const o = this.listOf(a);
    this.py.lists.assignAtEnd(o, this.items(b));
    return this.room(o);
  }

  inserted(count: number): number {
    const o = this.py.lists.new();
    for (const item of this.items(count)) this.py.lists.insert(o, 0, item);
    return this.room(o);
  }

  fromGenerator(count: number): number {
    return this.room(this.py.lists.from({ kind: "iterator", items: this.owned(count) }));
  }

  comprehended(count: number): number {
    const o = this.py.lists.new();
    for (const item of this.items(count)) this.py.lists.append(o, item);
    return this.room(o);
  }

  /** `sorted(x)` extends an empty list, without asking for the length first as `list(x)` does. */
  sorted(count: number): number {
    const o = this.py.lists.new();
    this.py.lists.extend(o, { kind: "iterator", items: this.owned(count), length: count });
    return this.room(o);
  }

  copied(): number[] {
    const { lists } = this.py;
    const five = this.items(5);
    const one = this.items(1);
    return [lists.repeat(five), lists.repeat(five), lists.repeat(one, 5), lists.repeat(five)].map((o) =>
      this.room(o),
    );
  }

  cleared(): number {
    const o = this.py.lists.literal(this.items(3));
    this.py.lists.clear(o);
    return this.room(o);
  }

  dict(key: (i: number) => ObjectAddress): unknown {
    const { py } = this;
    const o = py.dicts.new();
    const note = () => [py.dicts.length(o), py.getsizeof(o)];
    const one = this.numbers[1]!;
    const step = (i: number) => py.dicts.setItem(o, key(i), one);
    return [[0, py.getsizeof(o)], ...this.resizes(3000, o, step, note)];
  }

  dictAfterDeletes(): unknown {
    const { py } = this;
    const o = filledDict(py, 1000, (i) => py.ints.new(i));
    for (let i = 0; i < 995; i++) py.dicts.deleteItem(o, py.ints.new(i));
    const note = () => [py.dicts.length(o), py.getsizeof(o)];
    const step = (i: number) => py.dicts.setItem(o, py.ints.new(2000 + i), this.numbers[1]!);
    return [...this.resizes(1500, o, step, note)];
  }

  set(): unknown {
    const { py } = this;
    const o = py.sets.new();
    const note = () => [py.sets.length(o), py.getsizeof(o)];
    return [...this.resizes(100_000, o, (i) => py.sets.add(o, py.ints.new(i)), note)];
  }

  byteArrayRoom(o: ObjectAddress): number {
    return this.py.getsizeof(o) - this.py.getsizeof(this.py.bytes.newArray(new Uint8Array(0)));
  }

  byteArrayAppended(): unknown {
    const { py } = this;
    const o = py.bytes.newArray(new Uint8Array(0));
    const note = () => [py.bytes.arrayLength(o), this.byteArrayRoom(o)];
    return [...this.resizes(2000, o, () => py.bytes.append(o, 1), note)];
  }

  byteArrayPopped(): unknown {
    const { py } = this;
    const o = py.bytes.newArray(new Uint8Array(1000));
    const note = () => [py.bytes.arrayLength(o), this.byteArrayRoom(o)];
    return [[1000, this.byteArrayRoom(o)], ...this.resizes(1000, o, () => py.bytes.pop(o), note)];
  }

  byteArrayExtended(a: number, n: number): number {
    const o = this.py.bytes.newArray(new Uint8Array(a));
    this.py.bytes.extend(o, new Uint8Array(n));
    return this.byteArrayRoom(o);
  }
}

const each = (counts: readonly number[], f: (n: number) => number) => counts.map((n) => [n, f(n)]);
const pairs = (as: readonly number[], bs: readonly number[], f: (a: number, b: number) => number) =>
  as.flatMap((a) => bs.map((b) => [a, b, f(a, b)]));

/** All that the captured file has, by its names. */
function measure(py: Objects): Record<string, unknown> {
  const g = new Grower(py);
  const lengths = [1, 7, 8, 9, 12, 13, 100];
  const byteArray = pairs([0, 1, 8, 100], lengths, (a, n) => g.byteArrayExtended(a, n));
  return {
    "list.append (len_when_resized, allocated)": g.appended(),
    "list.pop shrink (len, allocated)": g.popped(),
    "list.extend: [a items from list(range(a))] + b -> allocated": pairs(
      [0, 1, 2, 3, 4, 8, 16],
      [0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 100],
      (a, b) => g.extended(a, b),
    ),
    "list slice-assign at end a,b -> allocated": pairs(
      [0, 1, 4, 8],
      [1, 2, 3, 4, 5, 8, 9, 16, 17, 100],
      (a, b) => g.assigned(a, b),
    ),
    "list.insert n -> allocated": each([1, 4, 5, 8, 9, 16, 17, 24, 25], (n) => g.inserted(n)),
    "list from generator n -> allocated": each(A_FEW, (n) => g.fromGenerator(n)),
    "list from range n -> allocated": each(A_FEW, (n) => g.room(g.listOfRange(n))),
    "list comprehension n -> allocated": each(A_FEW, (n) => g.comprehended(n)),
    "list sorted(range n) -> allocated": each(A_FEW.slice(0, 12), (n) => g.sorted(n)),
    "list copy / slice / mul / concat 5 -> allocated": g.copied(),
    "list.clear -> allocated": g.cleared(),
    "dict int keys (len,sizeof)": g.dict((i) => py.ints.new(i)),
    "dict str keys (len,sizeof)": g.dict((i) => py.strings.new(`k${i}`)),
    "dict after 995 deletes of 1000, then inserts (len,sizeof)": g.dictAfterDeletes(),
    "set.add (len,sizeof)": g.set(),
    "bytearray.append (len,alloc)": g.byteArrayAppended(),
    "bytearray.pop (len,alloc)": g.byteArrayPopped(),
    "bytearray(a)+extend n (a,n,alloc)": byteArray,
    "bytearray(a)+= n (a,n,alloc)": byteArray,
  };
}

describe.each(interpreters)("containers of $name", ({ profile, growth }) => {
  it("are resized at the same lengths and to the same room as CPython's, all of them", () => {
    const py = createObjects({ profile });
    py.gc.disable();
    expect(measure(py)).toEqual(Object.fromEntries(growth));
  });
});
