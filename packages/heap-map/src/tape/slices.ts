// Long work as generators that stop now and then: who has time does it at once, and a page does it in slices.

/** Lives that are gone through between two stops: a millisecond or so. */
export const SLICE_LIVES = 1 << 15;

/** Does a job to its end. */
export function finish<T>(job: Generator<void, T>): T {
  for (;;) {
    const { done, value } = job.next();
    if (done === true) return value;
  }
}
