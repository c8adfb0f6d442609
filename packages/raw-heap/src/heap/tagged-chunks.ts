// Chunks with boundary tags: how they are read, verified, cut and merged, and the segments that they tile.
// Which free chunk a request gets is the policy's business.

import { DamagedMemoryError, type DataModel, type RawAddress } from "@obmalloc/abi";
import type { LinearMemory } from "../memory/linear-memory.ts";
import { PAGE_BYTES } from "../memory/mapper-layout.ts";
import { GROWTH_UNIT_BYTES } from "../memory/memory-source.ts";
import type { PageMapper } from "../memory/page-mapper.ts";
import {
  FIRST_BLOCK_BYTES,
  heapState,
  MIN_CHUNK_BYTES,
  PREVIOUS_FREE,
  SEGMENT_OVERHEAD_BYTES,
  SIZE_MASK,
  State,
} from "./chunk-layout.ts";
import { Heap } from "./heap.ts";
import type { PolicyName } from "./heap-snapshot.ts";
import { modelAt } from "./heap-state.ts";

// Of this module, so that V8 folds them into the code.
const FREE = State.free;
const TOP = State.top;
const END = State.end;
const STATE_MASK = ~SIZE_MASK;

export abstract class TaggedChunks extends Heap {
  declare readonly policy: PolicyName;
  declare readonly memory: LinearMemory;
  declare readonly model: DataModel;
  declare readonly stateAddress: RawAddress;
  declare protected readonly mapper: PageMapper;
  /** All words of the memory; replaced when it grows. */
  declare protected words: Uint32Array;
  /** Makes checks differ between heaps. */
  declare private readonly secret: number;
  /** Ends the subscription that keeps {@link words} up to date. */
  declare protected readonly stopFollowing: () => void;

  // Words of the state.
  declare protected readonly top: number;
  declare protected readonly bins: number;
  declare private readonly firstSegment: number;
  declare private readonly lastSegment: number;
  declare protected readonly segmentBytes: number;
  declare protected readonly fixed: number;
  declare private readonly peak: number;
  declare protected readonly mappedBytes: number;

  protected constructor(mapper: PageMapper, policy: PolicyName, stateAddress: RawAddress) {
    super();
    const base = stateAddress / 4;
    const { offsets } = heapState;
    this.mapper = mapper;
    this.memory = mapper.memory;
    this.policy = policy;
    this.stateAddress = stateAddress;
    this.words = mapper.memory.u32;
    this.secret = Math.imul(stateAddress ^ 0x5bd1e995, 0x27d4eb2f);
    this.top = base + offsets.top / 4;
    this.bins = base + offsets.bins / 4;
    this.firstSegment = base + offsets.first_segment / 4;
    this.lastSegment = base + offsets.last_segment / 4;
    this.segmentBytes = base + offsets.segment_bytes / 4;
    this.fixed = base + offsets.fixed / 4;
    this.peak = base + offsets.peak_bytes / 4;
    this.mappedBytes = base + offsets.mapped_bytes / 4;
    this.model = modelAt(mapper, stateAddress);
    this.stopFollowing = mapper.memory.onGrow(() => {
      this.words = mapper.memory.u32;
    });
  }

  /** The only segment of a heap of fixed size, all of it free. */
  protected addFixedSegment(sizeBytes: number): boolean {
    const address = this.mapper.mmap(sizeBytes);
    if (address !== 0) this.addPages(address, sizeBytes & SIZE_MASK);
    return address !== 0;
  }

  /** Puts a free chunk where the policy finds it. Its header is written, its neighbours are not free. */
  protected abstract insertFree(p: number, size: number): void;

  /** Takes a free chunk out again. */
  protected abstract removeFree(p: number, size: number): void;

  override get footprintBytes(): number {
    return PAGE_BYTES + this.words[this.segmentBytes]! + this.words[this.mappedBytes]!;
  }

  override get peakBytes(): number {
    return PAGE_BYTES + this.words[this.peak]!;
  }

  /** The check that fits a chunk, its lowest bit 0. */
  protected checkOf(p: number, size: number): number {
    return (Math.imul(p, 0x9e3779b1) ^ Math.imul(size, 0x85ebca6b) ^ this.secret) & ~PREVIOUS_FREE;
  }

