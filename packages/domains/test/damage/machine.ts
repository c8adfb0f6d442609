// Domains that die with the words of a given dump: its version, its frames, its modules, its serial numbers.

import { ilp32, lp64, type Profile, profileFor, type RawAddress } from "@obmalloc/abi";
import {
  bindCApi,
  type CapturedStack,
  Domains,
  type FrameProvider,
  readSettings,
  type StackFrame,
} from "@obmalloc/domains";
import { mappedArenas } from "@obmalloc/pymalloc";
import { LinearMemory, PageMapper, type RawAllocator, RawHeap } from "@obmalloc/raw-heap";

const MIB = 1024 * 1024;

/** Frames that a test sets. */
export class GivenFrames implements FrameProvider {
  frames: readonly StackFrame[] = [];

  capture(limit: number): CapturedStack {
    return { frames: this.frames.slice(0, limit), totalFrames: this.frames.length };
  }
}

/** A raw heap that leaves freed blocks as they are, as the C libraries in the dumps do but for their own links. */
class KeepsFreed implements RawAllocator {
  protected readonly heap: RawHeap;

  constructor(heap: RawHeap) {
    this.heap = heap;
  }

  malloc(sizeBytes: number): RawAddress {
    return this.heap.malloc(sizeBytes);
  }

  calloc(nelem: number, elsize: number): RawAddress {
    return this.heap.calloc(nelem, elsize);
  }

  realloc(p: RawAddress, sizeBytes: number): RawAddress {
    return this.heap.realloc(p, sizeBytes);
  }

  free(): void {}
}

/** As Emscripten's dlmalloc in the dumps: blocks move when they grow, and stay when they shrink. */
class MovesWhenItGrows extends KeepsFreed {
  override realloc(p: RawAddress, sizeBytes: number): RawAddress {
    const old = this.heap.usableSize(p);
    if (sizeBytes <= old) return p;
    const moved = this.malloc(sizeBytes);
    this.heap.memory.u8.copyWithin(moved, p, p + old);
    return moved;
  }
}

export interface DyingOptions {
  readonly version: string;
  readonly isWasm?: boolean;
  /** Whether blocks of the raw heap are to be read after they were freed. */
  readonly keepsFreed?: boolean;
  readonly PYTHONMALLOC: string;
  readonly PYTHONTRACEMALLOC?: string;
  readonly extensionModules?: readonly string[];
}

export function makeDomains(options: DyingOptions): {
  memory: Domains;
  frames: GivenFrames;
  profile: Profile;
} {
  const profile = profileFor(options.version, options.isWasm ? ilp32 : lp64);
  const linear = new LinearMemory({ maxBytes: 64 * MIB });
  const mapper = PageMapper.create(linear);
  const heap = RawHeap.create(mapper, { model: profile.model });
  const Keeps = options.isWasm ? MovesWhenItGrows : KeepsFreed;
  const raw = options.keepsFreed ? new Keeps(heap) : heap;
  const frames = new GivenFrames();
  const { PYTHONMALLOC, PYTHONTRACEMALLOC, extensionModules } = options;
  const settings = readSettings({ PYTHONMALLOC, PYTHONTRACEMALLOC }, {}, profile);
  const arenas = mappedArenas(mapper, profile.pymalloc.poolBytes);
  const memory = new Domains({ profile, linear, raw, arenas, settings, frames, extensionModules });
  bindCApi(memory).PyMem_Malloc(100); // a process has an arena, and in it a pool of this class
  return { memory, frames, profile };
}

/** Makes and frees debug blocks until the next one gets this serial number. */
export function burnSerialNumbers(memory: Domains, next: number): void {
  const { linear, profile, mem } = memory;
  for (;;) {
    const p = mem.malloc(1);
    const at = p + 1 + profile.model.pointerBytes;
    const serial = linear.u8
      .slice(at, at + profile.model.pointerBytes)
      .reduce((n, byte) => n * 256 + byte, 0);
    mem.free(p);
    if (serial >= next - 1) {
      if (serial >= next) throw new Error(`The serial number ${next} has been given out.`);
      return;
    }
  }
}
