/** One broken invariant, as every layer's `check()` reports it. */
export interface Violation {
  /** The rule that does not hold, a stable kebab-case name. */
  readonly rule: string;
  /** The byte address where it was seen. */
  readonly address: number;
  /** What was found and what was expected, in one sentence. */
  readonly message: string;
}
