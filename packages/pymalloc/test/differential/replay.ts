// Runs what a real process did through PyMalloc and compares every address.

import { type BlockAddress, blockAddress, type Profile } from "@obmalloc/abi";
import {
  type ArenaAllocator,
  createPyMalloc,
  deriveStats,
  formatDebugMallocStats,
  type PyMalloc,
  type PyMallocStats,
} from "@obmalloc/pymalloc";
import { LinearMemory, PageMapper, RawHeap } from "@obmalloc/raw-heap";

const MALLOC = 1;
const CALLOC = 2;
const REALLOC = 3;
const FREE = 4;
const ARENA_MAP = 5;
const ARENA_UNMAP = 6;
const REPORT = 7;
const RECORD_BYTES = 24;

/** What a replay has compared. */
export interface Tally {
  operations: number;
  /** Addresses inside arenas, each equal. */
  arenaAddresses: number;
  /** Addresses of the raw allocator, which only have to be that. */
  rawAddresses: number;
  arenasMapped: number;
  /** The most arenas at one time. */
  arenasHighwater: number;
  reports: number;
}

/** The engine did something else than the process. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

interface Arena {
  /** Base in the process. */
  readonly real: number;
  /** Base in linear memory, the same modulo the arena size. */
  readonly base: number;
}

/** Feeds on the driver's output, in pieces of any length. */
export class Replay {
  readonly tally: Tally = {
    operations: 0,
    arenaAddresses: 0,
    rawAddresses: 0,
    arenasMapped: 0,
    arenasHighwater: 0,
    reports: 0,
  };
  readonly pymalloc: PyMalloc;
  private readonly profile: Profile;
  private readonly mapper: PageMapper;
  private readonly arenaBytes: number;
  /** Arenas by the arena-sized regions of the process's address space that they touch. */
  private readonly arenas = new Map<number, Arena[]>();
  /** Bases that the process mapped or unmapped in the call that is replayed next. */
  private readonly mapped: number[] = [];
  private readonly unmapped: number[] = [];
  /** Raw blocks by the process's address. */
  private readonly rawBlocks = new Map<number, BlockAddress>();
  private rest: Buffer = Buffer.alloc(0);

  constructor(profile: Profile) {
    this.profile = profile;
    this.arenaBytes = profile.pymalloc.arenaBytes;
    const memory = new LinearMemory();
    this.mapper = PageMapper.create(memory);
    const raw = RawHeap.create(this.mapper, { model: profile.model });
    const arenas: ArenaAllocator<Replay> = {
      ctx: this,
      alloc: (replay) => replay.mapArena(),
      free: (replay, base) => replay.unmapArena(base),
    };
    this.pymalloc = createPyMalloc({ memory, profile, raw, arenas });
  }

  /** Takes more output. @throws {Mismatch} at the first difference. */
  feed(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    while (at + RECORD_BYTES <= bytes.length) {
      const tag = bytes[at]!;
      const size = (bytes.readUInt32LE(at) >>> 8) + bytes.readUInt32LE(at + 4) * 2 ** 24;
      const old = pointerAt(bytes, at + 8);
      const result = pointerAt(bytes, at + 16);
      let next = at + RECORD_BYTES;
      if (tag === REPORT) {
        next += Math.ceil(size / 8) * 8;
        if (next > bytes.length) break;
        this.compareReport(bytes.toString("latin1", at + RECORD_BYTES, at + RECORD_BYTES + size), old);
      } else {
        this.step(tag, size, old, result);
      }
      at = next;
    }
    this.rest = bytes.subarray(at);
  }

  /** Says that the output is complete. @throws {Mismatch} when it was cut in the middle of a record. */
  end(): Tally {
    if (this.rest.length > 0) this.fail("the log ends in the middle of a record");
    return this.tally;
  }

  private step(tag: number, size: number, old: number, result: number): void {
    if (tag === ARENA_MAP) {
      if (size === this.arenaBytes) this.mapped.push(result); // other sizes are no arenas (frame stacks, 3.11 on)
      return;
    }
    if (tag === ARENA_UNMAP) {
      if (size === this.arenaBytes) this.unmapped.push(old);
      return;
    }
    this.tally.operations++;
    const { pymalloc } = this;
    if (tag === MALLOC) this.compare(`malloc(${size})`, result, pymalloc.malloc(size), size);
    else if (tag === CALLOC) this.compareCalloc(old, size, result);
    else if (tag === REALLOC) this.compareRealloc(old, size, result);
    else if (tag === FREE) this.replayFree(old);
    else this.fail(`unknown record ${tag}`);
    if (this.mapped.length > 0) this.fail("the process mapped an arena and the engine did not");
    if (this.unmapped.length > 0) this.fail("the process unmapped an arena and the engine did not");
  }

  private compareCalloc(nelem: number, elsize: number, result: number): void {
    const block = this.pymalloc.calloc(nelem, elsize);
    const sizeBytes = nelem * elsize;
    if (this.pymalloc.memory.u8.subarray(block, block + sizeBytes).some((byte) => byte !== 0)) {
      this.fail(`calloc(${nelem}, ${elsize}) gave bytes that are not zero`);
    }
    this.compare(`calloc(${nelem}, ${elsize})`, result, block, sizeBytes);
  }

