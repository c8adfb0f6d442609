// The debug hooks: an allocator around another one, which marks both ends of every block and looks at the marks when the
// block comes back.

import { apiLetter, type DomainName, StoredAllocator } from "../allocator.ts";
import { type BlockBytes, marksOf } from "./block-bytes.ts";
import type { DebugDamage } from "./damage.ts";
import type { Kernel } from "./kernel.ts";
import { CLEAN_BYTE, DEAD_BYTE, type DebugLayout, ERASED_BYTES } from "./layout.ts";

/** What the hooks of all three domains share. */
export interface DebugHost {
  readonly bytes: BlockBytes;
  /** The quickest way to mark blocks. */
  readonly kernel: Kernel;
  readonly layout: DebugLayout;
  /** The smallest size that C refuses. */
  readonly ssizeLimit: number;
  /** Of the thread that runs this code. */
  readonly gil: { readonly isHeld: boolean };
  /** Says what is wrong, and never returns. */
  readonly damage: DebugDamage;
  /** Counts the blocks that are made (builds with serial numbers only). */
  nextSerialNumber(): number;
}

/** `debug_alloc_api_t`: the hooks around the allocator of one domain. */
export class DebugApi {
  readonly domain: DomainName;
  readonly inner: StoredAllocator;
  readonly letter: number;
  /** The letter and the bytes behind it. */
  readonly marks: number;
  readonly kernel: Kernel;
  readonly host: DebugHost;
  readonly bytes: BlockBytes;
  readonly headBytes: number;
  readonly overheadBytes: number;
  readonly wordBytes: number;
  readonly hasSerialNumber: boolean;
  /** The largest size that can be served. */
  readonly limit: number;

  constructor(domain: DomainName, inner: StoredAllocator, host: DebugHost) {
    const { layout } = host;
    this.domain = domain;
    this.inner = inner;
    this.letter = apiLetter[domain].charCodeAt(0);
    this.marks = marksOf(apiLetter[domain]);
    this.kernel = host.kernel;
    this.host = host;
    this.bytes = host.bytes;
    this.headBytes = layout.headBytes;
    this.overheadBytes = layout.overheadBytes;
    this.wordBytes = layout.wordBytes;
    this.hasSerialNumber = layout.hasSerialNumber;
    this.limit = host.ssizeLimit - layout.overheadBytes;
  }

  /** The size of the live block at `p`. @throws {FatalMemoryError} when its marks are not as they were written. */
  verify(cFunction: string, p: number): number {
    const sizeBytes = this.bytes.sizeIfIntact(p, this.marks);
    return sizeBytes >= 0 ? sizeBytes : this.host.damage.examine(cFunction, this.letter, p);
  }

  /** Writes what stands around the data at `p`. */
  decorate(p: number, sizeBytes: number, serialNumber: number): void {
    this.bytes.writeHead(p, sizeBytes, this.marks);
    this.bytes.writeTail(p + sizeBytes);
    if (this.hasSerialNumber) this.bytes.writeNumber(p + sizeBytes + this.wordBytes, serialNumber);
  }

  /** Gives the block the next serial number. */
  number(p: number, sizeBytes: number): void {
    this.bytes.writeNumber(p + sizeBytes + this.wordBytes, this.host.nextSerialNumber());
  }

  /** The serial number of a block; any number if its bytes are damaged. */
  serialNumberOf(p: number): number {
    const sizeBytes = Number(this.bytes.readNumber(p - this.headBytes));
    return Number(this.bytes.readNumber(p + sizeBytes + this.wordBytes));
  }
}

/** The hooks around `inner`, as an allocator of `domain`. Those of mem and obj also want the GIL to be held. */
export function debugAllocator(domain: DomainName, inner: StoredAllocator, host: DebugHost): StoredAllocator {
  const ctx = new DebugApi(domain, inner, host);
  const name = `debug hooks around ${inner.name}`;
  const functions =
    domain === "raw"
      ? { malloc: debugRawMalloc, calloc: debugRawCalloc, realloc: debugRawRealloc, free: debugRawFree }
      : { malloc: debugMalloc, calloc: debugCalloc, realloc: debugRealloc, free: debugFree };
  return StoredAllocator.of({ name, ctx, ...functions });
}

/** The hooks that `allocator` is, or undefined when it is something else. */
export function debugApiOf(allocator: StoredAllocator): DebugApi | undefined {
  return allocator.ctx instanceof DebugApi ? allocator.ctx : undefined;
}

function debugRawMalloc(api: DebugApi, sizeBytes: number): number {
  if (!(sizeBytes < api.limit)) return 0;
  const base = api.inner.malloc(api.inner.ctx, sizeBytes + api.overheadBytes);
  if (base === 0) return 0;
  const p = base + api.headBytes;
  api.kernel.mark(p, sizeBytes, api.marks);
  if (api.hasSerialNumber) api.number(p, sizeBytes);
  return p;
}

function debugRawCalloc(api: DebugApi, nelem: number, elsize: number): number {
  const sizeBytes = nelem * elsize;
  if (!(sizeBytes < api.limit)) return 0;
  const base = api.inner.calloc(api.inner.ctx, 1, sizeBytes + api.overheadBytes);
  if (base === 0) return 0;
  const p = base + api.headBytes;
  api.decorate(p, sizeBytes, api.hasSerialNumber ? api.host.nextSerialNumber() : 0);
  return p;
}

