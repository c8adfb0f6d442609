// tp_traverse without a callback for each reference: the references of an object are gathered into an array, in the order
// in which C's function visits them, and whoever asked walks that array in a loop of its own.

import { objectAddress } from "@obmalloc/abi";
import { BrokenTypeError } from "./errors.ts";
import type { ObjectMemory } from "./memory.ts";
import type { ObjectIndex } from "./object-index.ts";
import {
  FIRST_FIELDS_FUNCTION,
  FIRST_USER_FUNCTION,
  type FieldTables,
  Traverse,
  type UserFunctions,
} from "./slots.ts";
import type { Ground } from "./state.ts";
import type { TypeObjects } from "./types.ts";

/** Gathers the references of one kind of object, behind the first `count`; returns how many there are then. */
export type Gather = (o: number, count: number) => number;

export class Traversal {
  /** What was gathered last. Replaced when it grows: read it after each {@link gather}. */
  declare found: Uint32Array;
  private readonly gatherers: Gather[] = [];
  private readonly fields: FieldTables;
  private readonly users: UserFunctions;
  private readonly index: ObjectIndex;
  private readonly types: TypeObjects;
  private readonly obType: number;
  private readonly tpTraverse: number;
  private readonly pointerWords: number;
  readonly obSize: number;
  readonly listItems: number;
  readonly tupleItems: number;
  declare private words: Uint32Array;

  constructor(ground: Ground, types: TypeObjects, users: UserFunctions) {
    const { layouts, memory } = ground;
    this.found = new Uint32Array(8192);
    this.fields = types.fields;
    this.users = users;
    this.index = ground.index;
    this.types = types;
    this.obType = types.obType;
    this.tpTraverse = types.traverse;
    this.pointerWords = memory.pointerBytes >>> 2;
    this.obSize = layouts.varObject.offsets.ob_size;
    this.listItems = layouts.list.offsets.ob_item;
    this.tupleItems = layouts.tuple.offsets.ob_item;
    memory.use((grown: ObjectMemory) => {
      this.words = grown.words;
    });
  }

  /** Says how the objects of a traverse function of slots.ts are gathered. */
  register(traverse: number, gather: Gather): void {
    this.gatherers[traverse] = gather;
  }

  /**
   * Writes the references that `o` holds into {@link found}, behind the first `count`.
   *
   * @returns how many there are then.
   * @throws {BrokenTypeError} when a user's traverse function reports what is no object.
   */
  gather(o: number, count: number): number {
    const words = this.words;
    const type = words[(o + this.obType) >>> 2]!;
    const traverse = words[(type + this.tpTraverse) >>> 2]!;
    if (traverse === Traverse.list) {
      return this.pointers(words[(o + this.listItems) >>> 2]!, words[(o + this.obSize) >>> 2]!, count);
    }
    if (traverse === Traverse.tuple)
      return this.pointers(o + this.tupleItems, words[(o + this.obSize) >>> 2]!, count);
    return this.gatherBy(traverse, o, count);
  }

  /** Makes room for `count` references. */
  reserve(count: number): Uint32Array {
    if (count <= this.found.length) return this.found;
    const larger = new Uint32Array(Math.max(count, 2 * this.found.length));
    larger.set(this.found);
    this.found = larger;
    return larger;
  }

  /** Writes the pointers from `address` on that are not NULL, behind the first `count`. */
  pointers(address: number, length: number, count: number): number {
    const words = this.words;
    const found = count + length <= this.found.length ? this.found : this.reserve(count + length);
    const step = this.pointerWords;
    let at = address >>> 2;
    let end = count;
    for (let left = length; left > 0; left--) {
      const referent = words[at]!;
      if (referent !== 0) found[end++] = referent;
      at += step;
    }
    return end;
  }

  /** Writes one reference, unless it is NULL. */
  add(referent: number, count: number): number {
    if (referent === 0) return count;
    this.reserve(count + 1)[count] = referent;
    return count + 1;
  }

  /** What a traverse function gathers, whatever the object's own type says; used for the bases of classes. */
  gatherBy(traverse: number, o: number, count: number): number {
    if (traverse === 0) return count;
    if (traverse >= FIRST_USER_FUNCTION) return this.gatherUser(traverse, o, count);
    if (traverse >= FIRST_FIELDS_FUNCTION)
      return this.gatherFields(traverse - FIRST_FIELDS_FUNCTION, o, count);
    if (traverse === Traverse.list || traverse === Traverse.tuple) {
      const words = this.words;
      const items = traverse === Traverse.list ? words[(o + this.listItems) >>> 2]! : o + this.tupleItems;
      return this.pointers(items, words[(o + this.obSize) >>> 2]!, count);
    }
    return this.gatherers[traverse]!(o, count);
  }

  private gatherFields(row: number, o: number, count: number): number {
    const words = this.words;
    const offsets = this.fields.visits[row]!;
    const found = this.reserve(count + offsets.length);
    let end = count;
    for (let i = 0; i < offsets.length; i++) {
      const referent = words[(o + offsets[i]!) >>> 2]!;
      if (referent !== 0) found[end++] = referent;
    }
    return end;
  }

  private gatherUser(traverse: number, o: number, count: number): number {
    let end = count;
    this.users.get<"traverse">(traverse)(objectAddress(o), (referent) => {
      if (!this.index.has(referent)) throw this.foreign(o, referent);
      end = this.add(referent, end);
    });
    return end;
  }

  private foreign(o: number, referent: number): BrokenTypeError {
    const name = this.types.nameOf(this.types.of(o));
    return new BrokenTypeError(
      `The traverse function of ${name} reports ${referent}, which is no live object.`,
      o,
      {
        details: ["It must visit the addresses that the object owns references to, and nothing else."],
      },
    );
  }
}
