// The parts that every kind of object is built on, made in the order in which they need each other.

import { type ObjectAddress, objectAddress, objectLayouts, type Profile, TypeFlag } from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";
import { CheckedCounts, Ledger } from "../debug/ledger.ts";
import { CountedHeads } from "../gc/counted-heads.ts";
import { GcState } from "../gc/gc-state.ts";
import type { GcHeads } from "../gc/heads.ts";
import { SpacedHeads } from "../gc/spaced-heads.ts";
import { TaggedHeads } from "../gc/tagged-heads.ts";
import { Allocation } from "./allocation.ts";
import { Counts } from "./counts.ts";
import type { Domains } from "./domains.ts";
import { ObjectMemory } from "./memory.ts";
import { ObjectIndex } from "./object-index.ts";
import { Reaper } from "./reaper.ts";
import { Dealloc, FIRST_FIELDS_FUNCTION, FIRST_USER_FUNCTION, UserFunctions } from "./slots.ts";
import type { Ground } from "./state.ts";
import { StaticMemory } from "./static-memory.ts";
import { Traversal } from "./traversal.ts";
import { TypeObjects } from "./types.ts";

/** Options of {@link Core}. */
export interface CoreOptions {
  readonly profile: Profile;
  readonly memory: LinearMemory;
  readonly domains: Domains;
  /** Whether reference counts are checked, and what happens to each object is remembered. */
  readonly isDebugged?: boolean;
}

/** What a `tp_clear` or a `tp_finalize` does with one object. */
type SlotFunction = (o: number) => void;

/** Memory, types, counts, heads, allocation, deallocation, traversal. */
export class Core {
  readonly ground: Ground;
  readonly types: TypeObjects;
  readonly users = new UserFunctions();
  readonly heads: GcHeads;
  readonly state: GcState;
  readonly counts: Counts;
  /** What happened to each object; in debug mode only. */
  readonly ledger: Ledger | undefined;
  readonly allocation: Allocation;
  readonly reaper: Reaper;
  readonly traversal: Traversal;
  /** Receives what a finalizer of a user's throws; set by the calls. */
  onFinalizeError: (o: ObjectAddress, error: unknown) => void = () => {};
  private readonly clears: SlotFunction[] = [];
  private readonly finalizers: SlotFunction[] = [];
  private readonly preHeader: number;

  constructor(options: CoreOptions) {
    const { profile, domains } = options;
    const layouts = objectLayouts(profile);
    const memory = new ObjectMemory(options.memory, profile.model);
    const statics = new StaticMemory(memory, domains.raw);
    this.ground = { profile, layouts, memory, domains, statics, index: new ObjectIndex(memory) };
    const { gc, immortality } = profile.objects;
    this.types = new TypeObjects(this.ground);
    this.heads = makeHeads(memory, gc, layouts.gcHead.sizeBytes);
    this.state = new GcState(this.ground, this.heads, gc.thresholds);
    this.ledger = options.isDebugged === true ? new Ledger() : undefined;
    this.counts =
      this.ledger === undefined
        ? new Counts(memory, immortality)
        : new CheckedCounts(this.ledger, this.ground.index, memory, immortality);
    this.allocation = new Allocation(this.ground, this.heads, this.state, gc.counts === "allocations");
    this.watchLives();
    this.reaper = new Reaper(this.ground, this.types, this.heads, this.counts);
    this.traversal = new Traversal(this.ground, this.types, this.users);
    this.preHeader = profile.objects.preHeader.words * memory.pointerBytes;
    this.reaper.register(Dealloc.object, { body: () => {}, finish: (o) => this.free(o) });
    this.reaper.register(Dealloc.never, { body: () => {}, finish: (o) => this.counts.makeImmortal(o) });
  }

  /** Tells the ledger of objects that come and go. */
  private watchLives(): void {
    const { ledger, ground, types } = this;
    if (ledger === undefined) return;
    ground.index.onAdd = (o) => ledger.made(o, types.nameOf(types.of(o)));
    ground.index.onRemove = (o) => ledger.freed(o);
  }

  /** A head without an object, to be a list's. C has such heads on its stack. */
  newListHead(): number {
    const list = this.ground.statics.allocate(this.heads.headBytes);
    this.heads.initList(list);
    return list;
  }

  /** Bytes in front of the collector's head of the objects of `type`. */
  preHeaderBytes(type: number): number {
    const managed = TypeFlag.MANAGED_DICT | TypeFlag.MANAGED_WEAKREF;
    return (this.types.flags(type) & managed) === 0 ? 0 : this.preHeader;
  }

  /** Frees a dead object (`tp_free`). */
  free(o: number): void {
    if (this.ground.index.isCollected(o)) {
      this.allocation.deleteCollected(o, this.preHeaderBytes(this.types.of(o)));
    } else {
      this.allocation.deletePlain(o);
    }
  }

  /** Says what a clear function of slots.ts does. */
  registerClear(clear: number, fn: SlotFunction): void {
    this.clears[clear] = fn;
  }

  /** Calls a `tp_clear`; 0 for none. */
  callClear(clear: number, o: number): void {
    if (clear === 0) return;
    if (clear >= FIRST_USER_FUNCTION) this.users.get<"clear">(clear)(objectAddress(o));
    else if (clear >= FIRST_FIELDS_FUNCTION) this.clearFields(clear - FIRST_FIELDS_FUNCTION, o);
    else this.clears[clear]!(o);
  }

  /** Says what a finalizer of slots.ts does. */
  registerFinalize(finalize: number, fn: SlotFunction): void {
    this.finalizers[finalize] = fn;
  }

  /** Calls a `tp_finalize`; 0 for none. */
  callFinalize(finalize: number, o: number): void {
    if (finalize === 0) return;
    if (finalize >= FIRST_USER_FUNCTION) this.users.get<"finalize">(finalize)(objectAddress(o));
    else this.finalizers[finalize]!(o);
  }

  /** Calls an object's `tp_finalize` unless it was called before (`PyObject_CallFinalizer`). */
  finalizeOnce(o: number): void {
    const { heads, types } = this;
    const type = types.of(o);
    const finalize = types.slot(type, types.finalize);
    if (finalize === 0) return;
    const isCollected = this.ground.index.isCollected(o);
    if (isCollected && heads.isFinalized(o)) return;
    if (isCollected) heads.setFinalized(o);
    try {
      this.callFinalize(finalize, o);
    } catch (error) {
      this.onFinalizeError(objectAddress(o), error);
    }
  }

  /**
   * Finalizes an object whose count is 0 (`PyObject_CallFinalizerFromDealloc`).
   *
   * @returns false when the finalizer made a reference to it, so that it lives on.
   */
  finalizeFromDealloc(o: number): boolean {
    const { counts } = this;
    counts.setCount(o, 1);
    this.finalizeOnce(o);
    const left = counts.count(o) - 1;
    counts.setCount(o, left);
    return left === 0;
  }

  /** Sets the fields of a row of the field tables to NULL, one after the other, and drops what was in them. */
  private clearFields(row: number, o: number): void {
    for (const offset of this.types.fields.clears[row]!) this.counts.replace(o + offset, 0);
  }
}

function makeHeads(
  memory: ObjectMemory,
  { heads, collector }: Profile["objects"]["gc"],
  headBytes: number,
): GcHeads {
  if (heads === "counted") return new CountedHeads(memory, headBytes);
  return collector === "incremental" ? new SpacedHeads(memory) : new TaggedHeads(memory);
}
