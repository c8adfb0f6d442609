// Which events: one bit for each of a recording.

/** A set of event numbers, one bit each. */
export class EventSet {
  private readonly bits: Uint32Array;

  constructor(events: number) {
    this.bits = new Uint32Array((events >>> 5) + 1);
  }

  add(event: number): void {
    this.bits[event >>> 5]! |= 1 << (event & 31);
  }

  readonly has = (event: number): boolean => ((this.bits[event >>> 5] ?? 0) & (1 << (event & 31))) !== 0;
}
