// The frames of generators: an object of its own up to 3.10, a part of the generator later.

import { type FrameStates, fieldOffset, type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { ObjectMemory } from "../core/memory.ts";
import type { GeneratorFrame } from "./calls.ts";
import type { Codes } from "./codes.ts";
import type { FrameObjects } from "./frame-objects.ts";
import type { FrameState, Frames } from "./frames.ts";

const STATES: readonly FrameState[] = ["created", "suspended", "running", "cleared", "completed"];

/** Each `yield` takes a frame further by one instruction. */
const INSTRUCTION_BYTES = 2;

/** States and locals of generators, wherever they stand. */
export class GeneratorFrames {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly codes: Codes;
  private readonly frames: Frames;
  private readonly states: FrameStates;
  private readonly offsets: Readonly<Record<string, number>>;
  /** Where the frame begins inside of a generator, or -1. */
  private readonly embedded: number;
  /** Inside of a generator: its locals, and where its frame has its code object, its function and its frame object. */
  private readonly localsOffset: number;
  private readonly code: number;
  private readonly fn: number;
  private readonly frameObject: number;
  /** The instruction that the frame inside has come to, and where instructions begin in a code object. */
  private readonly instruction: number;
  private readonly firstInstruction: number;

  constructor(core: Core, parts: { codes: Codes; frames: Frames }) {
    const { generator, interpreterFrame } = core.ground.layouts;
    this.core = core;
    this.memory = core.ground.memory;
    this.codes = parts.codes;
    this.frames = parts.frames;
    this.states = core.ground.profile.objects.frameStates;
    this.offsets = generator.offsets;
    this.embedded = fieldOffset(generator, "gi_iframe");
    this.localsOffset = this.embedded + interpreterFrame.offsets.localsplus;
    const ofFrame = (...names: string[]) =>
      this.embedded + Math.max(...names.map((name) => fieldOffset(interpreterFrame, name)));
    this.code = ofFrame("f_executable", "f_code");
    this.fn = ofFrame("f_funcobj", "f_func");
    this.frameObject = ofFrame("frame_obj");
    this.instruction = ofFrame("instr_ptr", "prev_instr");
    this.firstInstruction = fieldOffset(core.ground.layouts.code, "co_code_adaptive");
  }

  /** The frame of a generator up to 3.10, borrowed; 0 once it has ended. */
  objectOf(o: number): ObjectAddress {
    return objectAddress(this.memory.readWord(o + this.offsets.gi_frame!));
  }

  /** The code object of a generator, borrowed. */
  codeOf(o: number): ObjectAddress {
    return objectAddress(this.memory.readWord(o + (this.offsets.gi_code ?? this.code)));
  }

  /** Where a generator with its frame inside names the frame object that was made for somebody. */
  frameObjectField(o: number): number {
    return o + this.frameObject;
  }

  /** Gives a generator an object for its frame. */
  setObject(o: number, frame: ObjectAddress, code: number): void {
    this.memory.writeWord(o + this.offsets.gi_frame!, frame);
    this.frames.setGenerator(frame, o);
    this.memory.writeWord(o + this.offsets.gi_code!, code);
  }

  /** Fills the frame inside of a generator. */
  fill(o: number, fn: ObjectAddress, code: number, locals: readonly ObjectAddress[]): void {
    this.setState(o, "created");
    this.memory.writeWord(o + this.code, code);
    this.memory.writeWord(o + this.instruction, code + this.firstInstruction);
    this.core.counts.incref(fn);
    this.memory.writeWord(o + this.fn, fn);
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

  stateOf(o: number): FrameState {
    if (this.embedded < 0) {
      const frame = this.objectOf(o);
      return frame === 0 ? "cleared" : this.frames.stateOf(frame);
    }
    const value = (this.memory.bytes[o + this.offsets.gi_frame_state!]! << 24) >> 24;
    const found = STATES.find((state) => this.states[state] === value);
    return found ?? "cleared";
  }

  setState(o: number, state: FrameState): void {
    if (this.embedded >= 0) {
      this.memory.bytes[o + this.offsets.gi_frame_state!] = this.states[state]!;
      return;
    }
    const frame = this.objectOf(o);
    if (frame !== 0) this.frames.setState(frame, state);
    if (this.offsets.gi_running !== undefined) {
      this.memory.bytes[o + this.offsets.gi_running] = state === "running" ? 1 : 0;
    }
  }

  /** A frame as the body of its generator sees it. */
  viewOf(o: ObjectAddress): GeneratorFrame {
    const place = (index: number) => {
      const count = this.codes.localSlots(this.codeOf(o));
      if (!(index >= 0 && index < count))
        throw new PythonError("IndexError", `no local ${index} of ${count}`);
      return this.localAddress(o, index);
    };
    return {
      yields: this.yieldsOf(o),
      local: (index) => objectAddress(this.memory.readWord(place(index))),
      setLocal: (index, value) => {
        this.core.counts.xincref(value);
        this.core.counts.replace(place(index), value);
      },
    };
  }

  /** A generator that ran waits at one more `yield`. */
  suspend(o: number): void {
    if (this.embedded < 0) this.frames.countYield(this.objectOf(o));
    else
      this.memory.writeWord(
        o + this.instruction,
        this.memory.readWord(o + this.instruction) + INSTRUCTION_BYTES,
      );
    this.setState(o, "suspended");
  }

  /** Ends a generator without running it: its locals are dropped, and its frame stays as it is where the version says so. */
  mark(o: number): void {
    if (this.states.completed === undefined) {
      this.clear(o);
      return;
    }
    const isSuspended = this.stateOf(o) === "suspended";
    this.setState(o, "completed");
    if (isSuspended) this.dropLocals(o);
  }

  /** Drops the locals, and up to 3.10 the frame with them; a frame object that somebody keeps gets them instead. */
  clear(o: number): void {
    const { counts } = this.core;
    this.setState(o, "cleared");
    if (this.embedded < 0) {
      const frame = this.objectOf(o);
      this.memory.writeWord(o + this.offsets.gi_frame!, 0);
      if (frame !== 0) {
        this.frames.setGenerator(frame, 0);
        counts.decref(frame);
      }
      return;
    }
    const code = this.codeOf(o);
    const frameObject = this.memory.readWord(o + this.frameObject);
    this.memory.writeWord(o + this.frameObject, 0);
    if (frameObject !== 0 && counts.count(frameObject) > 1) {
      (this.frames.objects as FrameObjects).take(frameObject, code, o + this.fn, o + this.localsOffset);
    }
    counts.xdecref(frameObject);
    this.dropLocals(o);
    counts.replace(o + this.fn, 0);
    if (this.offsets.gi_code !== undefined) counts.replace(o + this.code, 0);
  }

  /** What a generator refers to, in the order of `tp_traverse`. */
  gather(o: number, count: number): number {
    const { traversal } = this.core;
    let end = count;
    if (this.embedded < 0) end = traversal.add(this.objectOf(o), end);
    const generatorCode = this.offsets.gi_code;
    if (generatorCode !== undefined) end = traversal.add(this.memory.readWord(o + generatorCode), end);
    end = traversal.add(this.memory.readWord(o + this.offsets.gi_name!), end);
    end = traversal.add(this.memory.readWord(o + this.offsets.gi_qualname!), end);
    if (this.embedded < 0) return end;
    const state = this.stateOf(o);
    if (state === "cleared") {
      return this.states.clearedVisitsCode === true ? traversal.add(this.codeOf(o), end) : end;
    }
    end = traversal.add(this.memory.readWord(o + this.frameObject), end);
    end = traversal.add(this.memory.readWord(o + this.fn), end);
    end = traversal.add(this.memory.readWord(o + this.code), end);
    if (state === "running" && this.states.hidesRunningLocals === true) return end;
    return traversal.pointers(o + this.localsOffset, this.codes.localSlots(this.codeOf(o)), end);
  }

  /** Pushes what a dying generator drops. */
  pushContent(o: number): void {
    const { reaper } = this.core;
    const code = this.codeOf(o);
    reaper.pushDrop(this.memory.readWord(o + this.offsets.gi_qualname!));
    reaper.pushDrop(this.memory.readWord(o + this.offsets.gi_name!));
    reaper.pushDrop(code);
    if (this.embedded < 0) {
      const frame = this.objectOf(o);
      if (frame !== 0) this.frames.setGenerator(frame, 0);
      reaper.pushDrop(frame);
      return;
    }
    if (this.offsets.gi_code !== undefined) reaper.pushDrop(this.memory.readWord(o + this.code));
    reaper.pushDrop(this.memory.readWord(o + this.fn));
    if (this.stateOf(o) === "cleared") return;
    reaper.pushDrop(this.memory.readWord(o + this.frameObject));
    reaper.pushUp(o + this.localsOffset, this.codes.localSlots(code));
  }

  private yieldsOf(o: number): number {
    if (this.embedded < 0) return this.frames.yieldsOf(this.objectOf(o));
    const first = this.codeOf(o) + this.firstInstruction;
    return (this.memory.readWord(o + this.instruction) - first) / INSTRUCTION_BYTES;
  }

  private localAddress(o: number, index: number): number {
    return this.embedded < 0
      ? this.frames.localAddress(this.objectOf(o), index)
      : o + this.localsOffset + index * this.memory.pointerBytes;
  }

  private dropLocals(o: number): void {
    const count = this.codes.localSlots(this.codeOf(o));
    for (let i = 0; i < count; i++) this.core.counts.replace(this.localAddress(o, i), 0);
  }
}
