// Objects whose references are all in fixed fields: functions, methods, cells, iterators, views, wrappers.

import { type FreeListProfile, fieldOffset, type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { BuiltinTypeName } from "../core/builtin-specs.ts";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import { FreeList } from "../core/free-list.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { FIRST_FIELDS_FUNCTION } from "../core/slots.ts";

/** Makes and frees such objects, with the free lists that some of the types have. */
export class FieldObjects {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly free = new Map<number, FreeList>();

  constructor(core: Core, clearWeakrefs: (o: number) => boolean) {
    const { ground, types } = core;
    const { freeLists } = ground.profile.objects;
    this.core = core;
    this.memory = ground.memory;
    // before 3.14 chains go through a field that a dead object does not need
    const firstField = ground.layouts.object.sizeBytes;
    const link = freeLists.list.storage === "chain" ? 0 : firstField;
    const lists: Partial<Record<BuiltinTypeName, FreeListProfile | undefined>> = {
      method: freeLists.method,
      builtin: freeLists.builtin,
      slice: freeLists.slice,
      list_iterator: freeLists.listIterator,
      tuple_iterator: freeLists.tupleIterator,
      range: freeLists.range,
      range_iterator: freeLists.rangeIterator,
    };
    for (const [name, profile] of Object.entries(lists)) {
      if (profile === undefined) continue;
      const type = types.builtin[name as BuiltinTypeName];
      this.free.set(type, new FreeList(ground.memory, ground.statics, profile, link));
    }
    this.registerDeaths(clearWeakrefs);
  }

  /**
   * A new object of a type whose references are in fixed fields; tracked when the collector knows the type.
   *
   * @param references fields with references, which get references of their own. All others are NULL.
   * @param numbers fields with sizes or ints.
   */
  new(
    name: BuiltinTypeName,
    references: Readonly<Record<string, ObjectAddress>>,
    numbers: Readonly<Record<string, number>> = {},
  ): ObjectAddress {
    const { counts, ground, heads, state, types } = this.core;
    const type = types.builtin[name];
    const layout = types.specs.get(type)?.layout;
    if (layout === undefined) throw new PythonError("TypeError", `cannot create '${name}' instances`);
    for (const value of Object.values(references)) if (value !== 0) types.checkObject(name, value);
    const isCollected = types.isCollectedType(type);
    const bytes = layout.sizeBytes + (numbers.ob_size ?? 0) * types.slot(type, types.itemsize);
    const o = this.allocate(type, bytes, isCollected);
    const headBytes = ground.layouts.object.sizeBytes;
    this.memory.clear(o + headBytes, bytes - headBytes);
    for (const [field, value] of Object.entries(references)) {
      counts.xincref(value);
      this.memory.writeWord(o + fieldOffset(layout, field), value);
    }
    for (const [field, value] of Object.entries(numbers)) {
      this.memory.writeSigned(o + fieldOffset(layout, field), value);
    }
    if (isCollected) heads.track(o, state.lists[0]!);
    return o;
  }

  /** A field of such an object: a reference, borrowed, or a number. */
  field(o: number, name: string): number {
    const { types } = this.core;
    const layout = types.specs.get(types.of(o))!.layout!;
    return this.memory.readWord(o + fieldOffset(layout, name));
  }

  /** Empties the free lists, as a full collection does. */
  clearFreeLists(): void {
    const { allocation, ground, types } = this.core;
    for (const [type, list] of this.free) {
      if (list.survivesCollections) continue;
      const isCollected = types.isCollectedType(type);
      list.drain((o) => (isCollected ? allocation.deleteCollected(o, 0) : ground.domains.object.free(o)));
    }
  }

  private allocate(type: number, sizeBytes: number, isCollected: boolean): ObjectAddress {
    const { allocation } = this.core;
    const dead = this.free.get(type)?.pop() ?? 0;
    if (isCollected) {
      return dead === 0
        ? allocation.newCollected(type, sizeBytes, 0)
        : allocation.reviveCollected(dead, type);
    }
    return objectAddress(
      dead === 0 ? allocation.newPlain(type, sizeBytes) : allocation.revivePlain(dead, type),
    );
  }

  private registerDeaths(clearWeakrefs: (o: number) => boolean): void {
    const { types, reaper } = this.core;
    [...types.specs.entries()].forEach(([type, spec], row) => {
      if (spec.dealloc !== FIRST_FIELDS_FUNCTION) return;
      const drops = types.fields.drops[row]!;
      reaper.register(FIRST_FIELDS_FUNCTION + row, {
        ...(spec.weaklistOffset !== 0 && { prepare: clearWeakrefs }),
        body: (o) => {
          for (let i = drops.length - 1; i >= 0; i--) reaper.pushDrop(this.memory.readWord(o + drops[i]!));
        },
        finish: (o) => this.finish(o, type),
      });
    });
  }

  private finish(o: number, base: number): void {
    const { ground, types } = this.core;
    const type = types.of(o);
    if (type !== base || !this.free.get(type)?.push(o)) this.core.free(o);
    else if (types.isCollectedType(type)) ground.index.removeCollected(o);
    else ground.index.removePlain(o);
  }
}
