// A replay that remembers how long blocks live: two more stores for each event, beside the engine's own work.

import { sizeClassCount } from "@obmalloc/abi";
import {
  columnOver,
  type Domain,
  type MachineOptions,
  Op,
  ReplayMachine,
  type Tables,
} from "@obmalloc/trace";
import { LifeLog } from "../film/life-log.ts";

/** Lifetimes are counted by their number of bits: 0 for 0 events, 1 for 1, 2 for 2 and 3, up to 32. */
export const AGE_BINS = 33;

const UNIT_SHIFT = 4;

/** The recorded process, with the event at which each live block was born and a histogram of lifetimes. */
export class HistoryMachine extends ReplayMachine {
  /** Events so far: the time in which lifetimes are counted. */
  clock = 0;
  /** Requested bytes of the live blocks in pools. */
  liveBytes = 0;
  /** Blocks born in pools, by size class. */
  readonly births: Float64Array;
  /** Blocks that died in pools: by size class, and in each by the bits of their lifetime in events. */
  readonly deaths: Float64Array;
  /** Arenas, and the blocks that somebody has entered: their deaths are noted. */
  readonly log: LifeLog;

  private readonly definitions: Tables;
  private readonly born: Uint32Array;
  private readonly classShift: number;

  constructor(options: MachineOptions) {
    super(options);
    const classes = sizeClassCount(options.profile);
    this.born = columnOver(this.arenas.end, 4);
    this.births = new Float64Array(classes);
    this.deaths = new Float64Array(classes * AGE_BINS);
    this.definitions = options.tables;
    this.log = new LifeLog(options.profile.pymalloc);
    this.classShift = Math.log2(options.profile.pymalloc.alignmentBytes);
  }

  /** The event at which the live block at a linear address was allocated. */
  bornAt(linear: number): number {
    return this.born[linear >>> UNIT_SHIFT]!;
  }

  /** Blocks of the class `szidx` that were freed so far. */
  deathsOf(szidx: number): Float64Array {
    return this.deaths.subarray(szidx * AGE_BINS, (szidx + 1) * AGE_BINS);
  }

  override allocate(address: number, sizeBytes: number, domainBit: number, stack: number, op: Op): boolean {
    if (!super.allocate(address, sizeBytes, domainBit, stack, op)) return false;
    this.born[address >>> UNIT_SHIFT] = this.clock++;
    this.births[(sizeBytes - 1) >>> this.classShift]!++;
    this.liveBytes += sizeBytes;
    return true;
  }

  override free(address: number, domainBit: number, stack: number): boolean {
    const sizeBytes = this.live.sizeAt(address);
    if (!super.free(address, domainBit, stack)) return false;
    this.dies(address, sizeBytes);
    this.clock++;
    return true;
  }

  override reallocate(
    address: number,
    old: number,
    sizeBytes: number,
    domainBit: number,
    stack: number,
  ): boolean {
    const oldBytes = old === 0 ? 0 : this.live.sizeAt(old);
    if (!super.reallocate(address, old, sizeBytes, domainBit, stack)) return false;
    if (address === old) this.liveBytes += sizeBytes - oldBytes;
    else {
      if (old !== 0) this.dies(old, oldBytes);
      this.born[address >>> UNIT_SHIFT] = this.clock;
      this.births[(sizeBytes - 1) >>> this.classShift]!++;
      this.liveBytes += sizeBytes;
    }
    this.clock++;
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
    const oldBytes = from === 0 ? 0 : this.live.sizeAt(from);
    if (!super.outside(op, domain, address, old, sizeBytes, stack)) return false;
    if (oldBytes !== 0) this.dies(from, oldBytes);
    this.clock++;
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

  private dies(address: number, sizeBytes: number): void {
    const age = this.clock - this.born[address >>> UNIT_SHIFT]!;
    const szidx = (sizeBytes - 1) >>> this.classShift;
    this.deaths[szidx * AGE_BINS + 32 - Math.clz32(age)]!++;
    this.liveBytes -= sizeBytes;
    this.log.death(address, this.clock);
  }
}
