// Functions in Python and in C, bound methods, cells.

import { fieldOffset, type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { ObjectMemory } from "../core/memory.ts";
import type { Body, Calls } from "./calls.ts";
import type { CodeOptions, Codes } from "./codes.ts";
import type { FieldObjects } from "./field-objects.ts";
import type { Frames } from "./frames.ts";
import type { Singletons } from "./singletons.ts";
import type { Strings } from "./strings.ts";

const NULL_OBJECT = objectAddress(0);

/** What a Python function is made from. */
export interface FunctionOptions extends CodeOptions {
  /** The dict of its module; NULL for none. */
  readonly globals?: ObjectAddress;
  /** The dict of built-in names; kept from 3.10 on. */
  readonly builtins?: ObjectAddress;
  /** The name of its module, a string (`__module__`). */
  readonly module?: ObjectAddress;
  /** A tuple of cells that it closes over. */
  readonly closure?: ObjectAddress;
  /** A tuple of defaults. */
  readonly defaults?: ObjectAddress;
}

/** What functions are made of. */
export interface FunctionParts {
  readonly fields: FieldObjects;
  readonly singletons: Singletons;
  readonly strings: Strings;
  readonly codes: Codes;
  readonly frames: Frames;
  readonly calls: Calls;
}

/**
 * Python functions, built-in functions, bound methods and cells.
 *
 * Arguments of the constructors are borrowed: what is kept gets references of its own.
 * @see CPython 3.13 Objects/funcobject.c, methodobject.c, classobject.c, cellobject.c
 */
export class Functions {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly parts: FunctionParts;
  private readonly keepsBuiltins: boolean;
  private readonly builtinBodies = new Map<number, Body>();
  /** Makes the generator that a call of a generator function returns. */
  newGenerator: (fn: ObjectAddress, locals: readonly ObjectAddress[]) => ObjectAddress = () => NULL_OBJECT;

  constructor(core: Core, parts: FunctionParts) {
    const { builtin } = core.types;
    this.core = core;
    this.memory = core.ground.memory;
    this.parts = parts;
    this.keepsBuiltins = fieldOffset(core.ground.layouts.function, "func_builtins") >= 0;
    parts.calls.register(builtin.function, (o, args) => this.callFunction(o, args));
    parts.calls.register(builtin.builtin, (o, args) => this.callBuiltin(o, args));
    parts.calls.register(builtin.method, (o, args) => this.callMethod(o, args));
  }

  /** A new function with a code object of its own. */
  new(options: FunctionOptions): ObjectAddress {
    const code = this.parts.codes.new(options);
    const o = this.of(code, options);
    this.core.counts.decref(code);
    return o;
  }

  /** A new function over a code object (`PyFunction_New`). */
  of(code: ObjectAddress, options: Omit<FunctionOptions, keyof CodeOptions> = {}): ObjectAddress {
    const name = this.parts.codes.nameOf(code);
    return this.parts.fields.new("function", {
      func_code: code,
      func_globals: options.globals ?? NULL_OBJECT,
      ...(this.keepsBuiltins && { func_builtins: options.builtins ?? NULL_OBJECT }),
      func_module: options.module ?? NULL_OBJECT,
      func_name: name,
      func_qualname: name,
      func_doc: this.parts.singletons.none,
      func_closure: options.closure ?? NULL_OBJECT,
      func_defaults: options.defaults ?? NULL_OBJECT,
    });
  }

  /** A new built-in function; `self` is what a method of an object is bound to. */
  newBuiltin(name: string, body: Body, self: ObjectAddress = NULL_OBJECT): ObjectAddress {
    const { statics, layouts } = this.core.ground;
    const definition = statics.allocate(layouts.methodDef.sizeBytes);
    this.memory.writeWord(definition + layouts.methodDef.offsets.ml_name, statics.text(name));
    this.builtinBodies.set(definition, body);
    return this.parts.fields.new("builtin", { m_self: self }, { m_ml: definition });
  }

  /** A new bound method. */
  newMethod(callable: ObjectAddress, self: ObjectAddress): ObjectAddress {
    return this.parts.fields.new("method", { im_func: callable, im_self: self });
  }

  /** A new cell; empty when `content` is NULL. */
  newCell(content: ObjectAddress = NULL_OBJECT): ObjectAddress {
    return this.parts.fields.new("cell", { ob_ref: content });
  }

  /** What is in a cell, borrowed. */
  cellContent(o: ObjectAddress): ObjectAddress {
    this.core.types.checkType("cell", o, "cell");
    return objectAddress(this.parts.fields.field(o, "ob_ref"));
  }

  /** Puts `content` into a cell; takes a reference of its own. NULL empties it. */
  setCellContent(o: ObjectAddress, content: ObjectAddress): void {
    this.core.types.checkType("cell", o, "cell");
    if (content !== 0) this.core.types.checkObject("cell content", content);
    this.core.counts.xincref(content);
    this.core.counts.replace(o + this.core.ground.layouts.cell.offsets.ob_ref, content);
  }

  /** The code object of a function, borrowed. */
  codeOf(o: number): ObjectAddress {
    return objectAddress(this.parts.fields.field(o, "func_code"));
  }

  /** The name that messages show for what can be called. */
  describe(o: number): string {
    const { types } = this.core;
    const type = types.of(o);
    if (type !== types.builtin.function) return types.nameOf(type);
    return `function ${this.parts.strings.read(this.parts.fields.field(o, "func_qualname"))}`;
  }

  private callFunction(o: ObjectAddress, args: readonly ObjectAddress[]): ObjectAddress {
    const { codes, frames, fields } = this.parts;
    const code = this.codeOf(o);
    if (codes.generatorOf(code) !== undefined) return this.newGenerator(o, args);
    const globals = fields.field(o, "func_globals");
    return frames.run({ code, globals, builtins: globals, locals: args }, codes.bodyOf(code));
  }

  private callBuiltin(o: ObjectAddress, args: readonly ObjectAddress[]): ObjectAddress {
    return this.parts.calls.run(this.builtinBodies.get(this.parts.fields.field(o, "m_ml"))!, args);
  }

  private callMethod(o: ObjectAddress, args: readonly ObjectAddress[]): ObjectAddress {
    const callable = objectAddress(this.parts.fields.field(o, "im_func"));
    const self = objectAddress(this.parts.fields.field(o, "im_self"));
    return this.parts.calls.call(callable, [self, ...args]);
  }
}
