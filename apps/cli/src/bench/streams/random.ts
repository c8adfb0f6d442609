// Random numbers that are the same on every machine: sfc32 (Chris Doty-Humphrey, PractRand), seeded by one number.

export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param seed 32 bits of it count. */
  constructor(seed: number) {
    this.a = 0;
    this.b = 0;
    this.c = seed | 0;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** A number of 32 random bits, not negative. */
  next(): number {
    const result = (this.a + this.b + this.counter++) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A whole number from 0 up to, not including, `limit` (at most 2^32). */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** Puts the elements of `values` in a random order (Fisher and Yates). */
  shuffle(values: Uint32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const value = values[i]!;
      values[i] = values[j]!;
      values[j] = value;
    }
  }
}