function debugRawFree(api: DebugApi, p: number): void {
  if (p === 0) return;
  const base = p - api.headBytes;
  if (!(base >= 0 && p < api.bytes.u8.length && p >>> 0 === p)) {
    freeSlowly(api, p);
    return;
  }
  const serialNumber = api.hasSerialNumber ? api.serialNumberOf(p) : 0;
  const sizeBytes = api.kernel.kill(p, api.marks, api.overheadBytes);
  if (sizeBytes < 0) {
    freeSlowly(api, p);
    return;
  }
  try {
    api.inner.free(api.inner.ctx, base);
  } catch (error) {
    api.decorate(p, sizeBytes, serialNumber); // the block is still alive; its data was given up by the caller
    throw error;
  }
}

/** A block that the kernel did not take: damaged, or huge. */
function freeSlowly(api: DebugApi, p: number): void {
  const sizeBytes = api.verify("_PyMem_DebugRawFree", p);
  const serialNumber = api.hasSerialNumber ? api.serialNumberOf(p) : 0;
  const base = p - api.headBytes;
  api.bytes.u8.fill(DEAD_BYTE, base, base + sizeBytes + api.overheadBytes);
  try {
    api.inner.free(api.inner.ctx, base);
  } catch (error) {
    api.decorate(p, sizeBytes, serialNumber);
    throw error;
  }
}

function debugRawRealloc(api: DebugApi, p: number, newSizeBytes: number): number {
  if (p === 0) return debugRawMalloc(api, newSizeBytes);
  const oldSizeBytes = api.verify("_PyMem_DebugRawRealloc", p);
  if (!(newSizeBytes < api.limit)) return 0;
  const { bytes, headBytes, overheadBytes } = api;
  let serialNumber = api.hasSerialNumber ? api.serialNumberOf(p) : 0;
  const saved = eraseEnds(api, p, oldSizeBytes);
  let base = 0;
  try {
    base = api.inner.realloc(api.inner.ctx, p - headBytes, newSizeBytes + overheadBytes);
  } finally {
    if (base === 0) {
      api.decorate(p, oldSizeBytes, serialNumber);
      restoreEnds(api, p, oldSizeBytes, oldSizeBytes, saved);
    }
  }
  if (base === 0) return 0;
  if (api.hasSerialNumber) serialNumber = api.host.nextSerialNumber();
  const moved = base + headBytes;
  api.decorate(moved, newSizeBytes, serialNumber);
  restoreEnds(api, moved, oldSizeBytes, newSizeBytes, saved);
  if (newSizeBytes > oldSizeBytes) bytes.u8.fill(CLEAN_BYTE, moved + oldSizeBytes, moved + newSizeBytes);
  return moved;
}

/**
 * Makes both ends of a block dead while it may move, so that whoever still reads the old place sees it.
 *
 * @returns the data bytes that were there: all of them up to 128, else the first 64 and the last 64.
 */
function eraseEnds(api: DebugApi, p: number, sizeBytes: number): Uint8Array {
  const { bytes, headBytes, overheadBytes } = api;
  if (sizeBytes <= 2 * ERASED_BYTES) {
    const saved = bytes.u8.slice(p, p + sizeBytes);
    bytes.u8.fill(DEAD_BYTE, p - headBytes, p - headBytes + sizeBytes + overheadBytes);
    return saved;
  }
  const tail = p + sizeBytes;
  const saved = new Uint8Array(2 * ERASED_BYTES);
  saved.set(bytes.u8.subarray(p, p + ERASED_BYTES));
  saved.set(bytes.u8.subarray(tail - ERASED_BYTES, tail), ERASED_BYTES);
  bytes.u8.fill(DEAD_BYTE, p - headBytes, p + ERASED_BYTES);
  bytes.u8.fill(DEAD_BYTE, tail - ERASED_BYTES, tail + overheadBytes - headBytes);
  return saved;
}

/** Puts back what {@link eraseEnds} saved, as far as a block of `newSizeBytes` has room for it. */
function restoreEnds(
  api: DebugApi,
  p: number,
  oldSizeBytes: number,
  newSizeBytes: number,
  saved: Uint8Array,
) {
  const { u8 } = api.bytes;
  if (oldSizeBytes <= 2 * ERASED_BYTES) {
    u8.set(saved.subarray(0, newSizeBytes), p);
    return;
  }
  u8.set(saved.subarray(0, Math.min(newSizeBytes, ERASED_BYTES)), p);
  const last = oldSizeBytes - ERASED_BYTES;
  if (newSizeBytes > last) {
    u8.set(
      saved.subarray(ERASED_BYTES, ERASED_BYTES + Math.min(newSizeBytes - last, ERASED_BYTES)),
      p + last,
    );
  }
}

function debugMalloc(api: DebugApi, sizeBytes: number): number {
  if (!api.host.gil.isHeld) api.host.damage.withoutGil("_PyMem_DebugMalloc");
  return debugRawMalloc(api, sizeBytes);
}

function debugCalloc(api: DebugApi, nelem: number, elsize: number): number {
  if (!api.host.gil.isHeld) api.host.damage.withoutGil("_PyMem_DebugCalloc");
  return debugRawCalloc(api, nelem, elsize);
}

function debugRealloc(api: DebugApi, p: number, sizeBytes: number): number {
  if (!api.host.gil.isHeld) api.host.damage.withoutGil("_PyMem_DebugRealloc");
  return debugRawRealloc(api, p, sizeBytes);
}

function debugFree(api: DebugApi, p: number): void {
  if (!api.host.gil.isHeld) api.host.damage.withoutGil("_PyMem_DebugFree");
  debugRawFree(api, p);
}
