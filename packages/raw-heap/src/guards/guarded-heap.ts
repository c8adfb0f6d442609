// A heap around a heap that finds what its user does wrong. It has classes of its own, so that a heap without it pays nothing.

import {
  isSize,
  NotABlockError,
  NULL,
  type RawAddress,
  rawAddress,
  roundUp,
  type Violation,
} from "@obmalloc/abi";
import { Heap, isAlignment } from "../heap/heap.ts";
import type { HeapBlock, HeapChunk } from "../heap/heap-snapshot.ts";
import { placeOf } from "../heap/place-of.ts";
import { callStack } from "./call-stack.ts";
import { CanaryError, DoubleFreeError, historyOf, LeakError, UseAfterFreeError } from "./guard-errors.ts";
import { formatReport, type GuardReport, siteLines, sitesOf } from "./guard-report.ts";
import {
  CANARY_BYTE,
  type Damage,
  damageAround,
  damageIn,
  FREED_BYTE,
  FRESH_BYTE,
  type GuardedBlock,
  type PlacedBlock,
} from "./guarded-block.ts";

/** How much is kept around each block, and how long after it was freed. */
export interface GuardOptions {
  /** Bytes of the canary on each side of a block; a multiple of 16. @defaultValue 16 */
  readonly canaryBytes?: number;
  /** Bytes that freed blocks may hold, canaries included, before the oldest are given out again. @defaultValue 1 MiB */
  readonly quarantineBytes?: number;
  /** Calls of each stack that are remembered; 0 takes none, which is faster. @defaultValue 16 */
  readonly stackFrames?: number;
}

/** Findings in blocks that left the quarantine, of which at most so many are remembered. */
const FINDINGS_MAX = 1000;

/**
 * Puts guards around a heap. Blocks that go through the guards are checked; those that are live already, or are made by the
 * heap itself or by another owner of its memory, stay that heap's business.
 *
 * @throws {RangeError} when an option cannot be.
 * @example const heap = guardHeap(RawHeap.create(), { quarantineBytes: 4 * 1024 * 1024 });
 */
export function guardHeap(heap: Heap, options: GuardOptions = {}): GuardedHeap {
  return new GuardedHeap(heap, options);
}

/**
 * A heap whose every block stands between canaries, is filled when it is freed, and waits in quarantine before its bytes are
 * given out again.
 *
 * Errors. `free`, `realloc` and `usableSize` throw {@link CanaryError} for a block whose canaries were written over (it stays
 * live), {@link DoubleFreeError} for one in quarantine and `NotABlockError` for anything else. A write to a freed block is found by
 * {@link check}, or when the block leaves the quarantine: the `free` that sees it does its work and then throws
 * {@link UseAfterFreeError}.
 * State. What the guards know lies in JavaScript objects and not in the memory: another owner of the same memory sees blocks
 * with their canaries. `realloc` always moves, so that old addresses are found, unless there is no room to.
 */
export class GuardedHeap extends Heap {
  readonly policy: Heap["policy"];
  readonly memory: Heap["memory"];
  readonly model: Heap["model"];
  readonly stateAddress: RawAddress;
  /** The heap inside. */
  readonly inner: Heap;

  private readonly canaryBytes: number;
  private readonly quarantineLimit: number;
  private readonly stackFrames: number;
  private serial = 0;
  /** Live blocks by address, the oldest first. */
  private readonly live = new Map<number, PlacedBlock>();
  /** Freed blocks by address, the first freed first. */
  private readonly freed = new Map<number, PlacedBlock>();
  private freedBytes = 0;
  /** What was found in blocks that have left the quarantine. */
  private readonly findings: Damage[] = [];
  /** How many of the findings were thrown. */
  private thrown = 0;

  constructor(inner: Heap, options: GuardOptions) {
    super();
    const { canaryBytes = 16, quarantineBytes = 1024 * 1024, stackFrames = 16 } = options;
    if (!(canaryBytes > 0 && Number.isInteger(canaryBytes / 16)))
      throw noOption("canaryBytes", canaryBytes, "16, 32, 48 …");
    if (!(quarantineBytes >= 0)) throw noOption("quarantineBytes", quarantineBytes, "0 or more");
    if (!(stackFrames >= 0)) throw noOption("stackFrames", stackFrames, "0 or more");
    this.inner = inner;
    this.policy = inner.policy;
    this.memory = inner.memory;
    this.model = inner.model;
    this.stateAddress = inner.stateAddress;
    this.canaryBytes = canaryBytes;
    this.quarantineLimit = quarantineBytes;
    this.stackFrames = stackFrames;
  }

  get footprintBytes(): number {
    return this.inner.footprintBytes;
  }

