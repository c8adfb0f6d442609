// Which blocks lived where and when, and which arenas were there.

import type { PymallocProfile } from "@obmalloc/abi";
import { LinearMemory } from "@obmalloc/raw-heap";
import { LifeColumns } from "./life-columns.ts";
import { TAPE_NEVER, type Tape } from "./tape.ts";

const UNIT_SHIFT = 4;
const COLUMN_BYTES_MAX = 2 ** (32 - UNIT_SHIFT + 2);
const LINEAR_BYTES = 2 ** 32;

interface Mapping {
  readonly row: number;
  readonly linear: number;
  readonly mapped: number;
  unmapped: number;
}

/** Arenas are told of as they come and go; blocks only as far as somebody wants to know. */
export class LifeLog {
  readonly lives = new LifeColumns();
  /** Whether a birth was entered: without, there is no death to note. */
  hasLives = false;
  private readonly arenaBytes: number;
  private readonly poolBytes: number;
  private readonly pools: number;
  private readonly alignmentBytes: number;
  private readonly poolUnits: number;
  /** Recorded base to row, in the order of first appearance. */
  private readonly rows = new Map<number, number>();
  private readonly mappings: Mapping[] = [];
  /** By linear address / pool size: row * pools of an arena + pool. */
  private poolOfPage: Int32Array = new Int32Array(0);
  private readonly lifeMemory = new LinearMemory({ maxBytes: COLUMN_BYTES_MAX });
  /** By linear address / 16: the life + 1, or 0. Empty until the first birth. */
  private lifeAt: Uint32Array = new Uint32Array(0);

  constructor({ arenaBytes, poolBytes, alignmentBytes }: PymallocProfile) {
    this.arenaBytes = arenaBytes;
    this.poolBytes = poolBytes;
    this.alignmentBytes = alignmentBytes;
    this.pools = Math.ceil(arenaBytes / poolBytes);
    this.poolUnits = poolBytes / alignmentBytes;
  }

  /** Event number `event` brought an arena. `linear` is where it lies in the replay's memory. */
  mapArena(base: number, linear: number, event: number): void {
    const row = this.rows.get(base) ?? this.rows.size;
    this.rows.set(base, row);
    this.mappings.push({ row, linear, mapped: event, unmapped: TAPE_NEVER });
    if (this.poolOfPage.length === 0) this.poolOfPage = new Int32Array(LINEAR_BYTES / this.poolBytes);
    const first = Math.ceil(linear / this.poolBytes);
    const end = Math.floor((linear + this.arenaBytes) / this.poolBytes);
    for (let page = first; page < end; page++) this.poolOfPage[page] = row * this.pools + (page - first);
  }

  unmapArena(linear: number, event: number): void {
    const mapping = this.mappings.findLast((one) => one.linear === linear && one.unmapped === TAPE_NEVER);
    if (mapping !== undefined) mapping.unmapped = event;
  }

  /** The life of the block at a linear address, or -1. */
  lifeOf(linear: number): number {
    const unit = linear >>> UNIT_SHIFT;
    return unit < this.lifeAt.length ? this.lifeAt[unit]! - 1 : -1;
  }

  birth(linear: number, sizeBytes: number, szidx: number, event: number, stack: number): void {
    const unit = linear >>> UNIT_SHIFT;
    this.hasLives = true;
    if (unit >= this.lifeAt.length) this.growUnits(unit + 1);
    const page = Math.floor(linear / this.poolBytes);
    const offset = (linear - page * this.poolBytes) / this.alignmentBytes;
    const place = this.poolOfPage[page]! * this.poolUnits + offset;
    this.lifeAt[unit] = this.lives.enter(place, sizeBytes, szidx, event, stack) + 1;
  }

  /** A block died; nothing happens where its life is not in the log. */
  death(linear: number, event: number): void {
    const unit = linear >>> UNIT_SHIFT;
    if (unit >= this.lifeAt.length || this.lifeAt[unit] === 0) return;
    this.lives.end(this.lifeAt[unit]! - 1, event);
    this.lifeAt[unit] = 0;
  }

  /** Recorded bases, ascending: the rows of the picture. */
  bases(): number[] {
    return [...this.rows.keys()].sort((a, b) => a - b);
  }

  /** A tape's arenas, and some or all of its lives. */
  columns(keeps?: (life: number) => boolean): Pick<Tape, "arenas" | "lives"> {
    const bases = this.bases();
    const rowOf = new Uint32Array(bases.length);
    for (const [index, base] of bases.entries()) rowOf[this.rows.get(base)!] = index;
    const lives = keeps === undefined ? this.lives.all() : this.lives.some(keeps);
    const rowUnits = this.pools * this.poolUnits;
    const { place } = lives;
    for (let index = 0; index < place.length; index++) {
      const row = Math.floor(place[index]! / rowUnits);
      place[index] = place[index]! + (rowOf[row]! - row) * rowUnits;
    }
    return {
      arenas: {
        bases: Float64Array.from(bases),
        row: Uint32Array.from(this.mappings, ({ row }) => rowOf[row]!),
        mapped: Uint32Array.from(this.mappings, ({ mapped }) => mapped),
        unmapped: Uint32Array.from(this.mappings, ({ unmapped }) => unmapped),
      },
      lives,
    };
  }

  private growUnits(units: number): void {
    this.lifeMemory.ensure(Math.min(COLUMN_BYTES_MAX, Math.ceil(units * 6))); // half as much again
    this.lifeAt = this.lifeMemory.u32;
  }
}
