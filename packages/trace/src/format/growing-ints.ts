/** 32-bit unsigned numbers in a typed array that grows: a table of millions costs four bytes each. */
export class GrowingInts {
  /** Valid below {@link length}. */
  values = new Uint32Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  /** Zeros, up to a length. */
  lengthen(length: number): void {
    const longer = new Uint32Array(length);
    longer.set(this.values.subarray(0, this.length));
    this.values = longer;
    this.length = length;
  }

  /** The number at `index`; 0 beyond the end. */
  at(index: number): number {
    return index < this.length ? this.values[index]! : 0;
  }
}
