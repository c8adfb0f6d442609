// Where an instance has its dict and its values: inside, in front, or behind, as the version has it.

import { type ObjectAddress, objectAddress, type PreHeader, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { ObjectMemory } from "../core/memory.ts";
import type { DictValues } from "./dict-values.ts";

/**
 * The words of instances that lead to their attributes.
 *
 * @see CPython 3.9 Objects/object.c, _PyObject_GetDictPtr; 3.11 and 3.13 Include/internal/pycore_object.h
 */
export class AttributePlaces {
  /** Whether there is a word of its own, or one shared with the dict, for values that are not behind the instance. */
  readonly hasValuesWord: boolean;
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly values: DictValues;
  private readonly preHeader: PreHeader;

  constructor(core: Core, values: DictValues) {
    this.core = core;
    this.memory = core.ground.memory;
    this.values = values;
    this.preHeader = core.ground.profile.objects.preHeader;
    this.hasValuesWord = this.preHeader.valuesWord !== 0;
  }

  isManaged(type: number): boolean {
    return (this.core.types.flags(type) & TypeFlag.MANAGED_DICT) !== 0;
  }

  hasInlineValues(type: number): boolean {
    return (this.core.types.flags(type) & TypeFlag.INLINE_VALUES) !== 0;
  }

  inlineValues(o: number, type: number): number {
    return o + this.core.types.slot(type, this.core.types.basicsize);
  }

  /** Where the pointer to an instance's dict stands; 0 when its type has none (`_PyObject_GetDictPtr`). */
  dictPointer(o: number): number {
    const { types, ground } = this.core;
    const type = types.of(o);
    if (this.isManaged(type)) return o - this.preHeader.dictWord * this.memory.pointerBytes;
    const offset = types.slot(type, types.dictOffset) | 0;
    if (offset >= 0) return offset === 0 ? 0 : o + offset;
    const items = Math.abs(this.memory.readSigned(o + ground.layouts.varObject.offsets.ob_size));
    const bytes = types.slot(type, types.basicsize) + items * types.slot(type, types.itemsize);
    return o + Math.ceil(bytes / this.memory.pointerBytes) * this.memory.pointerBytes + offset;
  }

  /** The dict of an instance, borrowed; NULL when it has none yet. */
  dictOf(o: number): ObjectAddress {
    const pointer = this.dictPointer(o);
    if (pointer === 0) return objectAddress(0);
    const dict = this.memory.readWord(pointer);
    return objectAddress(this.preHeader.taggedValues && (dict & 1) !== 0 ? 0 : dict);
  }

  writeDict(o: number, pointer: number, dict: number): void {
    this.memory.writeWord(pointer === 0 ? this.dictPointer(o) : pointer, dict);
  }

  /** Values that are in use beside or behind an instance; 0 when there are none. */
  valuesOf(o: number, type: number): number {
    if (this.hasInlineValues(type)) {
      const values = this.inlineValues(o, type);
      return this.values.isValid(values) ? values : 0;
    }
    if (!this.hasValuesWord || !this.isManaged(type)) return 0;
    const word = this.memory.readWord(o - this.preHeader.valuesWord * this.memory.pointerBytes);
    if (!this.preHeader.taggedValues) return word;
    return (word & 1) === 0 ? 0 : word - 1;
  }

  writeValues(o: number, values: number): void {
    const word = this.preHeader.taggedValues && values !== 0 ? values + 1 : values;
    this.memory.writeWord(o - this.preHeader.valuesWord * this.memory.pointerBytes, word);
  }
}
