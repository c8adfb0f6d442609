// One object as a debugger would show it: its bytes by the names of the C struct.

import { type ObjectAddress, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { Reference, References } from "./references.ts";

/** A field of the C struct. */
export interface FieldSnapshot {
  readonly name: string;
  readonly address: number;
  readonly sizeBytes: number;
  /** What stands there; of a field of more than 4 bytes the low word. */
  readonly value: number;
}

/** An object at one moment. */
export interface ObjectSnapshot {
  readonly address: ObjectAddress;
  readonly type: string;
  /** What it is, in a few words. */
  readonly is: string;
  readonly refcount: number;
  readonly isImmortal: boolean;
  /** `sys.getsizeof`. */
  readonly sizeBytes: number;
  /** Whether there is a collector's head in front, and what it says. */
  readonly gc: { readonly isTracked: boolean; readonly isFinalized: boolean } | undefined;
  /** The words in front of the object, the collector's head, and the fields of the struct, by rising address. */
  readonly fields: readonly FieldSnapshot[];
  readonly references: readonly Reference[];
}

/** Reads an object's bytes. */
export function inspectObject(
  core: Core,
  references: References,
  o: ObjectAddress,
  sizeBytes: number,
): ObjectSnapshot {
  const { counts, ground, heads, types } = core;
  const type = types.of(o);
  const isCollected = ground.index.isCollected(o);
  const isTracked = isCollected && heads.isTracked(o);
  return Object.freeze({
    address: o,
    type: types.nameOf(type),
    is: references.describe(o),
    refcount: counts.count(o),
    isImmortal: counts.isImmortal(o),
    sizeBytes,
    gc: isCollected ? Object.freeze({ isTracked, isFinalized: heads.isFinalized(o) }) : undefined,
    fields: Object.freeze([...frontOf(core, o, isCollected), ...fieldsOf(core, o, type)]),
    references: Object.freeze(references.of(o)),
  });
}

/** The pre-header of managed dicts and weak references, and the collector's head. */
function frontOf(core: Core, o: number, isCollected: boolean): FieldSnapshot[] {
  if (!isCollected) return [];
  const { ground, heads } = core;
  const head = o - heads.headBytes;
  const gc = ground.layouts.gcHead.fields.map((field) => readField(core, head, field));
  const words = core.preHeaderBytes(core.types.of(o)) / ground.memory.pointerBytes;
  const { dictWord, valuesWord } = ground.profile.objects.preHeader;
  const pre = Array.from({ length: words }, (_, i) => {
    const word = words - i + heads.headBytes / ground.memory.pointerBytes;
    const isValues = word === valuesWord && valuesWord !== dictWord;
    const name = word === dictWord ? "dict" : isValues ? "values" : "weaklist";
    const at = { name, offset: 0, sizeBytes: ground.memory.pointerBytes };
    return readField(core, o - word * ground.memory.pointerBytes, at);
  });
  return [...pre, ...gc];
}

function fieldsOf(core: Core, o: number, type: number): FieldSnapshot[] {
  const { ground, types } = core;
  let base = type;
  while ((types.flags(base) & TypeFlag.HEAPTYPE) !== 0) base = types.slot(base, types.base);
  const isClass = types.isSubtype(type, types.builtin.type) && types.isClass(o);
  const layout = isClass ? ground.layouts.heapType : (types.specs.get(base)?.layout ?? ground.layouts.object);
  return layout.fields.map((field) => readField(core, o, field));
}

function readField(
  { ground }: Core,
  address: number,
  { name, offset, sizeBytes }: { readonly name: string; readonly offset: number; readonly sizeBytes: number },
): FieldSnapshot {
  const at = address + offset;
  const { bytes } = ground.memory;
  const length = Math.min(sizeBytes, 4);
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return Object.freeze({ name, address: at, sizeBytes, value });
}
