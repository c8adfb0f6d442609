// The three passes that find unreachable objects: copy the counts, subtract the references from inside, keep what is left.

/**
 * The passes of one version, object by object, with everything in memory as C has it in between; for collections that
 * are watched. deduction.ts does the same in one go.
 */
export interface Passes {
  /** Copies each count to where the collector keeps its own. Returns how many objects there are. */
  updateRefs(list: number): number;
  /** Takes off each object's copy the references that come from the list itself. Yields each object whose turn is over. */
  subtractRefs(list: number): Generator<number, void>;
  /**
   * Moves what cannot be reached from outside of `list` to `unreachable`, which is made empty first. Yields each object
   * whose turn is over.
   */
  moveUnreachable(list: number, unreachable: number): Generator<number, void>;
  /** Makes `unreachable` a list like any other. */
  clearUnreachableMarks(unreachable: number): void;
  /** The copy of the count of an object whose fate is open; undefined for all others. */
  refsOf(head: number): number | undefined;
  /**
   * Undoes what the passes have done so far with `list` and `unreachable`, all of which goes back to `list`; for a
   * collection that cannot go on.
   */
  abandon(list: number, unreachable: number): void;
}
