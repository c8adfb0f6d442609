// The debug hooks: calls around other calls, which mark both ends of every block and look at the marks when it comes back.

import { type DataModel, isSize } from "@obmalloc/abi";
import { apiLetter, type DomainName, type StoredAllocator } from "../allocator.ts";
import { type Calls, callsOf, isProduct } from "../calls.ts";
import { type BlockBytes, marksOf } from "./block-bytes.ts";
import type { DebugDamage } from "./damage.ts";
import type { Kernel } from "./kernel.ts";
import { DEAD_BYTE, type DebugLayout } from "./layout.ts";
import { SavedEnds } from "./saved-ends.ts";

/** What the hooks of all three domains share. */
export interface DebugHost {
  readonly model: DataModel;
  readonly bytes: BlockBytes;
  /** The quickest way to mark blocks. */
  readonly kernel: Kernel;
  readonly layout: DebugLayout;
  /** Of the thread that runs this code. */
  readonly gil: { readonly isHeld: boolean };
  /** Says what is wrong. */
  readonly damage: DebugDamage;
  /**
   * Blocks, by their real addresses, that a resize has left or shrunk where they are. Such a block is not wholly dead when
   * it is free: CPython leaves the middle of a large one as it was, and what a shrinking one gave up.
   */
  readonly resized: Set<number>;
  /** Counts the blocks that are made (builds with serial numbers only). */
  nextSerialNumber(): number;
}

/**
 * `debug_alloc_api_t`: the hooks around the allocator of one domain. malloc and free are in the subclasses, twice the same
 * text, for the reason that ports.ts gives.
 *
 * @see CPython 3.13 Objects/obmalloc.c, _PyMem_DebugRawAlloc, _PyMem_DebugRawFree, _PyMem_DebugRawRealloc
 */
export abstract class DebugCalls implements Calls<number> {
  /** The allocator underneath. */
  readonly inner: StoredAllocator;
  protected readonly calls: Calls<number>;
  protected readonly kernel: Kernel;
  protected readonly bytes: BlockBytes;
  /** The letter of the domain and the bytes behind it. */
  protected readonly marks: number;
  protected readonly headBytes: number;
  protected readonly overheadBytes: number;
  /** The largest size that can be served, and one. */
  protected readonly limit: number;
  protected readonly hasSerialNumber: boolean;
  protected readonly host: DebugHost;
  protected readonly gil: DebugHost["gil"];
  private readonly letter: number;
  /** For the next resize; undefined while one is under way that may come back here. */
  private savedEnds: SavedEnds | undefined;

  constructor(domain: DomainName, inner: StoredAllocator, host: DebugHost) {
    const { layout, model } = host;
    this.inner = inner;
    this.calls = callsOf(inner);
    this.kernel = host.kernel;
    this.bytes = host.bytes;
    this.marks = marksOf(apiLetter[domain]);
    this.headBytes = layout.headBytes;
    this.overheadBytes = layout.overheadBytes;
    this.limit = model.ssizeLimit - layout.overheadBytes;
    this.hasSerialNumber = layout.hasSerialNumber;
    this.host = host;
    this.gil = host.gil;
    this.letter = apiLetter[domain].charCodeAt(0);
    this.savedEnds = new SavedEnds(host.bytes, layout);
  }

  abstract malloc(sizeBytes: number): number;
  abstract free(p: number): void;

  calloc(nelem: number, elsize: number): number {
    if (!isProduct(nelem, elsize, this.host.model)) return 0;
    this.enter("_PyMem_DebugCalloc");
    const sizeBytes = nelem * elsize;
    if (!(sizeBytes < this.limit)) return 0;
    const base = this.calls.calloc(1, sizeBytes + this.overheadBytes);
    if (base === 0) return 0;
    const p = base + this.headBytes;
    this.decorate(p, sizeBytes, this.hasSerialNumber ? this.host.nextSerialNumber() : 0);
    return p;
  }

  realloc(p: number, sizeBytes: number): number {
    if (!isSize(sizeBytes, this.host.model)) return 0;
    this.enter("_PyMem_DebugRealloc");
    if (p === 0) return this.malloc(sizeBytes);
    const oldSizeBytes = this.verify("_PyMem_DebugRawRealloc", p);
    if (!(sizeBytes < this.limit)) return 0;
    const oldSerialNumber = this.hasSerialNumber ? this.serialNumberOf(p) : 0;
    const saved = this.takeSavedEnds();
    saved.erase(p, oldSizeBytes);
    let base = 0;
    try {
      base = this.calls.realloc(p - this.headBytes, sizeBytes + this.overheadBytes);
    } finally {
      if (base === 0) {
        saved.restore(p, oldSizeBytes);
        this.decorate(p, oldSizeBytes, oldSerialNumber);
      }
      this.savedEnds = saved;
    }
    if (base === 0) return 0;
    this.host.resized.add(p - this.headBytes);
    const moved = base + this.headBytes;
    saved.restore(moved, sizeBytes);
    if (sizeBytes > oldSizeBytes) this.bytes.fillGrowth(moved + oldSizeBytes, moved + sizeBytes);
    this.decorate(moved, sizeBytes, this.hasSerialNumber ? this.host.nextSerialNumber() : 0);
    return moved;
  }

