// The trashcan: how each version keeps the deallocation of nested objects from overflowing C's stack.
// Nothing overflows here, since the reaper has a stack of its own; but what waits in the trashcan dies later and in
// another order, and finalizers and addresses show that.

import type { TrashcanProfile } from "@obmalloc/abi";
import type { GcHeads } from "../gc/heads.ts";

/**
 * Objects whose deallocation waits until C's stack has unwound, as a chain through their heads.
 *
 * `begin` and `end` stand where a deallocator enters and leaves; both are told whether the object's type takes part.
 */
export abstract class Trashcan {
  /** The first object of the chain. */
  protected later = 0;
  protected readonly heads: GcHeads;

  constructor(heads: GcHeads) {
    this.heads = heads;
  }

  /** Whether the object has to wait; if not, it is now one level deeper. */
  abstract begin(o: number, takesPart: boolean): boolean;
  /** Leaves a level. Returns whether the chain is to be emptied now. */
  abstract end(takesPart: boolean): boolean;
  /** Called around the emptying of the chain. */
  abstract enterChain(): void;
  abstract leaveChain(): void;

  /** Takes the object out of the chain that was put in last; 0 when there is none. */
  pop(): number {
    const o = this.later;
    if (o !== 0) this.later = this.heads.trashNext(o);
    return o;
  }

  protected deposit(o: number): void {
    this.heads.setTrashNext(o, this.later);
    this.later = o;
  }
}

/**
 * Up to 3.12: a counter of nested deallocations of the types that take part, with a limit of 50; the chain is emptied when
 * the outermost ends.
 *
 * @see CPython 3.11 Objects/object.c, _PyTrash_begin, _PyTrash_end
 */
class NestingTrashcan extends Trashcan {
  private nesting = 0;
  private readonly limit: number;

  constructor(heads: GcHeads, limit: number) {
    super(heads);
    this.limit = limit;
  }

  override begin(o: number, takesPart: boolean): boolean {
    if (!takesPart) return false;
    if (this.nesting >= this.limit) {
      this.deposit(o);
      return true;
    }
    this.nesting++;
    return false;
  }

  override end(takesPart: boolean): boolean {
    if (!takesPart) return false;
    this.nesting--;
    return this.later !== 0 && this.nesting <= 0;
  }

  override enterChain(): void {
    this.nesting++;
  }

  override leaveChain(): void {
    this.nesting--;
  }
}

/**
 * From 3.13 on: what is left of C's stack, counted in calls. An object waits when no more than `headroom` calls are left,
 * and the chain is emptied as soon as there is twice that.
 *
 * @see CPython 3.13 Include/cpython/object.h, Py_TRASHCAN_BEGIN
 */
class HeadroomTrashcan extends Trashcan {
  private remaining: number;
  private readonly headroom: number;

  constructor(heads: GcHeads, calls: number, headroom: number) {
    super(heads);
    this.remaining = calls;
    this.headroom = headroom;
  }

  override begin(o: number, takesPart: boolean): boolean {
    if (!takesPart) return false;
    if (this.remaining <= this.headroom) {
      this.deposit(o);
      return true;
    }
    this.remaining--;
    return false;
  }

  override end(takesPart: boolean): boolean {
    if (!takesPart) return false;
    this.remaining++;
    return this.later !== 0 && this.remaining > this.headroom * 2;
  }

  override enterChain(): void {
    this.remaining--;
  }

  override leaveChain(): void {
    this.remaining++;
  }
}

/** The trashcan of a version. */
export function makeTrashcan(heads: GcHeads, profile: TrashcanProfile): Trashcan {
  return profile.kind === "nesting"
    ? new NestingTrashcan(heads, profile.limit)
    : new HeadroomTrashcan(heads, profile.calls, profile.headroom);
}
