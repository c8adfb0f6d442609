// Generators and coroutines: a frame that outlives its call.

import { fieldOffset, type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Dealloc, Finalize, Traverse } from "../core/slots.ts";
import type { Calls, GeneratorBody } from "./calls.ts";
import { Closing, type ClosingParts } from "./closing.ts";
import type { CodeOptions, Codes } from "./codes.ts";
import type { Functions } from "./functions.ts";
import { GeneratorFrames } from "./generator-frames.ts";

/** A generator, or the function that makes it. */
export interface GeneratorOptions extends Omit<CodeOptions, "body" | "generator">, GeneratorBody {
  /** @defaultValue "generator" */
  readonly kind?: "generator" | "coroutine";
}

/** What generators are made of. */
export interface GeneratorParts extends ClosingParts {
  readonly codes: Codes;
  readonly functions: Functions;
  readonly calls: Calls;
  /** Clears the weak references to an object that dies. */
  readonly clearWeakrefs: (o: number) => boolean;
}

/**
 * Generators: up to 3.10 with a frame object, later with the frame inside.
 *
 * @see CPython 3.9 and 3.13 Objects/genobject.c
 */
export class Generators {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly codes: Codes;
  private readonly calls: Calls;
  private readonly parts: GeneratorParts;
  private readonly frames: GeneratorFrames;
  private readonly closing: Closing;
  /** Whether the frame is inside of the generator. */
  private readonly isEmbedded: boolean;
  private readonly offsets: Readonly<Record<string, number>>;

  constructor(core: Core, parts: GeneratorParts) {
    const { ground, reaper, traversal } = core;
    const { generator } = ground.layouts;
    this.core = core;
    this.memory = ground.memory;
    this.codes = parts.codes;
    this.calls = parts.calls;
    this.parts = parts;
    this.offsets = generator.offsets;
    this.isEmbedded = fieldOffset(generator, "gi_iframe") >= 0;
    this.frames = new GeneratorFrames(core, parts);
    this.closing = new Closing(core, this.frames, parts);
    reaper.register(Dealloc.generator, {
      prepare: (o) => parts.clearWeakrefs(o) && this.finalizeFromDealloc(o),
      body: (o) => this.frames.pushContent(o),
      finish: (o) => core.allocation.deleteCollected(o, 0),
    });
    traversal.register(Traverse.generator, (o, count) => this.frames.gather(o, count));
    parts.functions.newGenerator = (fn, locals) => this.of(fn, locals);
    core.registerFinalize(Finalize.generator, (o) => this.finalize(o));
  }

  /** A new generator with a function of its own, before its first `next`; its locals get references of their own. */
  new(options: GeneratorOptions, locals: readonly ObjectAddress[] = []): ObjectAddress {
    const fn = this.newFunction({ localCount: locals.length, ...options });
    const o = this.of(fn, locals);
    this.core.counts.decref(fn);
    return o;
  }

  /** A new function each of whose calls makes a generator, with the arguments as its first locals. */
  newFunction(options: GeneratorOptions): ObjectAddress {
    const code = this.newCode(options);
    const o = this.parts.functions.of(code);
    this.core.counts.decref(code);
    return o;
  }

  /** What the call of a generator function returns. */
  private of(fn: ObjectAddress, locals: readonly ObjectAddress[]): ObjectAddress {
    const { counts, heads, state, types } = this.core;
    const code = this.parts.functions.codeOf(fn);
    const kind = this.codes.generatorOf(code)!.kind;
    for (const local of locals) types.checkObject(kind, local);
    const frame = this.isEmbedded
      ? objectAddress(0)
      : this.parts.frames.new({ code, globals: 0, builtins: 0, locals });
    const o = this.allocate(types.builtin[kind], code);
    counts.incref(code);
    const name = this.codes.nameOf(code);
    for (const field of ["gi_name", "gi_qualname"]) {
      counts.incref(name);
      this.memory.writeWord(o + this.offsets[field]!, name);
    }
    if (this.isEmbedded) this.frames.fill(o, fn, code, locals);
    else this.frames.setObject(o, frame, code);
    heads.track(o, state.lists[0]!);
    if (frame !== 0) this.parts.frames.track(frame);
    return o;
  }

