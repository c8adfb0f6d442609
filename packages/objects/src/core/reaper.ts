// What happens to an object whose count becomes 0. C recurses: each deallocator drops what its object held, and that may
// call the next one. Here the pending work of all of them lies on one stack, so that depth costs memory only, while the
// order of every drop and free stays C's.

import { type ObjectLayouts, type TrashcanProfile, TypeFlag } from "@obmalloc/abi";
import type { GcHeads } from "../gc/heads.ts";
import type { Counts } from "./counts.ts";
import type { DomainAllocator } from "./domains.ts";
import type { ObjectIndex } from "./object-index.ts";
import { Dealloc, FIRST_USER_FUNCTION } from "./slots.ts";
import type { Ground } from "./state.ts";
import { makeTrashcan, type Trashcan } from "./trashcan.ts";
import type { TypeObjects } from "./types.ts";

/** How the objects of one deallocator die. */
export interface Mortal {
  /** Runs finalizers and the like. Returns false when the object lives on. */
  prepare?(o: number): boolean;
  /** Puts on the reaper's stack what the object holds; what is to be dropped first comes last. */
  body(o: number): void;
  /** Frees the object, or keeps it on a free list. */
  finish(o: number): void;
}

/** Entries of the stack: what to do, and two operands. */
const Op = {
  /** Drop the object. */
  drop: 0,
  /** Drop the objects that the pointers below the address point to, down to the second address. */
  down: 1,
  /** Drop the objects that the pointers from the address on point to, up to the second address. */
  up: 2,
  /** The same for every second pointer: entries of a set. */
  upKeys: 3,
  /** The same for the second and third of three pointers: entries of a dict. */
  upEntries: 4,
  /** Free the object; the second operand is its deallocator. */
  finish: 5,
  /** The same, and leave its level of the trashcan. */
  finishAndLeave: 6,
  /** Leave a level of the trashcan. */
  leave: 7,
  /** Free a block of the mem domain, or of the object domain when the second operand is 1. */
  free: 8,
  /** Drop a reference to a dict's keys. */
  keys: 9,
  /** Free a dict's keys. */
  freeKeys: 10,
  /** Empty the trashcan. */
  chain: 11,
  /** Let the object die: its count is 0. */
  begin: 12,
} as const;

const ENTRY_WORDS = 3;
/** So deep may functions of users that drop references call each other through here; what comes later waits. */
const MAX_DEPTH = 200;

export class Reaper {
  /** Drops a reference to keys that dicts may share, and frees keys that are empty; set by the dicts. */
  dropKeys: (keys: number) => void = () => {};
  freeKeys: (keys: number) => void = () => {};
  /** An entry of a set that stands for one that was removed; set by the sets. */
  dummy = 0;
  readonly trashcan: Trashcan;
  private readonly mortals: Mortal[] = [];
  private readonly takesPart = new Uint8Array(FIRST_USER_FUNCTION);
  private readonly takesPartElsewhere: boolean;
  private readonly heads: GcHeads;
  private readonly index: ObjectIndex;
  private readonly counts: Counts;
  private readonly mem: DomainAllocator;
  private readonly object: DomainAllocator;
  private readonly obType: number;
  private readonly tpDealloc: number;
  private readonly tpBase: number;
  private readonly pointerBytes: number;
  private readonly layouts: ObjectLayouts;
  declare private words: Uint32Array;
  private stack = new Uint32Array(1024 * ENTRY_WORDS);
  private top = 0;
  private depth = 0;

  constructor(ground: Ground, types: TypeObjects, heads: GcHeads, counts: Counts) {
    const { profile, memory, domains } = ground;
    this.heads = heads;
    this.index = ground.index;
    this.counts = counts;
    this.mem = domains.mem;
    this.object = domains.object;
    this.layouts = ground.layouts;
    this.obType = types.obType;
    this.tpDealloc = types.dealloc;
    this.tpBase = types.base;
    this.pointerBytes = memory.pointerBytes;
    this.trashcan = makeTrashcan(heads, profile.objects.trashcan);
    this.takesPartElsewhere = profile.objects.trashcan.types === "collected";
    this.markParticipants(profile.objects.trashcan, types);
    memory.use(({ words }) => {
      this.words = words;
    });
    counts.onZero = (o) => this.reap(o);
  }

