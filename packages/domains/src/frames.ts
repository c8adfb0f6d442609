// Where a program is: the calls that lead to an allocation. tracemalloc and fatal errors ask for them.

/** One call: a line of a file. */
export interface StackFrame {
  readonly filename: string;
  /** From 1; 0 when it is not known. */
  readonly lineno: number;
  /** The function, which tracebacks of fatal errors name. */
  readonly name?: string | undefined;
}

/** A stack at one moment. */
export interface CapturedStack {
  /** The most recent call first. */
  readonly frames: readonly StackFrame[];
  /** How many calls there were, those included that the limit cut off. */
  readonly totalFrames: number;
}

/**
 * Knows the stack of the code that runs.
 *
 * {@link capture} is called at each allocation while tracemalloc traces. A provider that returns the same object for the
 * same stack saves tracemalloc a comparison; it must not change an object that it has returned.
 */
export interface FrameProvider {
  /** The present stack, at most `limit` frames of it. No frames mean that nothing is known. */
  capture(limit: number): CapturedStack;
}

/** Nothing is known: tracemalloc then speaks of `<unknown>`, line 0. */
export const noFrames: FrameProvider = Object.freeze({
  capture: () => EMPTY_STACK,
});

const EMPTY_STACK: CapturedStack = Object.freeze({ frames: Object.freeze([]), totalFrames: 0 });
