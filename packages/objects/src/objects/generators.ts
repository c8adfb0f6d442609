// Generators and coroutines: a frame that outlives its call.

import { type FrameStates, fieldOffset, type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Dealloc, Finalize, Traverse } from "../core/slots.ts";
import type { Calls, GeneratorBody, GeneratorFrame } from "./calls.ts";
import type { CodeOptions, Codes } from "./codes.ts";
import type { FrameState, Frames } from "./frames.ts";
import type { Functions } from "./functions.ts";

/** A generator, or the function that makes it. */
export interface GeneratorOptions extends Omit<CodeOptions, "body" | "generator">, GeneratorBody {
  /** @defaultValue "generator" */
  readonly kind?: "generator" | "coroutine";
}

const STATES: readonly FrameState[] = ["created", "suspended", "running", "cleared", "completed"];

/** What generators are made of. */
export interface GeneratorParts {
  readonly codes: Codes;
  readonly frames: Frames;
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
  private readonly frames: Frames;
  private readonly calls: Calls;
  private readonly parts: GeneratorParts;
  private readonly states: FrameStates;
  /** Where the frame begins inside of a generator, or -1. */
  private readonly embedded: number;
  private readonly localsOffset: number;
  /** Where the frame inside of a generator has its code object and its function. */
  private readonly frameCode: number;
  private readonly frameFunction: number;
  private readonly offsets: Readonly<Record<string, number>>;

  constructor(core: Core, parts: GeneratorParts) {
    const { ground, reaper, traversal } = core;
    const { generator, interpreterFrame } = ground.layouts;
    this.core = core;
    this.memory = ground.memory;
    this.codes = parts.codes;
    this.frames = parts.frames;
    this.calls = parts.calls;
    this.parts = parts;
    this.states = ground.profile.objects.frameStates;
    this.offsets = generator.offsets;
    this.embedded = fieldOffset(generator, "gi_iframe");
    this.localsOffset = this.embedded + interpreterFrame.offsets.localsplus;
    const ofFrame = (...names: string[]) =>
      this.embedded + Math.max(...names.map((name) => fieldOffset(interpreterFrame, name)));
    this.frameCode = ofFrame("f_executable", "f_code");
    this.frameFunction = ofFrame("f_funcobj", "f_func");
    reaper.register(Dealloc.generator, {
      prepare: (o) => parts.clearWeakrefs(o) && this.finalizeFromDealloc(o),
      body: (o) => this.pushContent(o),
      finish: (o) => core.allocation.deleteCollected(o, 0),
    });
    traversal.register(Traverse.generator, (o, count) => this.gather(o, count));
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
    const frame =
      this.embedded < 0 ? this.frames.new({ code, globals: 0, builtins: 0, locals }) : objectAddress(0);
    const o = this.allocate(types.builtin[kind], code);
    counts.incref(code);
    const name = this.codes.nameOf(code);
    for (const field of ["gi_name", "gi_qualname"]) {
      counts.incref(name);
      this.memory.writeWord(o + this.offsets[field]!, name);
    }
    if (this.embedded < 0) {
      this.memory.writeWord(o + this.offsets.gi_frame!, frame);
      this.frames.setGenerator(frame, o);
      this.memory.writeWord(o + this.offsets.gi_code!, code);
    } else {
      this.fillFrame(o, fn, locals);
    }
    heads.track(o, state.lists[0]!);
    if (frame !== 0) this.frames.track(frame);
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
    const state = this.stateOf(o);
    if (state === "running") throw new PythonError("ValueError", "generator already executing");
    if (state === "cleared" || state === "completed") return objectAddress(0);
    this.setState(o, "running");
    let yielded: ObjectAddress | undefined;
    try {
      this.calls.onEvalBreaker();
      yielded = this.bodyOf(o)?.resume?.(this.frameOf(o));
    } catch (error) {
      this.clearFrame(o);
      throw error;
    }
    if (yielded === undefined || yielded === 0) {
      this.clearFrame(o);
      return objectAddress(0);
    }
    this.setState(o, "suspended");
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
    const state = this.stateOf(o);
    return state === "cleared" || state === "completed";
  }

  /** The code object of a generator, borrowed. */
  codeOf(o: number): ObjectAddress {
    return objectAddress(this.memory.readWord(o + (this.offsets.gi_code ?? this.frameCode)));
  }

  /** `gen.__sizeof__`: with the frame inside, from 3.11 on. */
  sizeOf(o: number): number {
    const { types } = this.core;
    return this.bytesOf(types.of(o), this.codeOf(o));
  }

  private bytesOf(type: number, code: number): number {
    const { types } = this.core;
    const slots = this.embedded < 0 ? 0 : this.codes.frameSlots(code);
    return types.slot(type, types.basicsize) + slots * this.memory.pointerBytes;
  }

  private allocate(type: ObjectAddress, code: number): ObjectAddress {
    const { allocation, ground } = this.core;
    const bytes = this.bytesOf(type, code);
    const o = allocation.newCollected(type, bytes, 0);
    const headBytes = ground.layouts.object.sizeBytes;
    this.memory.clear(o + headBytes, bytes - headBytes);
    if (this.embedded >= 0) this.setState(o, "created");
    return o;
  }

  private newCode({ resume, close, kind = "generator", ...options }: GeneratorOptions): ObjectAddress {
    const generator = { kind, ...(resume && { resume }), ...(close && { close }) };
    return this.codes.new({ ...options, generator });
  }

