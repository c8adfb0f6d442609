// What a test has compared with a real interpreter, written beside its result: `npm run bench -- tests` adds it up.

/** So many of something were equal here and in a CPython. */
export interface Comparison {
  /** Exact version, such as `3.11.7`. */
  readonly python: string;
  /** What was compared, in the plural: `calls`, `addresses`, `programs`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** @param meta of the test's task, which reporters write down. */
export function noteComparison(meta: object, comparison: Comparison): void {
  Object.assign(meta, { comparison });
}
