// The recorded process's allocators, driven by its events: each one moves the engine, and each address that the engine
// gives is compared with the one that the process was given.

import type { BlockAddress, Profile } from "@obmalloc/abi";
import { LinearMemory, PageMapper } from "@obmalloc/raw-heap";
import { Domain, Op, SHORT_SIZE_MAX } from "../format/constants.ts";
import type { EventSink } from "../format/event-sink.ts";
import type { Tables } from "../format/tables.ts";
import { Heap, type PoolDriver } from "./heap.ts";
import { LiveBlocks } from "./live-blocks.ts";
import type { Mismatch, MismatchPool } from "./mismatch.ts";
import { OutsideBlocks } from "./outside-blocks.ts";
import { RecordedArenas } from "./recorded-arenas.ts";

/** What a machine replays, and by whose rules. */
export interface MachineOptions {
  readonly tables: Tables;
  readonly profile: Profile;
  /** Whether the recorded allocator is pymalloc: if not, all blocks are outside of pools and none is counted. */
  readonly hasPools: boolean;
  readonly keepStacks: boolean;
  /** Whether addresses are taken as they are, not compared: of a trace that was made of another tool's capture. */
  readonly isDerived: boolean;
  /** Whether the record of each live block has a word more, for the machine's own use. @defaultValue false */
  readonly keepMore?: boolean;
}

/** A mismatch but for its event number, which the driver knows. */
export interface Disagreement {
  /** Whether it happened at an event, or between two of them. */
  readonly atEvent: boolean;
  readonly what: Omit<Mismatch, "event">;
}

const OPERATIONS = ["malloc", "calloc", "realloc", "free"];
const NOT_LIVE = "the freed address is not a live block";
const ANOTHER_ADDRESS = "another address came out";

/** Engines, arenas and blocks of the process. It stops at the first {@link disagreement}. */
export class ReplayMachine implements EventSink {
  readonly profile: Profile;
  readonly memory = new LinearMemory();
  readonly arenas: RecordedArenas;
  readonly live: LiveBlocks;
  readonly outsideBlocks = new OutsideBlocks();
  /** Addresses that were compared. */
  compared = 0;
  /** Frees of raw blocks whose allocation was not seen. */
  unknownFrees = 0;
  disagreement: Disagreement | undefined;
  /** Id of the context that made the last event; 0 before the first. */
  contextId = 0;
  /** The pymalloc state of the interpreter that ran last. */
  current: Heap;

  private readonly tables: Tables;
  private readonly hasPools: boolean;
  private readonly isDerived: boolean;
  private readonly mapper = PageMapper.create(this.memory);
  private readonly heaps: (Heap | undefined)[] = [];
  private engine: PoolDriver;

  constructor(options: MachineOptions) {
    this.tables = options.tables;
    this.profile = options.profile;
    this.hasPools = options.hasPools;
    this.isDerived = options.isDerived;
    this.arenas = new RecordedArenas(this.mapper, options.profile.pymalloc, options.tables);
    const words = options.keepMore ? 3 : options.keepStacks ? 2 : 1;
    this.live = new LiveBlocks(this.arenas.end, options.profile, words);
    this.current = this.heap(0);
    this.engine = this.current.driver;
  }

  /** The pymalloc states that were used so far; 0 is the main interpreter's. */
  *allHeaps(): Generator<{ readonly index: number; readonly heap: Heap }> {
    for (const [index, heap] of this.heaps.entries()) if (heap !== undefined) yield { index, heap };
  }

  allocate(address: number, sizeBytes: number, domainBit: number, stack: number, op: Op): boolean {
    const block = this.engine.allocateSmall(sizeBytes);
    this.compared++;
    // A block at 0 is none: the engine had no arena, and a damaged trace may have guessed so.
    if ((block !== address || block === 0) && !this.placed(address, sizeBytes)) {
      return this.disagreeInside(op, address, sizeBytes, domainBit, stack, block, ANOTHER_ADDRESS);
    }
    this.live.begin(address, sizeBytes, domainBit, stack);
    return true;
  }

  free(address: number, domainBit: number, stack: number): boolean {
    if (!this.live.end(address)) {
      return this.disagreeInside(Op.free, address, 0, domainBit, stack, 0, NOT_LIVE);
    }
    this.engine.freeSmall(address as BlockAddress);
    return true;
  }

  reallocate(address: number, old: number, sizeBytes: number, domainBit: number, stack: number): boolean {
    const { engine, live } = this;
    const disagree = (replayed: number, reason: string) =>
      this.disagreeInside(Op.realloc, address, sizeBytes, domainBit, stack, replayed, reason);
    this.compared++;
    if (live.recordOf(old) < 0) return disagree(0, "the old address is not a live block");
    const keeps = engine.reallocKeeps(old as BlockAddress, sizeBytes);
    if (keeps && address !== old) return disagree(old, "the block should have stayed");
    if (!keeps && address === old) return disagree(0, "the block should have moved");
    if (keeps) {
      live.change(address, sizeBytes, domainBit, stack);
      return true;
    }
    const block = engine.allocateSmall(sizeBytes);
    if (block !== address || block === 0) return disagree(block, ANOTHER_ADDRESS);
    live.end(old);
    engine.freeSmall(old as BlockAddress);
    live.begin(address, sizeBytes, domainBit, stack);
    return true;
  }

