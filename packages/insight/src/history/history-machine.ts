// A replay that remembers how long blocks live: few stores for each event, beside the engine's own work.

import { sizeClassCount } from "@obmalloc/abi";
import { type Domain, type MachineOptions, Op, ReplayMachine, type Tables } from "@obmalloc/trace";
import { LifeLog } from "../film/life-log.ts";
import { GarbageTally } from "./garbage.ts";

/** Lifetimes are counted by their number of bits: 0 for 0 events, 1 for 1, 2 for 2 and 3, up to 32. */
export const AGE_BINS = 33;

/** Words of a live block's record: the stack, and the event of its birth. */
const STACK = 1;
const BORN = 2;

/** The recorded process, with the event at which each live block was born and a histogram of lifetimes. */
export class HistoryMachine extends ReplayMachine {
  /** Events so far, modulo 2^32: the time in which lifetimes are counted. */
  clock = 0;
  /** Requested bytes of the live blocks in pools. */
  liveBytes = 0;
  /** Blocks that died in pools: by size class, and in each by the bits of their lifetime in events. */
  readonly deaths: Float64Array;
  /** Of the live blocks in pools: two numbers for each stack, their requested bytes and how many they are. */
  readonly byStack: Float64Array;
  /** Arenas, and the blocks that somebody has entered: their deaths are noted. */
  readonly log: LifeLog;
  /** What collections of garbage freed. */
  readonly garbage: GarbageTally;

  private readonly definitions: Tables;
  private readonly records: Uint32Array;

  /** @param events of the recording up to the last that is asked about, for what is noted of each. */
  constructor(options: MachineOptions, events = 0) {
    super({ ...options, keepMore: true });
    this.garbage = new GarbageTally(options.tables.notes.collections, events);
    this.byStack = new Float64Array(options.tables.nodeCode.length * 2);
    this.records = this.live.records;
    this.deaths = new Float64Array(sizeClassCount(options.profile) * AGE_BINS);
    this.definitions = options.tables;
    this.log = new LifeLog(options.profile.pymalloc);
  }

  /** The event at which the block of a record was allocated. */
  birthOf(record: number): number {
    return this.records[record + BORN]!;
  }

  /** Blocks of the class `szidx` that were freed so far. */
  deathsOf(szidx: number): Float64Array {
    return this.deaths.subarray(szidx * AGE_BINS, (szidx + 1) * AGE_BINS);
  }

  override allocate(address: number, sizeBytes: number, domainBit: number, stack: number, op: Op): boolean {
    if (!super.allocate(address, sizeBytes, domainBit, stack, op)) return false;
    this.born(sizeBytes, stack);
    this.clock = (this.clock + 1) | 0;
    return true;
  }

  override free(address: number, domainBit: number, stack: number): boolean {
    if (!super.free(address, domainBit, stack)) return false;
    this.died(address);
    this.clock = (this.clock + 1) | 0;
    return true;
  }

  override reallocate(
    address: number,
    old: number,
    sizeBytes: number,
    domainBit: number,
    stack: number,
  ): boolean {
    const { live } = this;
    const stays = address === old ? live.recordOf(old) : -1;
    const oldStack = stays < 0 ? 0 : live.stackOf(stays);
    const oldBytes = stays < 0 ? 0 : live.sizeOf(stays);
    if (!super.reallocate(address, old, sizeBytes, domainBit, stack)) return false;
    if (stays >= 0) {
      this.count(oldStack, -oldBytes, -1);
      this.count(stack, sizeBytes, 1);
    } else {
      this.born(sizeBytes, stack);
      this.died(old);
    }
    this.clock = (this.clock + 1) | 0;
    return true;
  }

  override outside(
    op: Op,
    domain: Domain,
    address: number,
    old: number,
    sizeBytes: number,
    stack: number,
  ): boolean {
    const from = op === Op.realloc && old !== 0 && address !== 0 ? this.arenas.toLinear(old) : 0;
    if (op === Op.free && this.clock >= this.garbage.from)
      this.garbage.diedOutside(this.clock, this.outsideBlocks.sizeAt(address) ?? 0);
    if (!super.outside(op, domain, address, old, sizeBytes, stack)) return false;
    if (from !== 0) this.died(from);
    this.clock = (this.clock + 1) | 0;
    return true;
  }

  override arenaMapped(id: number): boolean {
    if (!super.arenaMapped(id)) return false;
    const { base } = this.definitions.arenas[id]!;
    this.log.mapArena(base, this.linearArena(base), this.clock);
    return true;
  }

  override arenaUnmapped(id: number): boolean {
    const linear = this.linearArena(this.definitions.arenas[id]!.base);
    if (!super.arenaUnmapped(id)) return false;
    this.log.unmapArena(linear, Math.max(0, this.clock - 1));
    return true;
  }

  /** Where the arena with a recorded base lies here. */
  private linearArena(base: number): number {
    const { poolBytes } = this.profile.pymalloc;
    const first = Math.ceil(base / poolBytes) * poolBytes;
    return this.arenas.toLinear(first) - (first - base);
  }

  /** The block that began last is counted. */
  private born(sizeBytes: number, stack: number): void {
    this.records[this.live.lastBegun + BORN] = this.clock;
    this.count(stack, sizeBytes, 1);
  }

  /** The block that ended last, at this address, is counted. */
  private died(address: number): void {
    const { live, log, clock } = this;
    const age = clock - this.records[live.lastEnded + BORN]!;
    this.deaths[live.classOf(address) * AGE_BINS + 32 - Math.clz32(age)]!++;
    this.count(this.records[live.lastEnded + STACK]!, -live.lastEndedBytes, -1);
    if (log.hasLives) log.death(address, clock);
    if (clock >= this.garbage.from) this.garbage.died(clock, clock - age, live.lastEndedBytes);
  }

  private count(stack: number, sizeBytes: number, blocks: number): void {
    const { byStack } = this;
    const at = stack << 1;
    byStack[at]! += sizeBytes;
    byStack[at | 1]! += blocks;
    this.liveBytes += sizeBytes;
  }
}