  get peakBytes(): number {
    return this.inner.peakBytes;
  }

  malloc(sizeBytes: number): RawAddress {
    return this.alignedAlloc(1, sizeBytes);
  }

  alignedAlloc(alignmentBytes: number, sizeBytes: number): RawAddress {
    if (!isAlignment(alignmentBytes) || !isSize(sizeBytes, this.model)) return NULL;
    const wanted = Math.max(sizeBytes, 1);
    const frontBytes = roundUp(this.canaryBytes, alignmentBytes);
    const totalBytes = frontBytes + wanted + this.canaryBytes;
    let base = this.inner.alignedAlloc(alignmentBytes, totalBytes);
    while (base === 0 && this.releaseOldest()) base = this.inner.alignedAlloc(alignmentBytes, totalBytes);
    if (base === 0) return NULL;
    const { u8 } = this.memory;
    const address = rawAddress(base + frontBytes);
    u8.fill(CANARY_BYTE, base, address);
    u8.fill(FRESH_BYTE, address, address + wanted);
    u8.fill(CANARY_BYTE, address + wanted, base + totalBytes);
    const allocatedBy = callStack(this.stackFrames);
    this.live.set(address, {
      address,
      sizeBytes: wanted,
      serial: ++this.serial,
      allocatedBy,
      base,
      totalBytes,
    });
    return address;
  }

  realloc(p: RawAddress, sizeBytes: number): RawAddress {
    if (p === 0) return this.malloc(sizeBytes);
    const block = this.soundBlock("realloc", p);
    if (!isSize(sizeBytes, this.model)) return NULL;
    const moved = this.malloc(sizeBytes);
    if (moved === 0) return this.resizeInside(block, Math.max(sizeBytes, 1));
    this.memory.u8.copyWithin(moved, p, p + Math.min(block.sizeBytes, sizeBytes));
    this.retire(block);
    return moved;
  }

  free(p: RawAddress): void {
    if (p === 0) return;
    this.retire(this.soundBlock("free", p));
    const finding = this.findings[this.thrown];
    if (finding === undefined) return;
    this.thrown++;
    throw errorOf("free", finding);
  }

  /** Bytes that were asked for, exactly: the next one is a canary's. */
  usableSize(p: RawAddress): number {
    return p === 0 ? 0 : this.soundBlock("usableSize", p).sizeBytes;
  }

  mallocTrim(padBytes?: number): number {
    return this.inner.mallocTrim(padBytes);
  }

  /** Empties the quarantine into the heap inside; writes to freed blocks that show are noted for {@link check}. */
  releaseQuarantine(): void {
    while (this.releaseOldest());
  }

  *blocks(): Generator<HeapBlock> {
    const addresses = [...this.live.keys()].sort((a, b) => a - b);
    for (const address of addresses) {
      const { sizeBytes } = this.live.get(address)!;
      yield { address: rawAddress(address), sizeBytes };
    }
  }

  /** Those of the heap inside. Blocks in quarantine are "kept". */
  *chunks(): Generator<HeapChunk> {
    const quarantined = new Set<number>();
    for (const { base } of this.freed.values()) quarantined.add(base);
    const guarded = new Map<number, RawAddress>();
    for (const { base, address } of this.live.values()) guarded.set(base, address);
    for (const chunk of this.inner.chunks()) {
      if (quarantined.has(chunk.address)) yield { ...chunk, state: "kept" };
      else yield { ...chunk, address: guarded.get(chunk.address) ?? chunk.address };
    }
  }

  /** The checks of the heap inside, every canary, and every byte in quarantine; what was found before stays in the list. */
  check(): Violation[] {
    return [...this.inner.check(), ...this.damage().map(violationOf)];
  }

  /** Live blocks, the oldest first, each with the JavaScript that allocated it. */
  leaks(): GuardedBlock[] {
    return [...this.live.values()].map(plain);
  }

  /**
   * For the end of a test: nothing is live, and nothing was written where it should not be.
   *
   * @throws {CanaryError | UseAfterFreeError} for the first damage.
   * @throws {LeakError} when a block is live.
   */
  assertBalanced(): void {
    const [first] = this.damage();
    if (first !== undefined) throw errorOf("assertBalanced", first);
    const leaks = this.leaks();
    if (leaks.length > 0) throw new LeakError(leaks, siteLines(sitesOf(leaks)).join("\n"));
  }

  /** All of it as plain data. */
  report(): GuardReport {
    const blocks = this.leaks();
    return Object.freeze({
      allocations: this.serial,
      liveBlocks: blocks.length,
      liveBytes: blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      quarantine: Object.freeze({
        blocks: this.freed.size,
        bytes: this.freedBytes,
        limitBytes: this.quarantineLimit,
      }),
      damage: Object.freeze(this.check()),
      sites: Object.freeze(sitesOf(blocks)),
      blocks: Object.freeze(blocks),
    });
  }

