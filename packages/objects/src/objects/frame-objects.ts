// Frame objects since 3.11. A frame is no object then; one is made for whoever asks, as a traceback does, and takes over
// what the frame holds if it outlives it.

import { fieldOffset, type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Clear, Dealloc, Traverse } from "../core/slots.ts";
import type { Codes } from "./codes.ts";

/** `owner` of a frame that belongs to its frame object (`FRAME_OWNED_BY_FRAME_OBJECT`). */
const OWNED_BY_FRAME_OBJECT = 2;

/** A function or a generator that runs. */
interface Running {
  readonly code: number;
  /** Where a generator's frame names its frame object; 0 for a call, whose frame lies on the thread's stack. */
  readonly field: number;
  frameObject: number;
}

/**
 * Frame objects, and which functions run.
 *
 * @see CPython 3.13 Python/frame.c, Objects/frameobject.c
 */
export class FrameObjects {
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly codes: Codes;
  private readonly type: ObjectAddress;
  /** Offsets in the frame object, and from it to the fields of the frame that it may own. */
  private readonly offsets: Readonly<Record<string, number>>;
  private readonly data: number;
  private readonly owner: number;
  private readonly owned: { readonly code: number; readonly fn: number; readonly locals: number };
  private readonly running: Running[] = [];

  constructor(core: Core, codes: Codes) {
    const { ground, types, reaper, traversal } = core;
    const { frame, interpreterFrame } = ground.layouts;
    this.core = core;
    this.memory = ground.memory;
    this.codes = codes;
    this.type = types.builtin.frame;
    this.offsets = frame.offsets;
    this.data = fieldOffset(frame, "_f_frame_data");
    this.owner = this.data + interpreterFrame.offsets.owner;
    const field = (...names: string[]) =>
      this.data + Math.max(...names.map((name) => fieldOffset(interpreterFrame, name)));
    this.owned = {
      code: field("f_executable", "f_code"),
      fn: field("f_funcobj", "f_func"),
      locals: field("localsplus"),
    };
    reaper.register(Dealloc.frame, { body: (o) => this.pushContent(o), finish: (o) => this.finish(o) });
    traversal.register(Traverse.frame, (o, count) => this.gather(o, count));
    core.registerClear(Clear.frame, (o) => this.clearLocals(o));
  }

  /** A function starts to run; `field` is where a generator names its frame object. */
  enter(code: number, field = 0): void {
    const frameObject = field === 0 ? 0 : this.memory.readWord(field);
    this.running.push({ code, field, frameObject });
  }

  /** The innermost function ends, or waits; a call's frame object goes with it. */
  leave(): void {
    const { field, frameObject } = this.running.pop()!;
    if (field === 0) this.core.counts.xdecref(frameObject);
  }

  /** The frame object of the innermost function that runs, borrowed; 0 when none does. */
  ofInnermost(): ObjectAddress {
    const innermost = this.running.at(-1);
    if (innermost === undefined) return objectAddress(0);
    if (innermost.frameObject === 0) {
      const frameObject = this.new(innermost.code);
      innermost.frameObject = frameObject;
      if (innermost.field !== 0) this.memory.writeWord(innermost.field, frameObject);
    }
    return objectAddress(innermost.frameObject);
  }

  /**
   * Gives what a generator's frame holds to the frame object `o`, since somebody keeps that (`take_ownership`).
   *
   * @param fn where the frame has its function, and `locals` where its locals are: all of that changes hands. The code
   * object gets another reference.
   */
  take(o: number, code: number, fn: number, locals: number): void {
    const { counts, heads, state } = this.core;
    const { memory, owned } = this;
    counts.incref(code);
    memory.writeWord(o + owned.code, code);
    memory.writeWord(o + owned.fn, memory.readWord(fn));
    memory.writeWord(fn, 0);
    const count = this.codes.localSlots(code);
    for (let i = 0; i < count; i++) {
      const offset = i * memory.pointerBytes;
      memory.writeWord(o + owned.locals + offset, memory.readWord(locals + offset));
      memory.writeWord(locals + offset, 0);
    }
    memory.bytes[o + this.owner] = OWNED_BY_FRAME_OBJECT;
    const caller = this.ofInnermost();
    counts.xincref(caller);
    memory.writeWord(o + this.offsets.f_back!, caller);
    heads.track(o, state.lists[0]!);
  }

  /** A new frame object over a frame that somebody else owns; not tracked (`_PyFrame_New_NoTrack`). */
  private new(code: number): ObjectAddress {
    const { allocation, ground } = this.core;
    const sizeBytes = this.owned.locals + this.codes.frameSlots(code) * this.memory.pointerBytes;
    const o = allocation.newCollected(this.type, sizeBytes, 0);
    const headBytes = ground.layouts.object.sizeBytes;
    this.memory.clear(o + headBytes, sizeBytes - headBytes);
    return o;
  }

  private owns(o: number): boolean {
    return this.memory.bytes[o + this.owner] === OWNED_BY_FRAME_OBJECT;
  }

  private gather(o: number, count: number): number {
    const { traversal } = this.core;
    const { memory, owned } = this;
    let end = traversal.add(memory.readWord(o + this.offsets.f_back!), count);
    end = traversal.add(memory.readWord(o + this.offsets.f_trace!), end);
    if (!this.owns(o)) return end;
    const code = memory.readWord(o + owned.code);
    end = traversal.add(memory.readWord(o + owned.fn), end);
    end = traversal.add(code, end);
    return traversal.pointers(o + owned.locals, this.codes.localSlots(code), end);
  }

  private clearLocals(o: number): void {
    if (!this.owns(o)) return;
    const count = this.codes.localSlots(this.memory.readWord(o + this.owned.code));
    for (let i = 0; i < count; i++) {
      this.core.counts.replace(o + this.owned.locals + i * this.memory.pointerBytes, 0);
    }
  }

  private pushContent(o: number): void {
    const { reaper } = this.core;
    const { memory, owned } = this;
    reaper.pushDrop(memory.readWord(o + this.offsets.f_trace!));
    reaper.pushDrop(memory.readWord(o + this.offsets.f_back!));
    if (!this.owns(o)) return;
    reaper.pushUp(o + owned.locals, this.codes.localSlots(memory.readWord(o + owned.code)));
    reaper.pushDrop(memory.readWord(o + owned.fn));
  }

  private finish(o: number): void {
    const code = this.owns(o) ? objectAddress(this.memory.readWord(o + this.owned.code)) : 0;
    this.core.allocation.deleteCollected(o, 0);
    this.core.counts.xdecref(code);
  }
}
