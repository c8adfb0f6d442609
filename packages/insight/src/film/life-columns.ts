// Columns of lives that grow, and what a tape takes of them.

import { TAPE_NEVER, type Tape } from "./tape.ts";

type Column = Uint8Array | Uint16Array | Uint32Array;
const FIRST_LIVES = 1 << 14;
const GROWTH = 1.7;

function longer<C extends Column>(column: C, length: number): C {
  const grown = new (column.constructor as new (length: number) => C)(length);
  grown.set(column);
  return grown;
}

export class LifeColumns {
  /** Lives so far. */
  count = 0;
  place: Uint32Array = new Uint32Array(0);
  sizes: Uint16Array = new Uint16Array(0);
  classes: Uint8Array = new Uint8Array(0);
  born: Uint32Array = new Uint32Array(0);
  died: Uint32Array = new Uint32Array(0);
  stacks: Uint32Array = new Uint32Array(0);
  private deaths: Uint32Array = new Uint32Array(0);
  private deathCount = 0;

  /** @returns its number. */
  enter(place: number, sizeBytes: number, szidx: number, event: number, stack: number): number {
    const life = this.count++;
    if (life >= this.place.length) this.grow();
    this.place[life] = place;
    this.sizes[life] = sizeBytes;
    this.classes[life] = szidx;
    this.born[life] = event;
    this.died[life] = TAPE_NEVER;
    this.stacks[life] = stack;
    return life;
  }

  end(life: number, event: number): void {
    this.died[life] = event;
    if (this.deathCount >= this.deaths.length) this.deaths = longer(this.deaths, this.place.length);
    this.deaths[this.deathCount++] = life;
  }

  /** The lives as a tape has them, in the order of their entry. */
  all(): Tape["lives"] {
    const { count } = this;
    return {
      place: this.place.slice(0, count),
      sizeBytes: this.sizes.slice(0, count),
      classes: this.classes.slice(0, count),
      born: this.born.slice(0, count),
      died: this.died.slice(0, count),
      stack: this.stacks.slice(0, count),
      deaths: this.deaths.slice(0, this.deathCount),
    };
  }

  /** Some lives, in the order of their births. */
  some(keeps: (life: number) => boolean): Tape["lives"] {
    const kept: number[] = [];
    for (let life = 0; life < this.count; life++) if (keeps(life)) kept.push(life);
    kept.sort((a, b) => this.born[a]! - this.born[b]!);
    const numberOf = new Int32Array(this.count).fill(-1);
    for (const [index, life] of kept.entries()) numberOf[life] = index;
    return {
      place: Uint32Array.from(kept, (life) => this.place[life]!),
      sizeBytes: Uint16Array.from(kept, (life) => this.sizes[life]!),
      classes: Uint8Array.from(kept, (life) => this.classes[life]!),
      born: Uint32Array.from(kept, (life) => this.born[life]!),
      died: Uint32Array.from(kept, (life) => this.died[life]!),
      stack: Uint32Array.from(kept, (life) => this.stacks[life]!),
      deaths: this.deaths
        .subarray(0, this.deathCount)
        .map((life) => numberOf[life]!)
        .filter((index) => index !== TAPE_NEVER), // -1 as a Uint32
    };
  }

  private grow(): void {
    const length = Math.max(FIRST_LIVES, Math.ceil(this.place.length * GROWTH));
    this.place = longer(this.place, length);
    this.sizes = longer(this.sizes, length);
    this.classes = longer(this.classes, length);
    this.born = longer(this.born, length);
    this.died = longer(this.died, length);
    this.stacks = longer(this.stacks, length);
  }
}
