// iter() and next() over lists, tuples, dicts, sets and generators.

import { type ObjectAddress, objectAddress, TypeFlag } from "@obmalloc/abi";
import type { BuiltinTypeName } from "../core/builtin-specs.ts";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import type { Dicts } from "./dicts.ts";
import type { FieldObjects } from "./field-objects.ts";
import type { Generators } from "./generators.ts";
import type { Lists } from "./lists.ts";
import type { Sets } from "./sets.ts";
import type { Tuples } from "./tuples.ts";

/** What is iterated over. */
export interface IteratorParts {
  readonly fields: FieldObjects;
  readonly lists: Lists;
  readonly tuples: Tuples;
  readonly dicts: Dicts;
  readonly sets: Sets;
  readonly generators: Generators;
}

/** How one kind of iterator goes on. */
interface Kind {
  /** The field that holds what is iterated over, and the one with the place in it. */
  readonly container: string;
  readonly place: string;
  /** The field with the length that the container had at first; absent for those that may change. */
  readonly used?: string;
  readonly lengthOf: (container: ObjectAddress) => number;
  /** The item at a place or behind it, borrowed, and the next place; undefined at the end. */
  readonly find: (container: ObjectAddress, place: number) => readonly [ObjectAddress, number] | undefined;
}

/**
 * Iterators. They hold what they go over until they have come to its end.
 *
 * @see CPython 3.13 Objects/listobject.c, tupleobject.c, dictobject.c, setobject.c
 */
export class Iterators {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly parts: IteratorParts;
  private readonly kinds: ReadonlyMap<number, Kind>;

  constructor(core: Core, parts: IteratorParts) {
    const { builtin } = core.types;
    this.core = core;
    this.memory = core.ground.memory;
    this.parts = parts;
    const { lists, tuples, dicts, sets } = parts;
    const sequence = (
      lengthOf: Kind["lengthOf"],
      itemAt: (o: ObjectAddress, i: number) => ObjectAddress,
    ): Kind => ({
      container: "it_seq",
      place: "it_index",
      lengthOf,
      find: (o, place) => (place < lengthOf(o) ? [itemAt(o, place), place + 1] : undefined),
    });
    this.kinds = new Map<number, Kind>([
      [
        builtin.list_iterator,
        sequence(
          (o) => lists.length(o),
          (o, i) => lists.getItem(o, i),
        ),
      ],
      [
        builtin.tuple_iterator,
        sequence(
          (o) => tuples.length(o),
          (o, i) => tuples.getItem(o, i),
        ),
      ],
      [
        builtin.dict_keyiterator,
        {
          container: "di_dict",
          place: "di_pos",
          used: "di_used",
          lengthOf: (o) => dicts.length(o),
          find: (o, place) => dicts.keyFrom(o, place),
        },
      ],
      [
        builtin.set_iterator,
        {
          container: "si_set",
          place: "si_pos",
          used: "si_used",
          lengthOf: (o) => sets.length(o),
          find: (o, place) => sets.keyFrom(o, place),
        },
      ],
    ]);
  }

  /**
   * `iter(o)`: a new iterator over a list, tuple, set or the keys of a dict; of a generator or an iterator, that itself.
   *
   * @throws {PythonError} TypeError for what cannot be iterated over here.
   */
  of(o: ObjectAddress): ObjectAddress {
    const { core } = this;
    core.types.checkObject("iter", o);
    const type = core.types.of(o);
    if (this.kinds.has(type) || type === core.types.builtin.generator) {
      core.counts.incref(o);
      return o;
    }
    const name = this.iteratorOf(o, type);
    if (name === undefined) {
      throw new PythonError("TypeError", `'${core.types.nameOf(type)}' object is not iterable`);
    }
    const { container, used, lengthOf } = this.kinds.get(core.types.builtin[name])!;
    const length = lengthOf(o);
    const sizes = used === undefined ? {} : { [used]: length, len: length };
    return this.parts.fields.new(name, { [container]: o }, sizes);
  }

  /**
   * `next(o)`: of an iterator or a generator.
   *
   * @returns a new reference; NULL at the end, from where on the iterator no longer holds what it went over.
   * @throws {PythonError} RuntimeError when a dict or a set has changed its size meanwhile; TypeError for no iterator.
   */
  next(o: ObjectAddress): ObjectAddress {
    const { core } = this;
    core.types.checkObject("next", o);
    const type = core.types.of(o);
    if (type === core.types.builtin.generator) return this.parts.generators.next(o);
    const kind = this.kinds.get(type);
    if (kind === undefined) {
      throw new PythonError("TypeError", `'${core.types.nameOf(type)}' object is not an iterator`);
    }
    const { offsets } = core.types.specs.get(type)!.layout!;
    const holder = o + offsets[kind.container]!;
    const container = objectAddress(this.memory.readWord(holder));
    if (container === 0) return container;
    if (kind.used !== undefined) this.checkUnchanged(kind, container, o + offsets[kind.used]!);
    const place = o + offsets[kind.place]!;
    const found = kind.find(container, this.memory.readSigned(place));
    if (found === undefined) {
      core.counts.replace(holder, 0);
      return objectAddress(0);
    }
    const [item, next] = found;
    this.memory.writeSigned(place, next);
    if (kind.used !== undefined)
      this.memory.writeWord(o + offsets.len!, this.memory.readWord(o + offsets.len!) - 1);
    core.counts.incref(item);
    return item;
  }

  private iteratorOf(o: ObjectAddress, type: number): BuiltinTypeName | undefined {
    const { types } = this.core;
    if (types.has(o, TypeFlag.LIST_SUBCLASS)) return "list_iterator";
    if (types.has(o, TypeFlag.TUPLE_SUBCLASS)) return "tuple_iterator";
    if (types.has(o, TypeFlag.DICT_SUBCLASS)) return "dict_keyiterator";
    const { set, frozenset } = types.builtin;
    return types.isSubtype(type, set) || types.isSubtype(type, frozenset) ? "set_iterator" : undefined;
  }

  /** Refuses a dict or set of another size, from then on for good. */
  private checkUnchanged(kind: Kind, container: ObjectAddress, used: number): void {
    if (kind.lengthOf(container) === this.memory.readSigned(used)) return;
    this.memory.writeSigned(used, -1);
    const what = kind.container === "di_dict" ? "dictionary" : "Set";
    throw new PythonError("RuntimeError", `${what} changed size during iteration`);
  }
}
