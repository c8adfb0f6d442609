// The state of a tape at one moment, moved by the births and deaths between two moments, or rebuilt from a keyframe.

import { ABSENT, type HeapTape, NEVER, poolsAt, poolsPerArena } from "./heap-tape.ts";
import { SLICE_LIVES } from "./slices.ts";

/** Lives in one keyframe's list cost 4 bytes each; more than this is not kept. */
const KEYFRAME_BYTES_MAX = 96 << 20;
/** Births and deaths between two keyframes, at least. */
const KEYFRAME_STEPS = 1 << 17;

/** What it costs to look at a life, and to enter one, against a step from one moment to the next. */
const LOOK_COST = 0.05;
const ENTER_COST = 0.4;

interface Keyframe {
  readonly births: number;
  readonly deaths: number;
  /** The lives that are there. */
  readonly alive: Uint32Array;
}

/**
 * Which lives are there, and pool by pool how many. A move costs as much as lie between the two moments, and never more than a
 * rebuild: one look at each life, or at those of a keyframe that an earlier rebuild left.
 */
export class TapeState {
  readonly tape: HeapTape;
  /** Pools of a row. */
  readonly pools: number;
  /** Units of `alignmentBytes` in a pool, and in a row, as shifts. */
  readonly poolShift: number;
  readonly classes: Uint8Array;
  readonly liveBlocks: Uint16Array;
  readonly liveBytes: Uint32Array;
  /** By pool: the {@link version} in which its blocks changed last. */
  readonly stamps: Uint32Array;
  /** Births and deaths that have happened. */
  births = 0;
  deaths = 0;
  event = -1;
  version = 0;

  /** Places of a row, as a shift: arenas and pools are powers of two. */
  private readonly rowShift: number;
  /** By row, by place in it: the life + 1, or 0. Rows without a life have none. */
  private readonly lifeAt: (Int32Array | undefined)[];
  private readonly keyframes: Keyframe[] = [];
  private keyframeBytes = 0;
  private readonly born: Uint32Array;
  private readonly died: Uint32Array;
  private readonly order: Uint32Array;

  constructor(tape: HeapTape) {
    this.tape = tape;
    const { poolBytes, alignmentBytes } = tape.geometry;
    this.pools = poolsPerArena(tape.geometry);
    this.poolShift = Math.log2(poolBytes / alignmentBytes);
    this.rowShift = this.poolShift + Math.log2(this.pools);
    const count = tape.arenas.bases.length * this.pools;
    this.classes = new Uint8Array(count).fill(ABSENT);
    this.liveBlocks = new Uint16Array(count);
    this.liveBytes = new Uint32Array(count);
    this.stamps = new Uint32Array(count);
    this.lifeAt = new Array(tape.arenas.bases.length).fill(undefined);
    const { born, died, deaths } = tape.lives;
    this.born = born;
    this.died = died;
    this.order = deaths;
  }

  /** By place in a pool: the life + 1, or 0. Undefined where nothing ever lived in its arena. */
  livesOf(pool: number): Int32Array | undefined {
    const row = Math.floor(pool / this.pools);
    const start = (pool - row * this.pools) << this.poolShift;
    return this.lifeAt[row]?.subarray(start, start + (1 << this.poolShift));
  }

  /** Goes to the state after the events before `event`; until it is done the state is of no moment. */
  *seeking(event: number): Generator<void, void> {
    if (event === this.event) return;
    const births = lowerBound(this.born.length, event, (index) => this.born[index]!);
    const deaths = lowerBound(this.order.length, event, (index) => this.died[this.order[index]!]!);
    const steps = Math.abs(births - this.births) + Math.abs(deaths - this.deaths);
    this.version++;
    if (steps > KEYFRAME_STEPS) yield* this.rebuildingNear(births, deaths, steps);
    while (!this.move(births, deaths)) yield;
    this.event = event;
  }

  /** Goes some way, in the order of events, so that no place is taken twice. @returns whether it is there. */
  private move(births: number, deaths: number): boolean {
    const { order } = this;
    let left = SLICE_LIVES;
    while ((this.births > births || this.deaths > deaths) && left-- > 0) {
      const undoDeath = this.deaths > deaths && !this.lastStepIsBirth(births);
      if (undoDeath) this.enter(order[--this.deaths]!);
      else this.leave(--this.births);
    }
    while ((this.births < births || this.deaths < deaths) && left-- > 0) {
      if (this.deaths < deaths && !this.nextStepIsBirth(births)) this.leave(order[this.deaths++]!);
      else this.enter(this.births++);
    }
    return this.births === births && this.deaths === deaths;
  }

  /** Of the births and deaths that have happened, whether the latest is a birth (the birth of a move is after its death). */
  private lastStepIsBirth(births: number): boolean {
    if (this.births <= births) return false;
    return this.deaths === 0 || this.born[this.births - 1]! >= this.died[this.order[this.deaths - 1]!]!;
  }

  private nextStepIsBirth(births: number): boolean {
    return this.births < births && this.born[this.births]! < this.died[this.order[this.deaths]!]!;
  }

