// The structures of one version and one data model, laid out.

import type { Profile } from "../profile.ts";
import { type FieldType, type StructLayout, struct } from "../struct.ts";
import { dictEntry, dictValues, setEntry, setObject, unicodeDictEntry } from "./container-structs.ts";
import { methodDef } from "./function-structs.ts";
import { type GcStateLayouts, gcStateLayouts } from "./gc-structs.ts";
import type { ObjectBodies, PlainBodies } from "./object-profile.ts";
import type { PlainTypeName } from "./plain-types.ts";
import { memberDef } from "./type-structs.ts";

type Head = "ob_refcnt" | "ob_type";
type NamesOf<Declaration> = Extract<keyof Declaration, string>;

/** Layouts with the names that every version has; {@link fieldOffset} finds the others. */
export type ObjectLayouts = {
  readonly [Name in keyof ObjectBodies]: StructLayout<Head | NamesOf<ObjectBodies[Name]>>;
} & {
  readonly [Name in keyof PlainBodies]: StructLayout<NamesOf<PlainBodies[Name]>>;
} & {
  readonly object: StructLayout<Head>;
  readonly varObject: StructLayout<Head | "ob_size">;
  readonly set: StructLayout<Head | NamesOf<ReturnType<typeof setObject>>>;
  readonly setEntry: StructLayout<NamesOf<typeof setEntry>>;
  readonly dictEntry: StructLayout<NamesOf<typeof dictEntry>>;
  readonly unicodeDictEntry: StructLayout<NamesOf<typeof unicodeDictEntry>>;
  readonly dictValues: StructLayout<NamesOf<typeof dictValues>>;
  readonly methodDef: StructLayout<NamesOf<typeof methodDef>>;
  readonly memberDef: StructLayout<NamesOf<typeof memberDef>>;
  readonly gc: GcStateLayouts;
  /** The plain types, by name. */
  readonly plain: Readonly<Record<PlainTypeName, StructLayout>>;
};

const cache = new WeakMap<Profile, ObjectLayouts>();

/** The layouts of `profile`; the same object each time. */
export function objectLayouts(profile: Profile): ObjectLayouts {
  const known = cache.get(profile);
  if (known !== undefined) return known;
  const layouts = layOut(profile);
  cache.set(profile, layouts);
  return layouts;
}

/** Byte offset of a field that not every version has; -1 where there is none. */
export function fieldOffset(layout: StructLayout, name: string): number {
  return layout.offsets[name] ?? -1;
}

function layOut({ model, objects }: Profile): ObjectLayouts {
  const { head, bodies, plainBodies, plainTypes, gcState } = objects;
  const withHead = (body: Readonly<Record<string, FieldType>>) => struct(model, { ...head, ...body });
  const plain = (body: Readonly<Record<string, FieldType>>) => struct(model, body);
  const entry = struct(model, setEntry);
  const gcHead = plain(plainBodies.gcHead);
  const layouts = {
    ...mapValues(bodies, withHead),
    ...mapValues(plainBodies, plain),
    object: withHead({}),
    varObject: withHead({ ob_size: "ssize" }),
    set: withHead(setObject(entry)),
    setEntry: entry,
    dictEntry: plain(dictEntry),
    unicodeDictEntry: plain(unicodeDictEntry),
    dictValues: plain(dictValues),
    methodDef: plain(methodDef),
    memberDef: plain(memberDef),
    gc: gcStateLayouts(model, gcState, gcHead),
    plain: mapValues(plainTypes, ({ fields }) => withHead(fields)),
  };
  return Object.freeze(layouts) as unknown as ObjectLayouts;
}

function mapValues<T, R>(record: { readonly [name: string]: T } | object, map: (value: T) => R) {
  const entries = Object.entries(record) as [string, T][];
  return Object.fromEntries(entries.map(([name, value]) => [name, map(value)]));
}