  /** Says how the objects of a deallocator of slots.ts die. */
  register(dealloc: number, mortal: Mortal): void {
    this.mortals[dealloc] = mortal;
  }

  /** Lets an object die whose count is 0. */
  reap(o: number): void {
    if (this.depth === MAX_DEPTH) {
      this.push(Op.begin, o, 0);
      return;
    }
    const floor = this.top;
    this.depth++;
    try {
      this.begin(o);
      if (this.top > floor) this.run(floor);
    } finally {
      this.depth--;
    }
  }

  /** The address of the deallocator of a type's nearest base that is no class. */
  baseDealloc(type: number): number {
    const words = this.words;
    let base = type;
    let dealloc = words[(base + this.tpDealloc) >>> 2]!;
    while (dealloc === Dealloc.subtype) {
      base = words[(base + this.tpBase) >>> 2]!;
      dealloc = words[(base + this.tpDealloc) >>> 2]!;
    }
    return dealloc;
  }

  /** How the objects of a deallocator die. */
  mortal(dealloc: number): Mortal {
    return this.mortals[dealloc]!;
  }

  pushDrop(o: number): void {
    if (o !== 0) this.push(Op.drop, o, 0);
  }

  /** Drops the `count` objects that the pointers from `address` on point to, last first. */
  pushDown(address: number, count: number): void {
    if (count > 0) this.push(Op.down, address + count * this.pointerBytes, address);
  }

  /** Drops the `count` objects that the pointers from `address` on point to, first first. */
  pushUp(address: number, count: number): void {
    if (count > 0) this.push(Op.up, address, address + count * this.pointerBytes);
  }

  /** Drops the keys of the entries of a set's table. */
  pushSetEntries(address: number, count: number): void {
    this.push(Op.upKeys, address, address + count * this.layouts.setEntry.sizeBytes);
  }

  /** Drops keys and values of the entries of a dict's table. */
  pushDictEntries(address: number, count: number): void {
    if (count > 0) this.push(Op.upEntries, address, address + count * this.layouts.dictEntry.sizeBytes);
  }

  pushFreeMem(block: number): void {
    if (block !== 0) this.push(Op.free, block, 0);
  }

  pushFreeObject(block: number): void {
    if (block !== 0) this.push(Op.free, block, 1);
  }

  pushKeys(keys: number): void {
    this.push(Op.keys, keys, 0);
  }

  pushFreeKeys(keys: number): void {
    this.push(Op.freeKeys, keys, 0);
  }

  pushFinish(o: number, dealloc: number): void {
    this.push(Op.finish, o, dealloc);
  }

  /** Does at once what was pushed since `floor`; for who drops without dying. */
  drain(floor: number): void {
    this.run(floor);
  }

  /** The present height of the stack, for {@link drain}. */
  get height(): number {
    return this.top;
  }

  private begin(o: number): void {
    const words = this.words;
    const type = words[(o + this.obType) >>> 2]!;
    const dealloc = words[(type + this.tpDealloc) >>> 2]!;
    if (dealloc < Dealloc.tuple) {
      this.mortals[dealloc]!.finish(o); // holds nothing
      return;
    }
    const isKnown = this.index.isCollected(o);
    if (isKnown && this.heads.isTracked(o)) this.heads.untrack(o);
    const takesPart =
      dealloc < FIRST_USER_FUNCTION ? this.takesPart[dealloc]! : isKnown && this.takesPartElsewhere ? 1 : 0;
    if (takesPart !== 0 && this.trashcan.begin(o, true)) return;
    const mortal = this.mortals[Math.min(dealloc, FIRST_USER_FUNCTION)]!;
    if (mortal.prepare !== undefined && !mortal.prepare(o)) {
      if (takesPart !== 0) this.leave();
      return;
    }
    this.push(takesPart !== 0 ? Op.finishAndLeave : Op.finish, o, dealloc);
    mortal.body(o);
  }

  private leave(): void {
    if (this.trashcan.end(true)) {
      this.trashcan.enterChain();
      this.push(Op.chain, 0, 0);
    }
  }