  private fillFrame(o: number, fn: ObjectAddress, locals: readonly ObjectAddress[]): void {
    const code = this.parts.functions.codeOf(fn);
    this.memory.writeWord(o + this.frameCode, code);
    this.core.counts.incref(fn);
    this.memory.writeWord(o + this.frameFunction, fn);
    const { layouts } = this.core.ground;
    const generatorCode = this.offsets.gi_code;
    if (generatorCode !== undefined) {
      this.core.counts.incref(code);
      this.memory.writeWord(o + generatorCode, code);
    }
    const stacktop = fieldOffset(layouts.interpreterFrame, "stacktop");
    if (stacktop >= 0) this.memory.writeInt(o + this.embedded + stacktop, this.codes.localSlots(code));
    locals.forEach((local, i) => {
      this.core.counts.incref(local);
      this.memory.writeWord(this.localAddress(o, i), local);
    });
  }

  private localAddress(o: number, index: number): number {
    return this.embedded < 0
      ? this.frames.localAddress(this.memory.readWord(o + this.offsets.gi_frame!), index)
      : o + this.localsOffset + index * this.memory.pointerBytes;
  }

  private bodyOf(o: number): GeneratorBody | undefined {
    return this.codes.generatorOf(this.codeOf(o));
  }

  private frameOf(o: ObjectAddress): GeneratorFrame {
    const place = (index: number) => {
      const count = this.codes.localSlots(this.codeOf(o));
      if (!(index >= 0 && index < count))
        throw new PythonError("IndexError", `no local ${index} of ${count}`);
      return this.localAddress(o, index);
    };
    return {
      local: (index) => objectAddress(this.memory.readWord(place(index))),
      setLocal: (index, value) => {
        this.core.counts.xincref(value);
        this.core.counts.replace(place(index), value);
      },
    };
  }

  private stateOf(o: number): FrameState {
    if (this.embedded < 0) {
      const frame = this.memory.readWord(o + this.offsets.gi_frame!);
      return frame === 0 ? "cleared" : this.frames.stateOf(frame);
    }
    const value = (this.memory.bytes[o + this.offsets.gi_frame_state!]! << 24) >> 24;
    const found = STATES.find((state) => this.states[state] === value);
    return found ?? "cleared";
  }

  private setState(o: number, state: FrameState): void {
    if (this.embedded >= 0) {
      this.memory.bytes[o + this.offsets.gi_frame_state!] = this.states[state]!;
      return;
    }
    const frame = this.memory.readWord(o + this.offsets.gi_frame!);
    if (frame !== 0) this.frames.setState(frame, state);
    if (this.offsets.gi_running !== undefined) {
      this.memory.bytes[o + this.offsets.gi_running] = state === "running" ? 1 : 0;
    }
  }

  /** Runs the `finally` of a generator that has started, and drops its frame. */
  private finish(o: ObjectAddress): void {
    const state = this.stateOf(o);
    if (state === "cleared" || state === "completed" || state === "running") return;
    if (state === "created" && this.states.completed !== undefined) {
      this.setState(o, "completed");
      return;
    }
    const close = this.bodyOf(o)?.close;
    if (state === "suspended" && close !== undefined) {
      this.setState(o, "running");
      try {
        close(this.frameOf(o));
      } catch (error) {
        this.clearFrame(o);
        throw error;
      }
    }
    this.clearFrame(o);
  }

  /** Drops the locals, and up to 3.10 the frame with them. */
  private clearFrame(o: number): void {
    this.setState(o, "cleared");
    if (this.embedded < 0) {
      const frame = this.memory.readWord(o + this.offsets.gi_frame!);
      this.memory.writeWord(o + this.offsets.gi_frame!, 0);
      if (frame !== 0) {
        this.frames.setGenerator(frame, 0);
        this.core.counts.decref(frame);
      }
      return;
    }
    const count = this.codes.localSlots(this.codeOf(o));
    for (let i = 0; i < count; i++) this.core.counts.replace(this.localAddress(o, i), 0);
    this.core.counts.replace(o + this.frameFunction, 0);
    if (this.offsets.gi_code !== undefined) this.core.counts.replace(o + this.frameCode, 0);
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

  private gather(o: number, count: number): number {
    const { traversal } = this.core;
    let end = count;
    if (this.embedded < 0) {
      end = traversal.add(this.memory.readWord(o + this.offsets.gi_frame!), end);
      return traversal.add(this.codeOf(o), end);
    }
    const generatorCode = this.offsets.gi_code;
    if (generatorCode !== undefined) end = traversal.add(this.memory.readWord(o + generatorCode), end);
    end = traversal.add(this.memory.readWord(o + this.offsets.gi_name!), end);
    end = traversal.add(this.memory.readWord(o + this.offsets.gi_qualname!), end);
    if (this.stateOf(o) === "cleared") {
      return this.states.clearedVisitsCode === true ? traversal.add(this.codeOf(o), end) : end;
    }
    end = traversal.add(this.memory.readWord(o + this.frameFunction), end);
    end = traversal.add(this.memory.readWord(o + this.frameCode), end);
    return traversal.pointers(o + this.localsOffset, this.codes.localSlots(this.codeOf(o)), end);
  }

  private pushContent(o: number): void {
    const { reaper } = this.core;
    const code = this.codeOf(o);
    reaper.pushDrop(this.memory.readWord(o + this.offsets.gi_qualname!));
    reaper.pushDrop(this.memory.readWord(o + this.offsets.gi_name!));
    reaper.pushDrop(code);
    if (this.embedded < 0) {
      const frame = this.memory.readWord(o + this.offsets.gi_frame!);
      if (frame !== 0) this.frames.setGenerator(frame, 0);
      reaper.pushDrop(frame);
      return;
    }
    if (this.offsets.gi_code !== undefined) reaper.pushDrop(this.memory.readWord(o + this.frameCode));
    reaper.pushDrop(this.memory.readWord(o + this.frameFunction));
    if (this.stateOf(o) === "cleared") return;
    reaper.pushUp(o + this.localsOffset, this.codes.localSlots(code));
  }
}
