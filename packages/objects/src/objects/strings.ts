// str: compact strings of one, two or four bytes for each character; bytes.

import { type ObjectAddress, objectAddress, TypeFlag } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Dealloc } from "../core/slots.ts";

/** `state`, from the lowest bit: interned 2, kind 3, compact 1, ascii 1, ready or statically allocated 1. */
const INTERNED_MASK = 3;
const INTERNED_MORTAL = 1;
const INTERNED_IMMORTAL = 2;
const INTERNED_STATIC = 3;
const KIND_SHIFT = 2;
const KIND_MASK = 7;
const COMPACT = 1 << 5;
const ASCII = 1 << 6;
const BIT_7 = 1 << 7;

/** What the strings need of dicts for interning: a dict whose references to its strings are not counted. */
export interface InternTable {
  /** The string in the table that equals `o`; `o` itself is entered when there is none. */
  setDefault(o: ObjectAddress): ObjectAddress;
  remove(o: ObjectAddress): void;
}

/**
 * Python's strings.
 *
 * @see CPython 3.13 Objects/unicodeobject.c
 */
export class Strings {
  /** The table of interned strings; set once there are dicts. */
  interned: InternTable | undefined;
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly type: ObjectAddress;
  private readonly length: number;
  private readonly hash: number;
  private readonly state: number;
  private readonly utf8Length: number;
  private readonly utf8: number;
  private readonly asciiBytes: number;
  private readonly compactBytes: number;
  private readonly empty: ObjectAddress;
  private readonly latin1: readonly ObjectAddress[];

  constructor(core: Core) {
    const { ground, types, reaper } = core;
    const { ascii, compactUnicode } = ground.layouts;
    this.core = core;
    this.memory = ground.memory;
    this.type = types.builtin.str;
    this.length = ascii.offsets.length;
    this.hash = ascii.offsets.hash;
    this.state = ascii.offsets.state;
    this.utf8Length = compactUnicode.offsets.utf8_length;
    this.utf8 = compactUnicode.offsets.utf8;
    this.asciiBytes = ascii.sizeBytes;
    this.compactBytes = compactUnicode.sizeBytes;
    this.empty = this.makeStatic("");
    this.latin1 = Array.from({ length: 256 }, (_, code) => this.makeStatic(String.fromCharCode(code)));
    reaper.register(Dealloc.str, { body: () => {}, finish: (o) => this.finish(o) });
  }

  /** A new reference to a string with that text; empty strings and single latin-1 characters exist once. */
  new(text: string): ObjectAddress {
    const single = this.singleton(text);
    if (single !== 0) {
      this.core.counts.incref(single);
      return objectAddress(single);
    }
    return this.create(text);
  }

  /** A new string, even of a text that exists once. */
  create(text: string): ObjectAddress {
    const { points, isAscii, kind } = measure(text);
    const o = this.core.allocation.newPlain(this.type, this.sizeFor(points.length, kind, isAscii));
    this.write(o, points, kind, isAscii, this.bit7(false));
    return o;
  }

  /** The text of a string. */
  value(o: ObjectAddress): string {
    this.core.types.checkFlag("str value", o, TypeFlag.UNICODE_SUBCLASS, "str");
    return this.read(o);
  }

  /** Characters of a string. */
  lengthOf(o: number): number {
    return this.memory.readWord(o + this.length);
  }

  /** Bytes of a character: 1, 2 or 4. */
  kindOf(o: number): number {
    return (this.memory.readWord(o + this.state) >>> KIND_SHIFT) & KIND_MASK;
  }

  isAscii(o: number): boolean {
    return (this.memory.readWord(o + this.state) & ASCII) !== 0;
  }

  isInterned(o: number): boolean {
    return (this.memory.readWord(o + this.state) & INTERNED_MASK) !== 0;
  }

  /** Where the characters are, and how many bytes they take. */
  data(o: number): { readonly start: number; readonly end: number } {
    const start = o + (this.isAscii(o) ? this.asciiBytes : this.compactBytes);
    return { start, end: start + this.lengthOf(o) * this.kindOf(o) };
  }

  /** Byte address of the cached hash; -1 in it says that there is none yet. */
  hashAddress(o: number): number {
    return o + this.hash;
  }

  /** `str.__sizeof__`: the structure, the characters with a 0 behind them, and a UTF-8 form beside it. */
  sizeOf(o: number): number {
    const own = this.sizeFor(this.lengthOf(o), this.kindOf(o), this.isAscii(o));
    const utf8 = this.isAscii(o) ? 0 : this.memory.readWord(o + this.utf8);
    return utf8 === 0 ? own : own + this.memory.readWord(o + this.utf8Length) + 1;
  }

  /** The text, unchecked. */
  read(o: number): string {
    const { start, end } = this.data(o);
    const { bytes, words } = this.memory;
    const kind = this.kindOf(o);
    let text = "";
    for (let at = start; at < end; at += kind) {
      const point =
        kind === 1 ? bytes[at]! : kind === 2 ? bytes[at]! | (bytes[at + 1]! << 8) : words[at >>> 2]!;
      text += String.fromCodePoint(point);
    }
    return text;
  }

