// What a live picture shows: the state of a real engine after each step, as plain data.

/** What bytes are used for. The names are those of the legend. */
export const KINDS = {
  used: "in use",
  free: "free",
  kept: "free, kept whole for its size",
  header: "header",
  mark: "mark of the debug hooks",
  fresh: "never handed out",
  tail: "too small to use",
  pin: "in use, and the only reason its arena stays",
} as const;

export type Kind = keyof typeof KINDS;

/** A field of a structure, with what stands there. */
export interface Field {
  readonly name: string;
  /** Bytes from the beginning of the cell. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly value: string;
}

/** A stretch of memory that is one thing. */
export interface Cell {
  readonly address: number;
  readonly sizeBytes: number;
  readonly kind: Kind;
  readonly label: string;
  /** The address that is written in it, as in a free block. */
  readonly link?: number;
  /** How much of it is in use, from 0 to 1; all of it, if not said. */
  readonly fill?: number;
  readonly fields?: readonly Field[];
  /** Its first bytes, as they are in memory. */
  readonly bytes?: Uint8Array;
}

/** A piece of memory, drawn in rows. */
export interface Region {
  readonly title: string;
  readonly address: number;
  readonly bytesPerRow: number;
  readonly cells: readonly Cell[];
}

/** What the collector thinks of an object, or what became of it. */
type NodeState = "alive" | "root" | "examined" | "unreachable" | "reachable" | "finalized" | "dead";

export interface GraphNode {
  readonly id: string;
  readonly label: string;
  readonly column: number;
  readonly row: number;
  readonly state: NodeState;
  /** Its reference count; none for a name in a program. */
  readonly count?: number;
  /** What the collector has left of that count. */
  readonly gcRefs?: number | undefined;
  readonly address?: number;
  readonly refersTo: readonly string[];
}

/** The state after a step. */
export interface Frame {
  /** The step as a call. */
  readonly call: string;
  /** What happened, in a sentence or two. */
  readonly text: string;
  readonly regions?: readonly Region[];
  readonly graph?: readonly GraphNode[];
  readonly figures?: readonly (readonly [name: string, value: string])[];
}

/** A scene runs its engine step by step; each step is taken when it is asked for. */
export interface Scene {
  readonly title: string;
  run(): Iterator<Frame>;
}

/** A question whose answer is computed. */
export interface Question {
  readonly text: string;
  readonly options: readonly string[];
  /** Runs the engine: which option is right, and what it did. */
  answer(): { readonly right: number; readonly said: string };
}

/** Buttons that do something to a real heap, and say in text what came of it. */
export interface Experiment {
  readonly title: string;
  readonly buttons: readonly { readonly label: string; run(): string }[];
}

export const hex = (address: number): string => `0x${address.toString(16)}`;
