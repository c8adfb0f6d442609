// Code objects: what a compiler makes of a function. The instructions are bytes without meaning here; what runs is a
// JavaScript function.

import { fieldOffset, type ObjectAddress, objectAddress, roundUp } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Dealloc } from "../core/slots.ts";
import type { Bytes } from "./bytes.ts";
import type { Body, GeneratorBody } from "./calls.ts";
import type { Singletons } from "./singletons.ts";
import type { Strings } from "./strings.ts";
import type { Tuples } from "./tuples.ts";

/** What a code object says about its function. */
export interface CodeOptions {
  readonly name: string;
  /** What runs. */
  readonly body?: Body;
  /** What runs instead when calls make a generator or a coroutine. */
  readonly generator?: GeneratorBody & { readonly kind: "generator" | "coroutine" };
  readonly filename?: string;
  /** Local variables. @defaultValue 0 */
  readonly localCount?: number;
  /** Cells and free variables. @defaultValue 0 */
  readonly cellCount?: number;
  /** Places on the value stack. @defaultValue 1 */
  readonly stackSize?: number;
  /** Bytes of the instructions. @defaultValue 8 */
  readonly instructionBytes?: number;
}

/** What code objects are made of. */
export interface CodeParts {
  readonly singletons: Singletons;
  readonly strings: Strings;
  readonly bytes: Bytes;
  readonly tuples: Tuples;
}

/**
 * Code objects.
 *
 * @see CPython 3.13 Objects/codeobject.c
 */
export class Codes {
  /** Frees the frame that a code object keeps, where it does. */
  freeZombie: (frame: number) => void = () => {};
  private readonly core: Core;
  private readonly parts: CodeParts;
  private readonly memory: ObjectMemory;
  private readonly type: ObjectAddress;
  private readonly drops: Int32Array;
  private readonly instructions: number;
  private readonly bodies = new Map<number, Pick<CodeOptions, "body" | "generator">>();

  constructor(core: Core, parts: CodeParts, clearWeakrefs: (o: number) => boolean) {
    const { ground, types, reaper } = core;
    this.core = core;
    this.parts = parts;
    this.memory = ground.memory;
    this.type = types.builtin.code;
    const row = [...types.specs.keys()].indexOf(this.type);
    this.drops = types.fields.drops[row]!;
    this.instructions = fieldOffset(ground.layouts.code, "co_code_adaptive");
    reaper.register(Dealloc.code, {
      body: (o) => {
        for (let i = this.drops.length - 1; i >= 0; i--) {
          reaper.pushDrop(this.memory.readWord(o + this.drops[i]!));
        }
      },
      finish: (o) => {
        const zombie = this.zombie(o);
        if (zombie !== 0) this.freeZombie(zombie);
        clearWeakrefs(o);
        this.bodies.delete(o);
        this.core.allocation.deletePlain(o);
      },
    });
  }

  /** A new code object. */
  new(options: CodeOptions): ObjectAddress {
    const { layouts } = this.core.ground;
    const instructionBytes = options.instructionBytes ?? 8;
    const sizeBytes =
      this.instructions < 0
        ? layouts.code.sizeBytes
        : roundUp(this.instructions + instructionBytes, this.memory.pointerBytes);
    const o = this.core.allocation.newPlain(this.type, sizeBytes);
    this.memory.clear(o + layouts.object.sizeBytes, sizeBytes - layouts.object.sizeBytes);
    this.writeNumbers(o, options);
    this.writeParts(o, options, instructionBytes);
    this.bodies.set(o, options);
    return o;
  }

  /** What runs; a function that does nothing when none was given. */
  bodyOf(o: number): Body {
    return this.bodies.get(o)?.body ?? (() => {});
  }

  /** What runs when the code is a generator's; undefined otherwise. */
  generatorOf(o: number): CodeOptions["generator"] {
    return this.bodies.get(o)?.generator;
  }

  /** Places that a frame needs for locals, cells and the value stack. */
  frameSlots(o: number): number {
    return this.localSlots(o) + this.int(o, "co_stacksize");
  }