  private run(floor: number): void {
    while (this.top > floor) {
      const entry = this.top - ENTRY_WORDS;
      const stack = this.stack;
      const a = stack[entry + 1]!;
      switch (stack[entry]) {
        case Op.drop:
          this.top = entry;
          if (this.counts.decrefOnly(a)) this.begin(a);
          break;
        case Op.down:
          this.runDown(entry, a, stack[entry + 2]!);
          break;
        case Op.up:
          this.runUp(entry, a, stack[entry + 2]!, this.pointerBytes, 0, 0);
          break;
        case Op.upKeys:
          this.runUp(entry, a, stack[entry + 2]!, 2 * this.pointerBytes, 0, this.dummy);
          break;
        case Op.upEntries:
          this.runEntries(entry, a, stack[entry + 2]!);
          break;
        default:
          this.runRare(entry, a);
      }
    }
  }

  private runRare(entry: number, a: number): void {
    const b = this.stack[entry + 2]!;
    const op = this.stack[entry]!;
    if (op === Op.chain) {
      this.runChain(entry);
      return;
    }
    this.top = entry;
    if (op === Op.finish || op === Op.finishAndLeave) {
      this.mortals[Math.min(b, FIRST_USER_FUNCTION)]!.finish(a);
      if (op === Op.finishAndLeave) this.leave();
    } else if (op === Op.free) {
      (b === 0 ? this.mem : this.object).free(a);
    } else if (op === Op.keys) {
      this.dropKeys(a);
    } else if (op === Op.freeKeys) {
      this.freeKeys(a);
    } else if (op === Op.begin) {
      this.begin(a);
    } else {
      this.leave();
    }
  }

  private runChain(entry: number): void {
    const o = this.trashcan.pop();
    if (o === 0) {
      this.top = entry;
      this.trashcan.leaveChain();
    } else {
      this.begin(o);
    }
  }

  /** Drops pointers from `end` down to `start`, until one of the objects needs the stack. */
  private runDown(entry: number, end: number, start: number): void {
    const { pointerBytes } = this;
    for (let at = end - pointerBytes; at >= start; at -= pointerBytes) {
      const o = this.words[at >>> 2]!;
      if (o !== 0 && this.counts.decrefOnly(o)) {
        this.stack[entry + 1] = at;
        if (at === start) this.top = entry; // the last one: the entry is done
        this.begin(o);
        if (at === start || this.top !== entry + ENTRY_WORDS) return;
      }
    }
    this.top = entry;
  }

  private runUp(
    entry: number,
    start: number,
    end: number,
    stride: number,
    offset: number,
    skip: number,
  ): void {
    for (let at = start; at < end; at += stride) {
      const o = this.words[(at + offset) >>> 2]!;
      if (o !== 0 && o !== skip && this.counts.decrefOnly(o)) {
        this.stack[entry + 1] = at + stride;
        this.begin(o);
        if (this.top !== entry + ENTRY_WORDS) return;
      }
    }
    this.top = entry;
  }

  /** Entries of three words: a hash, a key, a value. The operand counts in words, so that it can stop in between. */
  private runEntries(entry: number, start: number, end: number): void {
    const { pointerBytes } = this;
    const entryBytes = 3 * pointerBytes;
    for (let at = start; at < end; at += pointerBytes) {
      if ((end - at) % entryBytes === 0) continue; // the hash
      const o = this.words[at >>> 2]!;
      if (o !== 0 && this.counts.decrefOnly(o)) {
        this.stack[entry + 1] = at + pointerBytes;
        this.begin(o);
        if (this.top !== entry + ENTRY_WORDS) return;
      }
    }
    this.top = entry;
  }

  private push(op: number, a: number, b: number): void {
    const { top } = this;
    if (top + ENTRY_WORDS > this.stack.length) {
      const larger = new Uint32Array(this.stack.length * 2);
      larger.set(this.stack);
      this.stack = larger;
    }
    const { stack } = this;
    stack[top] = op;
    stack[top + 1] = a;
    stack[top + 2] = b;
    this.top = top + ENTRY_WORDS;
  }

  private markParticipants({ types: participants }: TrashcanProfile, types: TypeObjects): void {
    const { builtin } = types;
    for (const [address, { flags }] of types.specs) {
      const dealloc = types.slot(address, types.dealloc);
      const isCollected = (flags & TypeFlag.HAVE_GC) !== 0;
      const isNamed =
        participants === "collected"
          ? isCollected
          : participants.some((name) => name !== "subtype" && builtin[name] === address);
      if (isNamed) this.takesPart[dealloc] = 1;
    }
    if (participants === "collected" || participants.includes("subtype")) this.takesPart[Dealloc.subtype] = 1;
  }
}