  /**
   * Hands over a reference to a string and gets one to the interned string of the same text
   * (`PyUnicode_InternInPlace`).
   */
  intern(o: ObjectAddress): ObjectAddress {
    const { counts, types, ground } = this.core;
    if (types.of(o) !== this.type || this.isInterned(o) || this.interned === undefined) return o;
    const canonical = this.interned.setDefault(o);
    if (canonical !== o) {
      counts.incref(canonical);
      counts.decref(o);
      return canonical;
    }
    const isImmortal = ground.profile.objects.values.internedStrings === "immortal";
    if (isImmortal) {
      counts.makeImmortal(o);
    } else if (!counts.isImmortal(o)) {
      counts.setCount(o, counts.count(o) - 2); // the table's key and value do not count
    }
    this.setInterned(o, isImmortal ? INTERNED_IMMORTAL : INTERNED_MORTAL);
    return o;
  }

  /** A new reference to the interned string with that text, as a name in source code is. */
  name(text: string): ObjectAddress {
    return this.intern(this.new(text));
  }

  private singleton(text: string): number {
    if (text.length === 0) return this.empty;
    if (text.length === 1 && text.charCodeAt(0) < 256) return this.latin1[text.charCodeAt(0)]!;
    return 0;
  }

  private sizeFor(length: number, kind: number, isAscii: boolean): number {
    return (isAscii ? this.asciiBytes : this.compactBytes) + (length + 1) * kind;
  }

  private bit7(isStatic: boolean): number {
    const isReady = this.core.ground.profile.objects.values.stateBit7 === "ready";
    return isReady || isStatic ? BIT_7 : 0;
  }

  private write(o: number, points: readonly number[], kind: number, isAscii: boolean, bit7: number): void {
    const { memory } = this;
    const { ascii, compactUnicode } = this.core.ground.layouts;
    memory.clear(o + this.length, (isAscii ? this.asciiBytes : this.compactBytes) - this.length);
    memory.writeWord(o + this.length, points.length);
    memory.writeSigned(o + this.hash, -1);
    memory.writeInt(o + this.state, (kind << KIND_SHIFT) | COMPACT | (isAscii ? ASCII : 0) | bit7);
    const start = o + (isAscii ? ascii : compactUnicode).sizeBytes;
    for (let i = 0; i <= points.length; i++) {
      const point = points[i] ?? 0;
      for (let b = 0; b < kind; b++) memory.bytes[start + i * kind + b] = point >>> (8 * b);
    }
  }

  private makeStatic(text: string): ObjectAddress {
    const { ground, types } = this.core;
    const { immortality, values } = ground.profile.objects;
    const { points, isAscii, kind } = measure(text);
    const o = ground.statics.allocate(this.sizeFor(points.length, kind, isAscii));
    this.memory.writeWord(o, immortality?.staticCount ?? values.constantCount);
    this.memory.writeWord(o + types.obType, this.type);
    this.write(o, points, kind, isAscii, this.bit7(true));
    if (immortality !== undefined) this.setInterned(o, INTERNED_STATIC);
    if (values.latin1Utf8 && !isAscii) {
      const bytes = [0xc0 | (points[0]! >> 6), 0x80 | (points[0]! & 0x3f)];
      const utf8 = ground.statics.allocate(bytes.length + 1);
      this.memory.bytes.set(bytes, utf8);
      this.memory.writeWord(o + this.utf8, utf8);
      this.memory.writeWord(o + this.utf8Length, bytes.length);
    }
    ground.index.addPlain(o);
    return objectAddress(o);
  }

  private setInterned(o: number, interned: number): void {
    const state = this.memory.readWord(o + this.state);
    this.memory.writeInt(o + this.state, (state & ~INTERNED_MASK) | interned);
  }

  private finish(o: number): void {
    const { counts, ground } = this.core;
    if (this.isInterned(o)) {
      // The table's references were not counted: they are now, so that removing the string leaves one.
      counts.setCount(o, 3);
      this.interned!.remove(objectAddress(o));
      counts.setCount(o, 0);
    }
    const utf8 = this.isAscii(o) ? 0 : this.memory.readWord(o + this.utf8);
    if (utf8 !== 0) ground.domains.object.free(utf8);
    this.core.free(o);
  }
}

/** The code points of a text, and the narrowest form that holds them. */
function measure(text: string): { points: number[]; isAscii: boolean; kind: 1 | 2 | 4 } {
  const points = Array.from(text, (character) => character.codePointAt(0)!);
  const largest = points.reduce((max, point) => Math.max(max, point), 0);
  return { points, isAscii: largest < 0x80, kind: largest < 0x100 ? 1 : largest < 0x1_0000 ? 2 : 4 };
}
