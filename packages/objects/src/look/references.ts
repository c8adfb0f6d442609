// The references that an object owns, with the names that a person knows them by.
// What the collector visits leaves out much that is owned, strings above all; here it is all there.

import { fieldOffset, type ObjectAddress, objectAddress, type StructLayout } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { Attributes } from "../objects/attributes.ts";
import type { Classes } from "../objects/classes.ts";
import type { Dicts } from "../objects/dicts.ts";
import type { Floats } from "../objects/floats.ts";
import type { Ints } from "../objects/ints.ts";
import type { Sets } from "../objects/sets.ts";
import type { Strings } from "../objects/strings.ts";

/** One reference that an object owns. */
export interface Reference {
  /** `[3]`, `['key']`, `.attribute`, or a field of the C struct. */
  readonly name: string;
  readonly to: ObjectAddress;
}

/** What references are named with. */
export interface ReferenceParts {
  readonly attributes: Attributes;
  readonly classes: Classes;
  readonly dicts: Dicts;
  readonly floats: Floats;
  readonly ints: Ints;
  readonly sets: Sets;
  readonly strings: Strings;
}

/** Fields of a class that its traverse function leaves out. */
const CLASS_FIELDS = ["ht_name", "ht_qualname", "ht_slots", "tp_subclasses"] as const;
const TEXT_MAX = 40;

/** Names references and objects. */
export class References {
  private readonly core: Core;
  private readonly parts: ReferenceParts;

  constructor(core: Core, parts: ReferenceParts) {
    this.core = core;
    this.parts = parts;
  }

  /** All references that `o` owns, in the order of its memory. */
  of(o: ObjectAddress): Reference[] {
    const { types } = this.core;
    const type = types.of(o);
    if (!types.isClass(type)) return this.ofBuiltin(o, type);
    const found: Reference[] = [];
    for (let t: number = type; types.isClass(t); t = types.slot(t, types.base))
      found.push(...this.slotsOf(o, t));
    for (const [name, to] of this.parts.attributes.named(o)) found.push({ name: `.${this.text(name)}`, to });
    const dict = this.parts.attributes.presentDict(o);
    if (dict !== 0) found.push({ name: ".__dict__", to: dict });
    found.push({ name: ".__class__", to: type });
    let base: number = type;
    while (types.isClass(base)) base = types.slot(base, types.base);
    return [...found, ...this.ofBuiltin(o, base)];
  }

  /** An object in a few words: its type, and the value of what has a short one. */
  describe(o: ObjectAddress): string {
    const { types } = this.core;
    const { builtin } = types;
    const type = types.of(o);
    const name = types.nameOf(type);
    if (type === builtin.str) return this.text(o, "'");
    if (type === builtin.int) return String(this.parts.ints.read(o)).slice(0, TEXT_MAX);
    if (type === builtin.float) return String(this.parts.floats.read(o));
    if (type === builtin.type) return `class ${types.nameOf(o)}`;
    if (type === builtin.list || type === builtin.tuple || type === builtin.bytes)
      return `${name}[${this.size(o)}]`;
    if (type === builtin.dict) return `dict[${this.parts.dicts.tables.used(o)}]`;
    if (type === builtin.function) return `function ${this.functionName(o)}`;
    return name;
  }

  private ofBuiltin(o: ObjectAddress, type: number): Reference[] {
    const { builtin } = this.core.types;
    if (type === builtin.dict) return this.entries(o);
    if (type === builtin.set || type === builtin.frozenset) {
      return [...this.parts.sets.keys(o)].map((to) => ({ name: "{…}", to }));
    }
    const spec = this.core.types.specs.get(type);
    if (spec?.layout !== undefined && spec.references !== undefined) {
      return this.fields(o, spec.layout, spec.references.drops);
    }
    const isSequence = type === builtin.list || type === builtin.tuple;
    const visited = this.visited(o, type, (i) => (isSequence ? `[${i}]` : `reference ${i}`));
    return type === builtin.type && this.core.types.isClass(o)
      ? [...visited, ...this.classFields(o)]
      : visited;
  }

  private visited(o: number, type: number, name: (i: number) => string): Reference[] {
    const { traversal, types } = this.core;
    const count = traversal.gatherBy(types.slot(type, types.traverse), o, 0);
    return Array.from(traversal.found.subarray(0, count), (to, i) => ({
      name: name(i),
      to: objectAddress(to),
    }));
  }

  private fields(o: number, layout: StructLayout, names: readonly string[]): Reference[] {
    return this.present(names.map((name) => [name, o + fieldOffset(layout, name)]));
  }

  private classFields(o: number): Reference[] {
    const { offsets } = this.core.ground.layouts.heapType;
    return this.present(CLASS_FIELDS.map((name) => [name, o + offsets[name]]));
  }

  private slotsOf(o: number, type: number): Reference[] {
    const { classes } = this.parts;
    const names = classes.slotNames(type);
    return this.present(classes.slotAddresses(o, type).map((place, i) => [`.${names[i]}`, place]));
  }

  private present(places: readonly (readonly [name: string, address: number])[]): Reference[] {
    return places.flatMap(([name, address]) => {
      const to = this.core.ground.memory.readWord(address);
      return to === 0 ? [] : [{ name, to: objectAddress(to) }];
    });
  }

  private entries(o: ObjectAddress): Reference[] {
    return [...this.parts.dicts.items(o)].flatMap(([key, value]) => [
      { name: `key ${this.describe(key)}`, to: key },
      { name: `[${this.describe(key)}]`, to: value },
    ]);
  }

  private functionName(o: number): string {
    const { offsets } = this.core.ground.layouts.function;
    return this.text(this.core.ground.memory.readWord(o + offsets.func_qualname));
  }

  private size(o: number): number {
    return Math.abs(
      this.core.ground.memory.readSigned(o + this.core.ground.layouts.varObject.offsets.ob_size),
    );
  }

  private text(o: number, quote = ""): string {
    const text = this.parts.strings.read(o);
    return `${quote}${text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text}${quote}`;
  }
}