  /** Looks at what a call of the domain needs before it does anything: those of mem and obj want the GIL to be held. */
  protected abstract enter(cFunction: string): void;

  /** A size that is none, which never reaches the hooks in C; or one that has no room for the marks, which does. */
  protected refused(cFunction: string, sizeBytes: number): number {
    if (isSize(sizeBytes, this.host.model)) this.enter(cFunction);
    return 0;
  }

  /** Gives a new block the next serial number. */
  protected number(p: number, sizeBytes: number): void {
    this.bytes.writeNumber(p + sizeBytes + this.host.layout.wordBytes, this.host.nextSerialNumber());
  }

  /** A block that the kernel did not take: NULL, damaged, huge, or no block at all. */
  protected freeSlowly(p: number): void {
    if (p === 0) return;
    const sizeBytes = this.verify("_PyMem_DebugRawFree", p);
    const serialNumber = this.hasSerialNumber ? this.serialNumberOf(p) : 0;
    const base = p - this.headBytes;
    this.bytes.u8.fill(DEAD_BYTE, base, base + sizeBytes + this.overheadBytes);
    this.freeBase(p, sizeBytes, serialNumber);
  }

  /** Gives a dead block back; should that fail, it is alive again, but for its data, which the caller gave up. */
  protected freeBase(p: number, sizeBytes: number, serialNumber: number): void {
    try {
      this.calls.free(p - this.headBytes);
    } catch (error) {
      this.decorate(p, sizeBytes, serialNumber);
      throw error;
    }
  }

  /** The serial number of a block; any number if its bytes are damaged. */
  protected serialNumberOf(p: number): number {
    const sizeBytes = this.bytes.readLowNumber(p - this.headBytes);
    return this.bytes.readLowNumber(p + sizeBytes + this.host.layout.wordBytes);
  }

  private takeSavedEnds(): SavedEnds {
    const saved = this.savedEnds ?? new SavedEnds(this.host.bytes, this.host.layout);
    this.savedEnds = undefined;
    return saved;
  }

  /** The size of the live block at `p`. @throws {FatalMemoryError} when its marks are not as they were written. */
  private verify(cFunction: string, p: number): number {
    const sizeBytes = this.bytes.sizeIfIntact(p, this.marks);
    return sizeBytes >= 0 ? sizeBytes : this.host.damage.examine(cFunction, this.letter, p);
  }

  /** Writes what stands around the data at `p`. */
  private decorate(p: number, sizeBytes: number, serialNumber: number): void {
    const { bytes } = this;
    bytes.writeHead(p, sizeBytes, this.marks);
    bytes.writeTail(p + sizeBytes);
    if (this.hasSerialNumber) {
      bytes.writeNumber(p + sizeBytes + this.host.layout.wordBytes, serialNumber);
    }
  }
}

/** The hooks of the raw domain, which needs no GIL. */
export class RawDebugCalls extends DebugCalls {
  constructor(inner: StoredAllocator, host: DebugHost) {
    super("raw", inner, host);
  }

  malloc(sizeBytes: number): number {
    if (!(sizeBytes >= 0 && sizeBytes < this.limit)) return 0;
    const base = this.calls.malloc(sizeBytes + this.overheadBytes);
    if (base === 0) return 0;
    const p = base + this.headBytes;
    this.kernel.mark(p, sizeBytes, this.marks);
    if (this.hasSerialNumber) this.number(p, sizeBytes);
    return p;
  }

  free(p: number): void {
    if (!(p >= this.headBytes && p >>> 0 === p && p < this.bytes.u8.length)) {
      this.freeSlowly(p);
      return;
    }
    const serialNumber = this.hasSerialNumber ? this.serialNumberOf(p) : 0;
    const sizeBytes = this.kernel.kill(p, this.marks, this.overheadBytes);
    if (sizeBytes < 0) this.freeSlowly(p);
    else this.freeBase(p, sizeBytes, serialNumber);
  }

  protected override enter(): void {}
}

/** The hooks of mem and obj. */
export class ObjectDebugCalls extends DebugCalls {
  malloc(sizeBytes: number): number {
    if (!(sizeBytes >= 0 && sizeBytes < this.limit)) return this.refused("_PyMem_DebugMalloc", sizeBytes);
    if (!this.gil.isHeld) this.host.damage.withoutGil("_PyMem_DebugMalloc");
    const base = this.calls.malloc(sizeBytes + this.overheadBytes);
    if (base === 0) return 0;
    const p = base + this.headBytes;
    this.kernel.mark(p, sizeBytes, this.marks);
    if (this.hasSerialNumber) this.number(p, sizeBytes);
    return p;
  }

  free(p: number): void {
    if (!this.gil.isHeld) this.host.damage.withoutGil("_PyMem_DebugFree");
    if (!(p >= this.headBytes && p >>> 0 === p && p < this.bytes.u8.length)) {
      this.freeSlowly(p);
      return;
    }
    const serialNumber = this.hasSerialNumber ? this.serialNumberOf(p) : 0;
    const sizeBytes = this.kernel.kill(p, this.marks, this.overheadBytes);
    if (sizeBytes < 0) this.freeSlowly(p);
    else this.freeBase(p, sizeBytes, serialNumber);
  }

  protected override enter(cFunction: string): void {
    if (!this.gil.isHeld) this.host.damage.withoutGil(cFunction);
  }
}