  /** {@link report} for people. */
  reportText(): string {
    return formatReport(this.report());
  }

  /** To the byte: what follows is a canary. */
  protected override clear(p: RawAddress, sizeBytes: number): void {
    this.memory.u8.fill(0, p, p + sizeBytes);
  }

  private damage(): Damage[] {
    this.memory.refresh();
    const { u8 } = this.memory;
    const around = [...this.live.values()].map((block) => damageAround(u8, block));
    const inside = [...this.freed.values()].map((block) => damageIn(u8, block));
    return [...this.findings, ...around, ...inside].filter((damage) => damage !== undefined);
  }

  /** The live block at `p`, whose canaries are as they were written. */
  private soundBlock(operation: string, p: RawAddress): PlacedBlock {
    const block = this.live.get(p);
    if (block === undefined) throw this.notABlock(operation, p);
    this.memory.refresh();
    const damage = damageAround(this.memory.u8, block);
    if (damage !== undefined) throw errorOf(operation, damage);
    return block;
  }

  private notABlock(operation: string, p: number): NotABlockError {
    const freed = this.freed.get(p);
    if (freed !== undefined) return new DoubleFreeError(operation, plain(freed));
    for (const block of [...this.live.values(), ...this.freed.values()]) {
      if (!(p >= block.base && p < block.base + block.totalBytes)) continue; // NaN is nowhere
      const where = `It lies ${p - block.address} bytes from the start of a block that ${
        block.freedBy === undefined ? "is live" : "was freed"
      }.`;
      return new NotABlockError(operation, p, { details: [where, ...historyOf(block)] });
    }
    return new NotABlockError(operation, p, { details: placeOf(this.inner, p) });
  }

  /** Without room for a second block, the heap inside resizes the one there is. */
  private resizeInside(block: PlacedBlock, wanted: number): RawAddress {
    const { canaryBytes, live } = this;
    const frontBytes = block.address - block.base;
    const totalBytes = frontBytes + wanted + canaryBytes;
    const base = this.inner.realloc(block.base, totalBytes);
    if (base === 0) return NULL;
    const { u8 } = this.memory;
    const address = rawAddress(base + frontBytes);
    if (wanted > block.sizeBytes) u8.fill(FRESH_BYTE, address + block.sizeBytes, address + wanted);
    u8.fill(CANARY_BYTE, address + wanted, base + totalBytes);
    live.delete(block.address);
    const allocatedBy = callStack(this.stackFrames);
    live.set(address, { address, sizeBytes: wanted, serial: ++this.serial, allocatedBy, base, totalBytes });
    return address;
  }

  /** From the live blocks into the quarantine, and out of it what is too much. */
  private retire(block: PlacedBlock): void {
    const { address, base, totalBytes } = block;
    this.memory.u8.fill(FREED_BYTE, base, base + totalBytes);
    this.live.delete(address);
    this.freed.set(address, { ...block, freedBy: callStack(this.stackFrames) });
    this.freedBytes += totalBytes;
    while (this.freedBytes > this.quarantineLimit) this.releaseOldest();
  }

  /** Gives the oldest block in quarantine to the heap inside. False when there is none. */
  private releaseOldest(): boolean {
    const [oldest] = this.freed.values();
    if (oldest === undefined) return false;
    this.memory.refresh();
    const damage = damageIn(this.memory.u8, oldest);
    if (damage !== undefined && this.findings.length < FINDINGS_MAX) this.findings.push(damage);
    this.freed.delete(oldest.address);
    this.freedBytes -= oldest.totalBytes;
    this.inner.free(oldest.base);
    return true;
  }
}

function plain({ address, sizeBytes, serial, allocatedBy, freedBy }: PlacedBlock): GuardedBlock {
  const block = { address, sizeBytes, serial, allocatedBy };
  return Object.freeze(freedBy === undefined ? block : { ...block, freedBy });
}

function violationOf({ rule, address, what, block }: Damage): Violation {
  const { serial } = block;
  return { rule, address, message: `${what} It is block ${serial}.` };
}

function errorOf(operation: string, { rule, address, what, block }: Damage): CanaryError | UseAfterFreeError {
  const known = plain(block);
  return rule === "freed-block-unwritten"
    ? new UseAfterFreeError(operation, address, what, known)
    : new CanaryError(operation, address, what, known);
}

function noOption(name: string, value: number, wanted: string): RangeError {
  return new RangeError(`The guards cannot have ${name} = ${value}: ${wanted} is needed.`);
}
