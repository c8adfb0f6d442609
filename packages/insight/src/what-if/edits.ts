// Edits of the program, made to its recorded operations while they are replayed: blocks of some lines get another size, die
// sooner, or are made first.

import type { BlockAddress } from "@obmalloc/abi";
import { Op, type TraceReader } from "@obmalloc/trace";
import type { Settings } from "./settings.ts";
import { WhatIfMachine } from "./what-if-machine.ts";

/** One flag for each stack id: whether its allocations are the ones to edit. */
export type StackFlags = Uint8Array;

const OPERATIONS = 4;

/** Requests of `fromBytes` to `toBytes` become larger; a line also asks for other things than what it keeps. */
export interface Padding {
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly addedBytes: number;
}

/**
 * What some lines keep asks for more bytes. A line also makes other things of the same size, such as the tuple of a format's arguments,
 * which another object inherits later: so only requests that survive are padded, and those that are made as some survivor was.
 */
export class PaddedMachine extends WhatIfMachine {
  private readonly flags: StackFlags;
  private readonly survives: (clock: number) => boolean;
  private readonly padding: Padding;
  /** Operations and sizes that survivors were made by. */
  private readonly kinds = new Set<number>();

  constructor(
    trace: TraceReader,
    settings: Settings,
    flags: StackFlags,
    survives: (clock: number) => boolean,
    padding: Padding,
  ) {
    super(trace, settings);
    this.flags = flags;
    this.survives = survives;
    this.padding = padding;
  }

  override allocate(address: number, sizeBytes: number, domainBit: number, stack: number, op: Op): boolean {
    return super.allocate(address, this.padded(sizeBytes, op, stack), domainBit, stack, op);
  }

  override reallocate(
    address: number,
    old: number,
    sizeBytes: number,
    domainBit: number,
    stack: number,
  ): boolean {
    return super.reallocate(address, old, this.padded(sizeBytes, Op.realloc, stack), domainBit, stack);
  }

  private padded(sizeBytes: number, op: Op, stack: number): number {
    const { fromBytes, toBytes, addedBytes } = this.padding;
    if (this.flags[stack] !== 1 || sizeBytes < fromBytes || sizeBytes > toBytes) return sizeBytes;
    const kind = sizeBytes * OPERATIONS + op;
    if (this.survives(this.clock)) this.kinds.add(kind);
    return this.kinds.has(kind) ? sizeBytes + addedBytes : sizeBytes;
  }
}

/**
 * The temporaries of some lines die in chunks: whenever `chunkBlocks` of them are alive, all go, in the order of their
 * births. Blocks that survive to the moment are left alone.
 */
export class ChunkedMachine extends WhatIfMachine {
  private readonly flags: StackFlags;
  private readonly survives: (clock: number) => boolean;
  private readonly chunkBlocks: number;
  /** Recorded addresses of the chunk's blocks, and where each is here. */
  private readonly chunk: number[] = [];
  private readonly chunkPlaces: number[] = [];

  constructor(
    trace: TraceReader,
    settings: Settings,
    flags: StackFlags,
    survives: (clock: number) => boolean,
    chunkBlocks: number,
  ) {
    super(trace, settings);
    this.flags = flags;
    this.survives = survives;
    this.chunkBlocks = chunkBlocks;
  }

  override allocate(address: number, sizeBytes: number, domainBit: number, stack: number, op: Op): boolean {
    const isTemporary = this.isTemporary(stack);
    super.allocate(address, sizeBytes, domainBit, stack, op);
    if (isTemporary) this.gather(address);
    return true;
  }

  override reallocate(
    address: number,
    old: number,
    sizeBytes: number,
    domainBit: number,
    stack: number,
  ): boolean {
    const isTemporary = address !== old && this.isTemporary(stack);
    super.reallocate(address, old, sizeBytes, domainBit, stack);
    if (isTemporary) this.gather(address);
    return true;
  }