  private compareRealloc(old: number, size: number, result: number): void {
    const block = this.pymalloc.realloc(this.translate(old), size);
    this.rawBlocks.delete(old);
    this.compare(`realloc(0x${old.toString(16)}, ${size})`, result, block, size);
  }

  private replayFree(old: number): void {
    this.pymalloc.free(this.translate(old));
    this.rawBlocks.delete(old);
  }

  /** Compares a result with what the engine gave for the same call, then fills the block as a program would. */
  private compare(call: string, real: number, block: BlockAddress, sizeBytes: number): void {
    const arena = real === 0 ? undefined : this.arenaOf(real);
    if (real === 0) {
      if (block !== 0) this.fail(`${call} is NULL, the engine gave 0x${block.toString(16)}`);
      return;
    }
    if (arena === undefined) {
      this.tally.rawAddresses++;
      if (block === 0 || this.pymalloc.addressInRange(block))
        this.fail(`${call} is a raw block, not for the engine`);
      this.rawBlocks.set(real, block);
    } else {
      this.tally.arenaAddresses++;
      const expected = arena.base + real - arena.real;
      if (block !== expected) {
        const offset = (address: number) => `offset 0x${(address - arena.base).toString(16)}`;
        this.fail(`${call} is at ${offset(expected)} of its arena, the engine gave ${offset(block)}`);
      }
    }
    this.pymalloc.memory.u8.fill(0xa5, block, block + sizeBytes);
  }

  /** @param blocksPlusOne blocks in use and one more, or 0 when the process did not say. */
  private compareReport(text: string, blocksPlusOne: number): void {
    this.tally.reports++;
    const { pymalloc } = this;
    const stats = withRealNodes(this.profile, pymalloc.collectStats(), text);
    const own = formatDebugMallocStats(this.profile, stats);
    if (own !== text) this.fail(`the report differs:\n${text}\nthe engine's:\n${own}`);
    const blocks = pymalloc.getAllocatedBlocks();
    if (blocksPlusOne !== 0 && blocks !== blocksPlusOne - 1) {
      this.fail(`${blocksPlusOne - 1} blocks are in use, the engine says ${blocks}`);
    }
    const violations = pymalloc.check();
    if (violations.length > 0) this.fail(`check() reports ${JSON.stringify(violations.slice(0, 3))}`);
  }

  private translate(real: number): BlockAddress {
    if (real === 0) return blockAddress(0);
    const arena = this.arenaOf(real);
    if (arena !== undefined) return blockAddress(arena.base + real - arena.real);
    const block = this.rawBlocks.get(real);
    if (block === undefined) this.fail(`0x${real.toString(16)} is no live block`);
    return block;
  }

  private arenaOf(real: number): Arena | undefined {
    const candidates = this.arenas.get(Math.floor(real / this.arenaBytes));
    return candidates?.find((arena) => real >= arena.real && real < arena.real + this.arenaBytes);
  }

  private mapArena(): number {
    const real = this.mapped.shift();
    if (real === undefined) this.fail("the engine maps an arena and the process did not");
    const arena = { real, base: this.mapper.mmap(this.arenaBytes, this.arenaBytes, real % this.arenaBytes) };
    if (arena.base === 0) this.fail("no room for the arena");
    for (const region of this.regions(real)) {
      this.arenas.set(region, [...(this.arenas.get(region) ?? []), arena]);
    }
    this.tally.arenasMapped++;
    this.tally.arenasHighwater = Math.max(this.tally.arenasHighwater, this.pymalloc.arenaCount + 1);
    return arena.base;
  }

  private unmapArena(base: number): void {
    const real = this.unmapped.shift();
    if (real === undefined) this.fail("the engine unmaps an arena and the process did not");
    const arena = this.arenaOf(real);
    if (arena?.base !== base) this.fail("the engine unmaps another arena than the process");
    for (const region of this.regions(real)) {
      this.arenas.set(
        region,
        this.arenas.get(region)!.filter((one) => one !== arena),
      );
    }
    this.mapper.munmap(base as ReturnType<PageMapper["mmap"]>, this.arenaBytes);
  }

  private regions(real: number): Set<number> {
    return new Set([
      Math.floor(real / this.arenaBytes),
      Math.floor((real + this.arenaBytes - 1) / this.arenaBytes),
    ]);
  }

  private fail(what: string): never {
    throw new Mismatch(`CPython ${this.profile.version}, operation ${this.tally.operations}: ${what}.`);
  }
}

/** The radix tree of the process spans 64-bit addresses: its nodes are counted there, not in linear memory. */
function withRealNodes(profile: Profile, stats: PyMallocStats, text: string): PyMallocStats {
  const count = (label: string) =>
    Number(new RegExp(`# arena map ${label} nodes *= *(\\d+)`).exec(text)?.[1] ?? 0);
  return deriveStats(profile, { ...stats, arenaMap: { midNodes: count("mid"), leafNodes: count("bot") } });
}

function pointerAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