  outside(op: Op, domain: Domain, address: number, old: number, sizeBytes: number, stack: number): boolean {
    const counted = domain !== Domain.raw && this.hasPools;
    const disagree = (reason: string) =>
      this.disagree(op, domain, address, sizeBytes, stack, 0, reason, undefined);
    if (op === Op.free) {
      if (this.hasPools && this.arenas.toLinear(address) !== 0) return disagree(NOT_LIVE);
      if (!this.outsideBlocks.delete(address)) this.unknownFrees++;
      else if (counted) this.engine.countRawBlocks(-1);
      return true;
    }
    if (address === 0) return true; // refused: nothing has changed
    const oldInside = old === 0 ? 0 : this.arenas.toLinear(old);
    if (oldInside !== 0) {
      if (!this.live.end(oldInside)) return disagree("the old address is not a live block");
      this.engine.freeSmall(oldInside as BlockAddress);
    }
    const stays = old !== 0 && oldInside === 0; // with the raw domain, whatever its size
    if (counted && !stays && sizeBytes > 0 && sizeBytes <= SHORT_SIZE_MAX) {
      return disagree("a request that pools serve was served outside of them");
    }
    if (stays && !this.outsideBlocks.delete(old)) this.unknownFrees++;
    this.outsideBlocks.set(address, sizeBytes, domain, stack);
    if (counted && !stays) this.engine.countRawBlocks(1);
    return true;
  }

  context(id: number): boolean {
    this.contextId = id;
    this.current = this.heap(this.tables.contexts[id]!.heap);
    this.engine = this.current.driver;
    return true;
  }

  arenaMapped(id: number): boolean {
    const { base, sizeBytes } = this.tables.arenas[id]!;
    const wrong = this.arenas.map(id, this.tables.arenas[id]!, this.current.pending);
    if (wrong !== undefined) return this.disagreeBetween("map an arena", base, sizeBytes, wrong);
    this.current.arenaMap.add(base);
    if (this.isDerived) {
      this.current.derived!.mapped(this.arenas.mappedArena(id)!.linear);
      this.current.pending.offered.length = 0; // no engine asks for it
    }
    return true;
  }

  arenaUnmapped(id: number): boolean {
    const { base, sizeBytes } = this.tables.arenas[id]!;
    if (this.isDerived) {
      const arena = this.arenas.mappedArena(id);
      if (arena !== undefined) this.current.pending.returned.push(arena); // nor gives it back
      this.current.derived?.unmapped();
    }
    const wrong = this.arenas.unmap(id, this.current.pending);
    return wrong === undefined || this.disagreeBetween("unmap an arena", base, sizeBytes, wrong);
  }

  /** Of a trace that only tells addresses: the block is where it is said to be. */
  private placed(address: number, sizeBytes: number): boolean {
    if (!this.isDerived || !this.current.derived!.place(address, sizeBytes)) return false;
    this.compared--;
    return true;
  }

  private heap(index: number): Heap {
    let heap = this.heaps[index];
    if (heap === undefined) {
      heap = new Heap(this.memory, this.mapper, this.profile, this.arenas, this.isDerived);
      this.heaps[index] = heap;
    }
    return heap;
  }

  // Each of these notes the disagreement and returns false, for its callers to pass on.

  private disagreeInside(
    op: Op,
    linear: number,
    sizeBytes: number,
    domainBit: number,
    stack: number,
    replayed: number,
    reason: string,
  ): false {
    const domain = (Domain.obj - domainBit) as Domain;
    const recorded = this.arenas.toRecorded(linear);
    const pool = this.poolAt(replayed === 0 ? linear : replayed);
    return this.disagree(op, domain, recorded, sizeBytes, stack, replayed, reason, pool);
  }

  private disagree(
    op: Op,
    domain: Domain,
    recorded: number,
    sizeBytes: number,
    stack: number,
    replayed: number,
    reason: string,
    pool: MismatchPool | undefined,
  ): false {
    const why = replayed === 0 && reason === ANOTHER_ADDRESS ? "the replay needed another arena" : reason;
    const operation = OPERATIONS[op]!;
    const what = {
      operation,
      domain,
      sizeBytes,
      recorded,
      replayed: this.arenas.toRecorded(replayed),
      reason: why,
    };
    this.disagreement = { atEvent: true, what: { ...what, stack, pool } };
    return false;
  }

  private disagreeBetween(operation: string, recorded: number, sizeBytes: number, reason: string): false {
    const what = { operation, domain: Domain.raw, sizeBytes, recorded, replayed: 0, reason };
    this.disagreement = { atEvent: false, what: { ...what, stack: 0, pool: undefined } };
    return false;
  }

  private poolAt(linear: number): MismatchPool | undefined {
    const arena = this.arenas.arenaAt(linear);
    if (arena === undefined) return undefined;
    const address = linear - (linear % this.profile.pymalloc.poolBytes);
    for (const { heap } of this.allHeaps()) {
      for (const snapshot of heap.inspectArenas()) {
        const pool = snapshot.pools.find((one) => one.address === address);
        if (pool === undefined) continue;
        const { szidx, blockBytes, count, capacity } = pool;
        return {
          address: this.arenas.toRecorded(address),
          arena: arena.base,
          szidx,
          blockBytes,
          count,
          capacity,
        };
      }
    }
    return undefined;
  }
}