  /** Places that a frame needs for locals and cells. */
  localSlots(o: number): number {
    const all = fieldOffset(this.core.ground.layouts.code, "co_nlocalsplus");
    if (all >= 0) return this.memory.readSigned(o + all);
    const { tuples } = this.parts;
    const cells = this.field(o, "co_cellvars");
    const free = this.field(o, "co_freevars");
    return this.int(o, "co_nlocals") + tuples.sizeOf(cells) + tuples.sizeOf(free);
  }

  /** The function's name, borrowed. */
  nameOf(o: number): ObjectAddress {
    return objectAddress(this.field(o, "co_name"));
  }

  /** The frame that the code object keeps for its next call; 0 for none. */
  zombie(o: number): number {
    const offset = fieldOffset(this.core.ground.layouts.code, "co_zombieframe");
    return offset < 0 ? 0 : this.memory.readWord(o + offset);
  }

  setZombie(o: number, frame: number): void {
    this.memory.writeWord(o + fieldOffset(this.core.ground.layouts.code, "co_zombieframe"), frame);
  }

  /** `code.__sizeof__`: the object with its instructions. */
  sizeOf(o: number): number {
    const { layouts } = this.core.ground;
    if (this.instructions < 0) return layouts.code.sizeBytes;
    const units = this.memory.readWord(o + fieldOffset(layouts.code, "ob_size"));
    return roundUp(this.instructions + 2 * units, this.memory.pointerBytes);
  }

  private writeNumbers(o: number, options: CodeOptions): void {
    const { localCount = 0, cellCount = 0, stackSize = 1, instructionBytes = 8 } = options;
    const frameHead = this.core.ground.layouts.interpreterFrame.offsets.localsplus / this.memory.pointerBytes;
    const ints: Readonly<Record<string, number>> = {
      co_framesize: localCount + cellCount + stackSize + frameHead,
      co_nlocals: localCount,
      co_nlocalsplus: localCount + cellCount,
      co_ncellvars: cellCount,
      co_stacksize: stackSize,
      co_firstlineno: 1,
    };
    const { code } = this.core.ground.layouts;
    for (const [name, value] of Object.entries(ints)) {
      const offset = fieldOffset(code, name);
      if (offset >= 0) this.memory.writeInt(o + offset, value);
    }
    if (this.instructions >= 0) {
      this.memory.writeWord(o + fieldOffset(code, "ob_size"), Math.ceil(instructionBytes / 2));
    }
  }

  private writeParts(o: number, options: CodeOptions, instructionBytes: number): void {
    const { singletons, strings, bytes, tuples } = this.parts;
    const { code } = this.core.ground.layouts;
    const { localCount = 0, cellCount = 0 } = options;
    const names = (count: number, prefix: string) => {
      const items = Array.from({ length: count }, (_, i) => strings.name(`${prefix}${i}`));
      const tuple = tuples.of(items);
      for (const item of items) this.core.counts.decref(item);
      return tuple;
    };
    const makers: Readonly<Record<string, () => ObjectAddress>> = {
      co_code: () => bytes.new(new Uint8Array(instructionBytes)),
      co_consts: () => tuples.of([singletons.none]),
      co_names: () => tuples.of([]),
      co_varnames: () => names(localCount, "local"),
      co_freevars: () => tuples.of([]),
      co_cellvars: () => names(cellCount, "cell"),
      co_localsplusnames: () => names(localCount + cellCount, "local"),
      co_localspluskinds: () => bytes.new(new Uint8Array(localCount + cellCount)),
      co_filename: () => strings.name(options.filename ?? "<string>"),
      co_name: () => strings.name(options.name),
      co_qualname: () => strings.name(options.name),
      co_lnotab: () => bytes.new(new Uint8Array(2)),
      co_linetable: () => bytes.new(new Uint8Array(2)),
      co_exceptiontable: () => bytes.new(new Uint8Array(0)),
    };
    for (const [name, make] of Object.entries(makers)) {
      const offset = fieldOffset(code, name);
      if (offset >= 0) this.memory.writeWord(o + offset, make());
    }
  }

  private field(o: number, name: string): number {
    return this.memory.readWord(o + fieldOffset(this.core.ground.layouts.code, name));
  }

  private int(o: number, name: string): number {
    return this.memory.readSigned(o + fieldOffset(this.core.ground.layouts.code, name));
  }
}