  /** Whether a chunk of this heap begins here. False for whatever number that is no address. */
  protected isChunk(p: number): boolean {
    return p >>> 0 === p && p >= FIRST_BLOCK_BYTES && this.hasCheck(p);
  }

  /** {@link isChunk} for what is an address, or was read as one from the memory. */
  private hasCheck(p: number): boolean {
    const words = this.words;
    const w = p >>> 2;
    const size = words[w - 2]! & SIZE_MASK;
    return (p & 15) === 0 && ((words[w - 1]! ^ this.checkOf(p, size)) & ~PREVIOUS_FREE) === 0;
  }

  /** The size of the chunk at `p`, whose header must fit. */
  protected verifiedSize(operation: string, p: number): number {
    if (this.hasCheck(p)) return (this.words[(p >>> 2) - 2]! & SIZE_MASK) >>> 0;
    throw new DamagedMemoryError(operation, p - 8, "no header of a chunk is there.");
  }

  /** Writes the header of a chunk whose neighbour in front is not free. */
  protected writeHeader(p: number, size: number, state: number): void {
    const w = p >>> 2;
    this.words[w - 2] = size | state;
    this.words[w - 1] = this.checkOf(p, size);
  }

  protected stateOf(p: number): number {
    return this.words[(p >>> 2) - 2]! & STATE_MASK;
  }

  /**
   * Makes a chunk free that is live or kept: merges it with free neighbours and gives it to the policy or to the top.
   *
   * Everything that is read is verified before anything is written.
   */
  protected freeChunk(p: number, size: number): void {
    const words = this.words;
    let start = p;
    let total = size;
    const next = p + size;
    const nextSize = this.verifiedSize("free", next);
    const nextState = this.stateOf(next);
    const w = p >>> 2;
    if ((words[w - 1]! & PREVIOUS_FREE) !== 0) {
      const previousSize = words[w - 3]!;
      start = p - previousSize;
      total += previousSize;
      if (this.verifiedSize("free", start) !== previousSize || this.stateOf(start) !== FREE) {
        throw new DamagedMemoryError(
          "free",
          p - 12,
          "the size of the free chunk in front does not lead to it.",
        );
      }
      this.removeFree(start, previousSize);
    }
    if (nextState === FREE) {
      this.removeFree(next, nextSize);
      total += nextSize;
    }
    if (start !== p) words[w - 1] = 0; // no chunk begins here any more
    if (nextState === FREE || nextState === TOP) words[(next >>> 2) - 1] = 0;
    if (nextState === TOP) this.becomeTop(start, total + nextSize);
    else if (nextState === END && words[this.top] === 0 && next === this.endOfLastSegment()) {
      this.becomeTop(start, total);
    } else this.becomeFree(start, total);
  }

  /** Writes a free chunk and gives it to the policy. The chunk behind it is not free. */
  protected becomeFree(p: number, size: number): void {
    this.writeFree(p, size);
    this.insertFree(p, size);
  }

  /** Writes a free chunk: its header, its size at its end, and the mark of the chunk behind it. */
  protected writeFree(p: number, size: number): void {
    const words = this.words;
    this.writeHeader(p, size, FREE);
    const behind = (p + size) >>> 2;
    words[behind - 3] = size;
    words[behind - 1]! |= PREVIOUS_FREE;
  }

  protected becomeTop(p: number, size: number): void {
    this.writeHeader(p, size, TOP);
    this.words[this.top] = p;
  }

  /**
   * Makes the first `size` bytes of a chunk that is free, and in no list, a chunk in `state`; the rest becomes free when
   * it is large enough to be a chunk.
   */
  protected carve(p: number, available: number, size: number, state: number): void {
    const rest = available - size;
    if (rest >= MIN_CHUNK_BYTES) {
      this.writeHeader(p, size, state);
      this.becomeFree(p + size, rest);
    } else {
      this.writeHeader(p, available, state);
      this.words[((p + available) >>> 2) - 1]! &= ~PREVIOUS_FREE;
    }
  }

  /** Takes `size` bytes off the front of the top chunk: their address, or 0 when it is too small. */
  protected takeFromTop(size: number, state: number): number {
    const words = this.words;
    const p = words[this.top]!;
    if (p === 0) return 0;
    const available = this.verifiedSize("malloc", p);
    if (available < size) return 0;
    const rest = available - size;
    if (rest >= MIN_CHUNK_BYTES) {
      this.writeHeader(p, size, state);
      this.becomeTop(p + size, rest);
    } else {
      this.writeHeader(p, available, state);
      words[this.top] = 0;
    }
    return p;
  }

