// Frames: what a call keeps while it runs. Up to 3.10 they are objects, kept by their code object or on a free list for
// the next call; since 3.11 a call's frame lies on the thread's stack, and only generators carry one.

import { fieldOffset, type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { FreeList } from "../core/free-list.ts";
import type { ObjectMemory } from "../core/memory.ts";
import { Clear, Dealloc, Traverse } from "../core/slots.ts";
import type { Body, Calls } from "./calls.ts";
import type { Codes } from "./codes.ts";
import { FrameObjects } from "./frame-objects.ts";

/** References of a frame object that are not locals, in the order of `tp_traverse`. */
const VISITED = ["f_back", "f_code", "f_builtins", "f_globals", "f_locals", "f_trace"] as const;

/** How far a frame has come. */
export type FrameState = "created" | "suspended" | "running" | "cleared" | "completed";

/** `f_lasti` of a frame that has not run yet, and of one that has; each `yield` takes it further by one instruction. */
const LASTI_CREATED = -1;
const LASTI_STARTED = 2;
const INSTRUCTION_BYTES = 2;

/** What a function brings to its frame. */
export interface FrameOptions {
  readonly code: number;
  readonly globals: number;
  readonly builtins: number;
  /** The first locals; the frame takes references of its own. */
  readonly locals: readonly ObjectAddress[];
}

/**
 * Frames as objects up to 3.10, and calls in all versions.
 *
 * @see CPython 3.9 Objects/frameobject.c
 */
export class Frames {
  /** Whether frames are objects. */
  readonly areObjects: boolean;
  /** Where they are not: the objects that are made for those who ask for a frame. */
  readonly objects: FrameObjects | undefined;
  private readonly core: Core;
  private readonly memory: ObjectMemory;
  private readonly codes: Codes;
  private readonly calls: Calls;
  private readonly type: ObjectAddress;
  private readonly locals: number;
  private readonly free: FreeList | undefined;
  private readonly offsets: Readonly<Record<string, number>>;

  constructor(core: Core, parts: { codes: Codes; calls: Calls }) {
    const { ground, types, reaper, traversal } = core;
    const { frame } = ground.layouts;
    this.core = core;
    this.memory = ground.memory;
    this.codes = parts.codes;
    this.calls = parts.calls;
    this.type = types.builtin.frame;
    this.offsets = frame.offsets;
    this.locals = fieldOffset(frame, "f_localsplus");
    this.areObjects = this.locals >= 0;
    const { freeLists } = ground.profile.objects;
    this.free =
      freeLists.frame && new FreeList(ground.memory, ground.statics, freeLists.frame, frame.offsets.f_back);
    parts.codes.freeZombie = (o) => core.allocation.deleteCollected(o, 0);
    this.objects = this.areObjects ? undefined : new FrameObjects(core, parts.codes);
    if (!this.areObjects) return;
    reaper.register(Dealloc.frame, { body: (o) => this.pushContent(o), finish: (o) => this.finish(o) });
    traversal.register(Traverse.frame, (o, count) => this.gather(o, count));
    core.registerClear(Clear.frame, (o) => this.clearLocals(o));
  }

  /** Runs a body in a frame of its own; the result's reference is handed to the caller. */
  run(options: FrameOptions, body: Body): ObjectAddress {
    const { counts } = this.core;
    if (this.objects !== undefined) {
      for (const local of options.locals) counts.incref(local);
      this.objects.enter(options.code);
      try {
        this.calls.onEvalBreaker();
        return this.calls.run(body, options.locals);
      } finally {
        this.objects.leave();
        for (const local of options.locals) counts.decref(local);
      }
    }
    const frame = this.new(options);
    try {
      return this.calls.run(body, options.locals);
    } finally {
      counts.decref(frame);
    }
  }

  /** A new frame object, not tracked. */
  new({ code, globals, builtins, locals }: FrameOptions): ObjectAddress {
    const { counts } = this.core;
    const o = this.allocate(code);
    const put = (name: string, value: number) => {
      if (value !== 0) counts.incref(value);
      this.memory.writeWord(o + this.offsets[name]!, value);
    };
    put("f_code", code);
    put("f_globals", globals);
    put("f_builtins", builtins);
    const { pointerBytes } = this.memory;
    const localSlots = this.codes.localSlots(code);
    locals.slice(0, localSlots).forEach((local, i) => {
      counts.incref(local);
      this.memory.writeWord(o + this.locals + i * pointerBytes, local);
    });
    this.memory.writeWord(o + this.offsets.f_valuestack!, o + this.locals + localSlots * pointerBytes);
    this.memory.writeInt(o + this.offsets.f_lasti!, LASTI_CREATED);
    this.setState(o, "created");
    return o;
  }

  /** Tracks a frame, as one that a generator keeps is. */
  track(o: number): void {
    this.core.heads.track(o, this.core.state.lists[0]!);
  }

  /** Where the local in that place stands. */
  localAddress(o: number, index: number): number {
    return o + this.locals + index * this.memory.pointerBytes;
  }

  /** Places for locals and cells. */
  localCount(o: number): number {
    return this.codes.localSlots(this.memory.readWord(o + this.offsets.f_code!));
  }

  /** Sets which generator the frame belongs to; a borrowed reference. */
  setGenerator(o: number, generator: number): void {
    this.memory.writeWord(o + this.offsets.f_gen!, generator);
  }

  /** How far a frame object of a generator has come. */
  stateOf(o: number): FrameState {
    const field = this.offsets.f_state;
    if (field !== undefined) {
      const value = (this.memory.bytes[o + field]! << 24) >> 24;
      const { frameStates } = this.core.ground.profile.objects;
      const found = (Object.keys(frameStates) as FrameState[]).find((state) => frameStates[state] === value);
      return found ?? "cleared";
    }
    if (this.memory.bytes[o + this.offsets.f_executing!] !== 0) return "running";
    return this.memory.readSigned(o + this.offsets.f_lasti!) === LASTI_CREATED ? "created" : "suspended";
  }

  setState(o: number, state: FrameState): void {
    const field = this.offsets.f_state;
    if (field !== undefined) {
      this.memory.bytes[o + field] = this.core.ground.profile.objects.frameStates[state]!;
    } else {
      this.memory.bytes[o + this.offsets.f_executing!] = state === "running" ? 1 : 0;
    }
    const isStarted = this.memory.readSigned(o + this.offsets.f_lasti!) !== LASTI_CREATED;
    if (state !== "created" && !isStarted) this.memory.writeInt(o + this.offsets.f_lasti!, LASTI_STARTED);
  }

  /** How often a generator's frame that has started has yielded. */
  yieldsOf(o: number): number {
    return (this.memory.readSigned(o + this.offsets.f_lasti!) - LASTI_STARTED) / INSTRUCTION_BYTES;
  }

  /** One more `yield`. */
  countYield(o: number): void {
    const lasti = o + this.offsets.f_lasti!;
    this.memory.writeInt(lasti, this.memory.readSigned(lasti) + INSTRUCTION_BYTES);
  }

  /** `frame.__sizeof__`: the object with places for locals and values. */
  sizeOf(slots: number): number {
    const { types } = this.core;
    const basic = types.slot(this.type, types.basicsize);
    // the first local is counted in up to 3.10
    return basic + Math.max(slots - (this.areObjects ? 1 : 0), 0) * this.memory.pointerBytes;
  }

  /** Empties the free list, as a full collection does. */
  clearFreeList(): void {
    this.free?.drain((o) => this.core.allocation.deleteCollected(o, 0));
  }

  private allocate(code: number): ObjectAddress {
    const { allocation, ground } = this.core;
    const slots = this.codes.frameSlots(code);
    const bytes = this.locals + Math.max(slots, 1) * this.memory.pointerBytes;
    const zombie = this.codes.zombie(code);
    let o: ObjectAddress;
    if (zombie !== 0) {
      this.codes.setZombie(code, 0);
      o = allocation.reviveCollected(zombie, this.type);
    } else {
      const dead = this.free?.pop() ?? 0;
      if (dead === 0) {
        o = allocation.newCollected(this.type, bytes, 0);
      } else {
        allocation.index.addCollected(dead);
        const fits = this.memory.readWord(dead + this.offsets.ob_size!) >= slots;
        o = fits ? objectAddress(dead) : allocation.resizeCollected(dead, bytes);
        allocation.reviveCollected(o, this.type);
      }
    }
    const size = ground.layouts.object.sizeBytes;
    this.memory.clear(o + size, bytes - size);
    this.memory.writeWord(o + this.offsets.ob_size!, slots);
    return o;
  }

  private gather(o: number, count: number): number {
    const { traversal } = this.core;
    let end = count;
    for (const name of VISITED) end = traversal.add(this.memory.readWord(o + (this.offsets[name] ?? 0)), end);
    return traversal.pointers(o + this.locals, this.localCount(o), end);
  }

  private clearLocals(o: number): void {
    const count = this.localCount(o);
    for (let i = 0; i < count; i++) this.core.counts.replace(this.localAddress(o, i), 0);
  }

  private pushContent(o: number): void {
    const { reaper } = this.core;
    for (const name of ["f_trace", "f_locals", "f_globals", "f_builtins", "f_back"]) {
      reaper.pushDrop(this.memory.readWord(o + this.offsets[name]!));
    }
    reaper.pushUp(o + this.locals, this.localCount(o));
  }

  private finish(o: number): void {
    const { allocation, counts } = this.core;
    const code = this.memory.readWord(o + this.offsets.f_code!);
    if (this.codes.zombie(code) === 0) {
      allocation.index.removeCollected(o);
      this.codes.setZombie(code, o);
    } else if (this.free?.push(o)) {
      allocation.index.removeCollected(o);
    } else {
      allocation.deleteCollected(o, 0);
    }
    counts.decref(code);
  }
}
