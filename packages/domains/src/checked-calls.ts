// Calls through the functions of an allocator that the program brought, with everything looked at that it can get wrong.

import {
  DamagedMemoryError,
  type DataModel,
  formatAddress,
  isSize,
  NotABlockError,
  NULL,
} from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";
import type { AllocatorCall, DomainName, StoredAllocator } from "./allocator.ts";
import type { BlockLedger, OwnedBlock } from "./block-ledger.ts";
import { type Calls, isProduct } from "./calls.ts";
import { type AllocatorFault, BadAllocatorError, callText, FatalMemoryError } from "./errors.ts";

/**
 * How often an allocator may come back to its own domain before the first call ends. A hook that allocates for itself
 * and notices that it does is fine, as in C; one that does not notice would never end.
 */
const MAX_DEPTH = 64;

export interface CheckedCallsOptions {
  readonly name: DomainName;
  readonly model: DataModel;
  readonly linear: LinearMemory;
  /** Of every address that is handed out. */
  readonly alignmentBytes: number;
  /** Where the blocks of foreign allocators are written down, those of all domains. */
  readonly ledger: BlockLedger;
  readonly allocator: StoredAllocator;
  /** Whether it is an allocator of the program's own, so that its blocks are to be written down. */
  readonly isForeign: boolean;
  /** Called when the ledger has become empty: nothing needs these checks any more, unless the allocator is foreign. */
  onSettled(): void;
}

/**
 * Calls of a domain whose allocator the program set, or has set before and left blocks of.
 *
 * Errors. NULL where C returns NULL. {@link BadAllocatorError} when the allocator breaks its contract; what the debug
 * hooks find comes as `FatalMemoryError`.
 */
export class CheckedCalls<A extends number> implements Calls<A> {
  private readonly options: CheckedCallsOptions;
  private depth = 0;

  constructor(options: CheckedCallsOptions) {
    this.options = options;
  }

  malloc(sizeBytes: number): A {
    if (!isSize(sizeBytes, this.options.model)) return NULL as number as A;
    const hook = this.hook();
    if (++this.depth > MAX_DEPTH) throw this.endless("malloc", [sizeBytes]);
    let p: number;
    try {
      p = hook.malloc(hook.ctx, sizeBytes);
    } catch (error) {
      throw this.blame("malloc", [sizeBytes], error);
    } finally {
      this.depth--;
    }
    if (p === 0) return p as A;
    this.checkAddress("malloc", [sizeBytes], p);
    if (this.options.isForeign) this.options.ledger.add(this.options.name, hook, p, sizeBytes);
    return p as A;
  }

  calloc(nelem: number, elsize: number): A {
    if (!isProduct(nelem, elsize, this.options.model)) return NULL as number as A;
    const hook = this.hook();
    if (++this.depth > MAX_DEPTH) throw this.endless("calloc", [nelem, elsize]);
    let p: number;
    try {
      p = hook.calloc(hook.ctx, nelem, elsize);
    } catch (error) {
      throw this.blame("calloc", [nelem, elsize], error);
    } finally {
      this.depth--;
    }
    if (p === 0) return p as A;
    this.checkAddress("calloc", [nelem, elsize], p);
    if (this.options.isForeign) this.options.ledger.add(this.options.name, hook, p, nelem * elsize);
    return p as A;
  }

  realloc(old: A, sizeBytes: number): A {
    if (!isSize(sizeBytes, this.options.model)) return NULL as number as A;
    const hook = this.hook();
    const owned = this.options.ledger.at(old);
    if (owned !== undefined) this.refuseStranger(owned, "realloc", [old, sizeBytes]);
    if (++this.depth > MAX_DEPTH) throw this.endless("realloc", [old, sizeBytes]);
    let p: number;
    try {
      p = hook.realloc(hook.ctx, old, sizeBytes);
    } catch (error) {
      throw this.blame("realloc", [old, sizeBytes], error);
    } finally {
      this.depth--;
    }
    if (p === 0) return p as A;
    this.checkAddress("realloc", [old, sizeBytes], p);
    this.options.ledger.delete(old);
    if (this.options.isForeign) this.options.ledger.add(this.options.name, hook, p, sizeBytes);
    return p as A;
  }