  /** Asks the system for more, so that the top has `size` bytes. False when there is no room. */
  protected extendTop(size: number): boolean {
    if (this.words[this.fixed] === 1) return false;
    const held = this.words[this.segmentBytes]!;
    const needed = size + SEGMENT_OVERHEAD_BYTES + MIN_CHUNK_BYTES;
    // A sixty-fourth of what is held at a time: seldom enough, and little that is held for nothing.
    const generous = Math.max(needed, GROWTH_UNIT_BYTES, held / 64);
    let bytes = Math.ceil(generous / PAGE_BYTES) * PAGE_BYTES;
    let address = this.mapper.sbrk(bytes);
    if (address === 0) {
      bytes = Math.ceil(needed / PAGE_BYTES) * PAGE_BYTES;
      address = this.mapper.sbrk(bytes);
    }
    if (address === 0) return false;
    this.addPages(address, bytes);
    return true;
  }

  /** Pages from the system: at the end of the last segment they make it longer, elsewhere they are a new one. */
  private addPages(address: number, bytes: number): void {
    const words = this.words;
    const end = address + bytes;
    const last = words[this.lastSegment]!;
    words[this.segmentBytes]! += bytes;
    this.notePeak();
    if (last !== 0 && words[last / 4 + 1] === address) {
      words[last / 4 + 1] = end;
      this.writeHeader(end, 0, END);
      const top = words[this.top]!;
      if (top === 0) {
        this.becomeTop(address, bytes);
      } else {
        words[(address >>> 2) - 1] = 0; // the old end lies within the top now
        this.becomeTop(top, address + bytes - top);
      }
      return;
    }
    this.retireTop();
    words[address / 4] = 0;
    words[address / 4 + 1] = end;
    if (last === 0) words[this.firstSegment] = address;
    else words[last / 4] = address;
    words[this.lastSegment] = address;
    this.writeHeader(end, 0, END);
    this.becomeTop(address + FIRST_BLOCK_BYTES, bytes - SEGMENT_OVERHEAD_BYTES);
  }

  /** The top is not at the end of the heap any more: it becomes a free chunk like others. */
  private retireTop(): void {
    const top = this.words[this.top]!;
    if (top === 0) return;
    this.words[this.top] = 0;
    this.becomeFree(top, this.verifiedSize("malloc", top));
  }

  /** Gives whole pages at the end of the top back, but for `padBytes`. */
  protected trimTop(padBytes: number): number {
    const words = this.words;
    const top = words[this.top]!;
    if (top === 0 || words[this.fixed] === 1) return 0;
    const size = this.verifiedSize("mallocTrim", top);
    const bytes = Math.floor((size - MIN_CHUNK_BYTES - padBytes) / PAGE_BYTES) * PAGE_BYTES;
    if (!(bytes > 0)) return 0;
    const end = this.endOfLastSegment() - bytes;
    this.writeHeader(end, 0, END);
    this.becomeTop(top, size - bytes);
    words[words[this.lastSegment]! / 4 + 1] = end;
    words[this.segmentBytes]! -= bytes;
    this.mapper.sbrk(-bytes);
    return bytes;
  }

  protected notePeak(): void {
    const words = this.words;
    const held = words[this.segmentBytes]! + words[this.mappedBytes]!;
    if (held > words[this.peak]!) words[this.peak] = held;
  }

  protected endOfLastSegment(): number {
    return this.words[this.words[this.lastSegment]! / 4 + 1]!;
  }

  /** The segments in the order of their making, as far as the list can be followed. */
  segments(): { readonly address: number; readonly end: number; readonly broken?: true }[] {
    const words = this.words;
    const segments = [];
    let address = words[this.firstSegment]!;
    for (let left = this.memory.byteLength / PAGE_BYTES; address !== 0; left--) {
      const end = words[address / 4 + 1]!;
      const sound =
        left > 0 &&
        address % PAGE_BYTES === 0 &&
        end > address &&
        this.mapper.isMapped(address, end - address);
      segments.push(sound ? { address, end } : { address, end, broken: true as const });
      if (!sound) break;
      address = words[address / 4]!;
    }
    return segments;
  }
}