  /**
   * Runs a generator to its next `yield`.
   *
   * @returns a new reference to what it yields; NULL when it has ended.
   * @throws what its body throws; the generator has ended then.
   */
  next(o: ObjectAddress): ObjectAddress {
    this.core.types.checkType("next", o, "generator");
    const { frames } = this;
    const { objects } = this.parts.frames;
    const state = frames.stateOf(o);
    if (state === "running") throw new PythonError("ValueError", "generator already executing");
    if (state === "cleared" || state === "completed") return objectAddress(0);
    frames.setState(o, "running");
    objects?.enter(this.codeOf(o), frames.frameObjectField(o));
    let yielded: ObjectAddress | undefined;
    let hasEnded = true;
    try {
      this.calls.onEvalBreaker();
      yielded = this.bodyOf(o)?.resume?.(frames.viewOf(o));
      hasEnded = yielded === undefined || yielded === 0;
    } finally {
      objects?.leave();
      if (hasEnded) frames.clear(o);
    }
    if (yielded === undefined || hasEnded) return objectAddress(0);
    frames.suspend(o);
    return yielded;
  }

  /** Ends a generator: its `finally` runs, its locals are dropped. */
  close(o: ObjectAddress): void {
    this.core.types.checkType("close", o, "generator");
    this.finish(o);
  }

  /** Whether the generator has ended. */
  isFinished(o: ObjectAddress): boolean {
    this.core.types.checkType("generator", o, "generator");
    const state = this.frames.stateOf(o);
    return state === "cleared" || state === "completed";
  }

  /** The code object of a generator, borrowed. */
  codeOf(o: number): ObjectAddress {
    return this.frames.codeOf(o);
  }

  /** `gen.__sizeof__`: with the frame inside, from 3.11 on. */
  sizeOf(o: number): number {
    const { types } = this.core;
    return this.bytesOf(types.of(o), this.codeOf(o));
  }

  private bytesOf(type: number, code: number): number {
    const { types } = this.core;
    const slots = this.isEmbedded ? this.codes.frameSlots(code) : 0;
    return types.slot(type, types.basicsize) + slots * this.memory.pointerBytes;
  }

  private allocate(type: ObjectAddress, code: number): ObjectAddress {
    const { allocation, ground } = this.core;
    const bytes = this.bytesOf(type, code);
    const o = allocation.newCollected(type, bytes, 0);
    const headBytes = ground.layouts.object.sizeBytes;
    this.memory.clear(o + headBytes, bytes - headBytes);
    return o;
  }

  private newCode({ resume, close, kind = "generator", ...options }: GeneratorOptions): ObjectAddress {
    const generator = { kind, ...(resume && { resume }), ...(close && { close }) };
    return this.codes.new({ ...options, generator });
  }

  private bodyOf(o: number): GeneratorBody | undefined {
    return this.codes.generatorOf(this.codeOf(o));
  }

  /** Closes a generator, unless it has ended or runs. */
  private finish(o: ObjectAddress): void {
    const state = this.frames.stateOf(o);
    if (state === "created" || state === "suspended") this.closing.close(o, this.bodyOf(o));
  }

  /** `tp_finalize`: closes the generator. */
  private finalize(o: number): void {
    try {
      this.finish(objectAddress(o));
    } catch (error) {
      this.calls.onUnraisable({ message: "Exception ignored in", object: objectAddress(o), error });
    }
  }

  private finalizeFromDealloc(o: number): boolean {
    this.core.heads.track(o, this.core.state.lists[0]!);
    const dies = this.core.finalizeFromDealloc(o);
    if (dies) this.core.heads.untrack(o);
    return dies;
  }
}