  free(p: A): void {
    const hook = this.hook();
    const owned = this.options.ledger.at(p);
    if (owned !== undefined) this.refuseStranger(owned, "free", [p]);
    if (++this.depth > MAX_DEPTH) throw this.endless("free", [p]);
    try {
      hook.free(hook.ctx, p);
    } catch (error) {
      throw this.blame("free", [p], error);
    } finally {
      this.depth--;
    }
    this.options.ledger.delete(p);
  }

  /** The allocator to call. Once no foreign block is left, the calls to come go a shorter way. */
  private hook(): StoredAllocator {
    const { allocator, isForeign, ledger } = this.options;
    if (!isForeign && ledger.size === 0) this.options.onSettled();
    return allocator;
  }

  private checkAddress(call: AllocatorCall, args: readonly number[], p: number): void {
    if (p % this.options.alignmentBytes === 0 && p > 0 && this.isOurs(p)) return;
    if (!Number.isInteger(p) || p < 0) {
      throw this.bad(call, args, "not-an-address", `it returned ${String(p)}, which is no address.`, 0);
    }
    const where = formatAddress(p);
    if (p % this.options.alignmentBytes !== 0) {
      const wanted = `addresses have to be multiples of ${this.options.alignmentBytes}`;
      throw this.bad(call, args, "misaligned", `it returned ${where}; ${wanted}.`, p);
    }
    const end = formatAddress(this.options.linear.byteLength);
    throw this.bad(
      call,
      args,
      "foreign",
      `it returned ${where}, outside the memory, which ends at ${end}.`,
      p,
    );
  }

  private isOurs(p: number): boolean {
    const { linear } = this.options;
    if (p < linear.startAddress) return false;
    return p < linear.byteLength || (linear.refresh() && p < linear.byteLength);
  }

  /** Ends in an error when a block goes to an allocator that cannot know it. */
  private refuseStranger(owned: OwnedBlock, call: AllocatorCall, args: readonly number[]): void {
    const { isForeign, allocator } = this.options;
    if (isForeign || owned.allocator === allocator) return;
    const block = `${formatAddress(args[0]!)} (${owned.sizeBytes} bytes)`;
    throw this.bad(
      call,
      args,
      "not-its-block",
      `the block ${block} belongs to ${owned.allocator.name}, which is not set any more.`,
      args[0]!,
      ["Set that allocator again before its blocks are freed or resized."],
    );
  }

  private endless(call: AllocatorCall, args: readonly number[]): BadAllocatorError {
    this.depth--;
    const what = `it calls its own domain again and again, ${MAX_DEPTH} calls deep now.`;
    return this.bad(call, args, "re-entered", what, 0, [
      "Keep the allocator that was there before, and call that one.",
    ]);
  }

  /** What to throw for an error that came out of the allocator's function. */
  private blame(call: AllocatorCall, args: readonly number[], error: unknown): unknown {
    // Errors of our own name their place already.
    if (error instanceof BadAllocatorError || isFinding(error)) return error;
    const what = error instanceof Error ? error.message : String(error);
    return this.bad(call, args, "threw", `it threw: ${what}`, 0, [], error);
  }

  private bad(
    call: AllocatorCall,
    args: readonly number[],
    fault: AllocatorFault,
    what: string,
    address: number,
    details: readonly string[] = [],
    cause?: unknown,
  ): BadAllocatorError {
    const text = callText({ domain: this.options.name, call, args });
    const whose = `Its allocator is ${this.options.allocator.name}.`;
    return new BadAllocatorError({ domain: this.options.name, call, text }, fault, what, address, {
      details: [whose, ...details],
      cause,
    });
  }
}

/** What an engine or a debug hook found, which is no fault of the allocator's own code. */
function isFinding(error: unknown): boolean {
  return (
    error instanceof FatalMemoryError ||
    error instanceof NotABlockError ||
    error instanceof DamagedMemoryError
  );
}