  /** Of the block that the present event makes. */
  protected isTemporary(stack: number): boolean {
    return this.flags[stack] === 1 && !this.survives(this.clock);
  }

  private gather(address: number): void {
    this.chunk.push(address);
    this.chunkPlaces.push(this.placeAt(address));
    if (this.chunk.length >= this.chunkBlocks) this.clearChunk();
  }

  protected clearChunk(): void {
    for (const [index, address] of this.chunk.entries()) {
      // Whoever was freed in the recording meanwhile has left its address, perhaps to a block that is elsewhere here.
      if (this.placeAt(address) === this.chunkPlaces[index]) this.releaseAt(address);
    }
    this.chunk.length = 0;
    this.chunkPlaces.length = 0;
  }
}

/** Garbage is collected at some events: of the blocks that are given as garbage, those alive go, in the order of their births. */
export class CollectedMachine extends ChunkedMachine {
  private readonly isGarbage: (clock: number) => boolean;
  /** Ascending. */
  private readonly points: readonly number[];
  private next = 0;

  constructor(
    trace: TraceReader,
    settings: Settings,
    isGarbage: (clock: number) => boolean,
    points: readonly number[],
  ) {
    super(trace, settings, new Uint8Array(0), isGarbage, Number.POSITIVE_INFINITY);
    this.isGarbage = isGarbage;
    this.points = points;
  }

  protected override isTemporary(_stack: number): boolean {
    return this.isGarbage(this.clock);
  }

  protected override obtain(sizeBytes: number, stack: number): number {
    if (this.clock >= (this.points[this.next] ?? Number.POSITIVE_INFINITY)) {
      while (this.clock >= (this.points[this.next] ?? Number.POSITIVE_INFINITY)) this.next++;
      this.clearChunk();
    }
    return super.obtain(sizeBytes, stack);
  }
}

/** Blocks of some lines that survive to the moment are copied then, in the order of their births, and the originals freed. */
export class ReHomedMachine extends WhatIfMachine {
  private readonly flags: StackFlags;
  private readonly survives: (clock: number) => boolean;
  private readonly copied: number[] = [];
  private readonly sizes: number[] = [];

  constructor(
    trace: TraceReader,
    settings: Settings,
    flags: StackFlags,
    survives: (clock: number) => boolean,
  ) {
    super(trace, settings);
    this.flags = flags;
    this.survives = survives;
  }

  override finish(): void {
    for (const sizeBytes of this.sizes) {
      const passing = this.engine.malloc(sizeBytes + 1);
      this.engine.malloc(sizeBytes);
      this.engine.free(passing);
    }
    for (const place of this.copied) this.engine.free(place as BlockAddress);
  }

  protected override obtain(sizeBytes: number, stack: number): number {
    const place = super.obtain(sizeBytes, stack);
    if (place !== 0 && this.flags[stack] === 1 && this.survives(this.clock)) {
      this.copied.push(place);
      this.sizes.push(sizeBytes);
    }
    return place;
  }
}

/** Blocks of some lines that survive to the moment are all made when the first of them is born. */
export class LongLivedFirstMachine extends WhatIfMachine {
  private readonly flags: StackFlags;
  private readonly survives: (clock: number) => boolean;
  /** Sizes in the order of birth. */
  private readonly sizes: Uint16Array;
  private readonly ready: number[] = [];
  private given = 0;

  constructor(
    trace: TraceReader,
    settings: Settings,
    flags: StackFlags,
    survives: (clock: number) => boolean,
    sizes: Uint16Array,
  ) {
    super(trace, settings);
    this.flags = flags;
    this.survives = survives;
    this.sizes = sizes;
  }

  protected override obtain(sizeBytes: number, stack: number): number {
    if (this.flags[stack] !== 1 || !this.survives(this.clock)) return super.obtain(sizeBytes, stack);
    if (this.ready.length === 0) for (const size of this.sizes) this.ready.push(super.obtain(size, stack));
    return this.ready[this.given++] ?? super.obtain(sizeBytes, stack);
  }
}
