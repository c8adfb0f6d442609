// A heap over time as plain columns, for pictures. @obmalloc/heap-map draws what has this shape; neither package knows the other.

import { type Profile, poolHeader, poolOverheadBytes } from "@obmalloc/abi";

/** `died` of a block that lives to the end, and `unmapped` of an arena that stays. */
export const TAPE_NEVER = 0xffff_ffff;
/** In a film: a pool in no mapped arena, or without a size class. */
export const TAPE_ABSENT = 255;
/** In a film: a pool whose bytes are all requested ones. */
export const TAPE_FULL = 200;

/** How the heap of a tape is cut up: sizes in bytes, as its version has them. */
export interface TapeGeometry {
  readonly name: string;
  readonly arenaBytes: number;
  readonly poolBytes: number;
  readonly headerBytes: number;
  readonly alignmentBytes: number;
  readonly header: readonly { readonly name: string; readonly offset: number; readonly sizeBytes: number }[];
}

/**
 * Blocks by birth. `place`: `(row * pools of an arena * poolBytes + offset from the row's first pool) / alignmentBytes`, with one
 * row for each base that an arena ever had. A life of 0 bytes lay in its pool's free list when the tape began.
 */
export interface Tape {
  readonly geometry: TapeGeometry;
  /** The first and the last moment: the state after the events before them. */
  readonly firstEvent: number;
  readonly lastEvent: number;
  readonly arenas: {
    readonly bases: Float64Array;
    readonly row: Uint32Array;
    readonly mapped: Uint32Array;
    readonly unmapped: Uint32Array;
  };
  readonly lives: {
    readonly place: Uint32Array;
    readonly sizeBytes: Uint16Array;
    readonly classes: Uint8Array;
    readonly born: Uint32Array;
    readonly died: Uint32Array;
    readonly stack: Uint32Array;
    readonly deaths: Uint32Array;
  };
  readonly stacks: {
    readonly parent: Uint32Array;
    readonly line: Uint32Array;
    readonly lines: readonly string[];
  };
  readonly marks: readonly { readonly event: number; readonly label: string }[];
  /** The moments, where not every event is one. */
  readonly film?: { readonly moments: readonly FilmMoment[] };
}

/** A whole state of the heap at one event, for a film that shows a few moments instead of all events. */
export interface FilmMoment {
  readonly event: number;
  /** Whether the tape has all blocks that lived at this moment. */
  readonly hasBlocks: boolean;
  /** By row and pool. */
  readonly fill: Uint8Array;
  readonly classes: Uint8Array;
}

/** The geometry of a version; `name` is what a picture calls it. */
export function tapeGeometry(profile: Profile, name = `CPython ${profile.version}`): TapeGeometry {
  const { arenaBytes, poolBytes, alignmentBytes } = profile.pymalloc;
  return {
    name,
    arenaBytes,
    poolBytes,
    headerBytes: poolOverheadBytes(profile),
    alignmentBytes,
    header: poolHeader(profile.model).fields.map(({ name, offset, sizeBytes }) => ({
      name,
      offset,
      sizeBytes,
    })),
  };
}