  private enter(life: number): void {
    const { place, sizeBytes, classes } = this.tape.lives;
    const size = sizeBytes[life]!;
    if (size === 0) return;
    const at = place[life]!;
    const row = at >>> this.rowShift;
    const lives = this.lifeAt[row] ?? this.newRow(row);
    lives[at & (lives.length - 1)] = life + 1;
    const pool = at >>> this.poolShift;
    this.liveBlocks[pool]!++;
    this.liveBytes[pool]! += size;
    this.stamps[pool] = this.version;
    this.classes[pool] = classes[life]!;
  }

  private newRow(row: number): Int32Array {
    const lives = new Int32Array(1 << this.rowShift);
    this.lifeAt[row] = lives;
    return lives;
  }

  private leave(life: number): void {
    const { place, sizeBytes } = this.tape.lives;
    const size = sizeBytes[life]!;
    if (size === 0) return;
    const at = place[life]!;
    const lives = this.lifeAt[at >>> this.rowShift]!;
    const pool = at >>> this.poolShift;
    lives[at & (lives.length - 1)] = 0;
    this.liveBytes[pool]! -= size;
    this.stamps[pool] = this.version;
    if (--this.liveBlocks[pool]! === 0) this.classes[pool] = ABSENT;
  }

  /** Begins again, so that less than `steps` are left to go; leaves a keyframe for the next time. */
  private *rebuildingNear(births: number, deaths: number, steps: number): Generator<void, void> {
    const near = this.keyframes.reduce<Keyframe | undefined>((best, one) => {
      const distance = (key: Keyframe) => Math.abs(key.births - births) + Math.abs(key.deaths - deaths);
      return best === undefined || distance(one) < distance(best) ? one : best;
    }, undefined);
    const away = near === undefined ? steps : Math.abs(near.births - births) + Math.abs(near.deaths - deaths);
    if (near !== undefined && away <= KEYFRAME_STEPS && near.alive.length * ENTER_COST + away < steps) {
      yield* this.restarting(near.births, near.deaths, near.alive);
      return;
    }
    if (births * LOOK_COST + (births - deaths) * ENTER_COST > steps) return; // to go there is cheaper
    const alive = yield* findingAlive(this.tape, births, deaths);
    yield* this.restarting(births, deaths, alive);
    if (this.keyframeBytes + alive.byteLength > KEYFRAME_BYTES_MAX) return;
    this.keyframes.push({ births, deaths, alive });
    this.keyframeBytes += alive.byteLength;
  }

  private *restarting(births: number, deaths: number, alive: Uint32Array): Generator<void, void> {
    for (const row of this.lifeAt) row?.fill(0);
    this.classes.fill(ABSENT);
    this.liveBlocks.fill(0);
    this.liveBytes.fill(0);
    this.stamps.fill(this.version);
    for (let start = 0; start < alive.length; start += SLICE_LIVES) {
      this.enterAll(alive, start, Math.min(alive.length, start + SLICE_LIVES));
      yield;
    }
    this.births = births;
    this.deaths = deaths;
  }

  private enterAll(alive: Uint32Array, start: number, end: number): void {
    for (let index = start; index < end; index++) this.enter(alive[index]!);
  }
}

/** Lives that began among the first `births` and are not among the first `deaths` to end. */
function* findingAlive({ lives }: HeapTape, births: number, deaths: number): Generator<void, Uint32Array> {
  const { died, deaths: order } = lives;
  const first = deaths < order.length ? died[order[deaths]!]! : NEVER;
  const alive = new Uint32Array(Math.max(0, births - deaths));
  let count = 0;
  for (let start = 0; start < births; start += SLICE_LIVES) {
    count = collectAlive(died, first, start, Math.min(births, start + SLICE_LIVES), alive, count);
    yield;
  }
  return alive.subarray(0, count);
}

/** Lives from `start` to before `end` that do not end before the event `first`, added to `alive`. @returns how many it has. */
function collectAlive(
  died: Uint32Array,
  first: number,
  start: number,
  end: number,
  alive: Uint32Array,
  count: number,
): number {
  let found = count;
  for (let life = start; life < end; life++) if (died[life]! >= first) alive[found++] = life;
  return found;
}

/** How many of the first `length` ascending values are below `limit`. */
export function lowerBound(length: number, limit: number, valueAt: (index: number) => number): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueAt(middle) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What is mapped in each row after the events before `event`. */
export function mappedRows(
  { arenas, geometry }: HeapTape,
  event: number,
): { pools: Uint8Array; since: Uint32Array } {
  const pools = new Uint8Array(arenas.bases.length);
  const since = new Uint32Array(arenas.bases.length);
  for (let index = 0; index < arenas.row.length; index++) {
    if (arenas.mapped[index]! >= event || arenas.unmapped[index]! < event) continue;
    const row = arenas.row[index]!;
    pools[row] = poolsAt(arenas.bases[row]!, geometry);
    since[row] = arenas.mapped[index]!;
  }
  return { pools, since };
}
