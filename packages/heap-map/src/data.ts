// What the pictures draw, as plain data: this file knows no page.

export interface WaterfallData {
  readonly totalBytes: number;
  readonly parts: readonly {
    readonly name: string;
    readonly bytes: number;
    /** Memory that nobody uses at present. */
    readonly isHeld: boolean;
    readonly grade: string;
  }[];
}

export interface TimelineData {
  readonly points: readonly {
    readonly event: number;
    readonly elapsedNs: number;
    readonly rssBytes: number;
    readonly arenaBytes: number;
    readonly liveBytes: number;
  }[];
  readonly marks: readonly { readonly event: number; readonly label: string }[];
}

/** A cell that is in no mapped arena. */
export const ABSENT = 255;
/** The largest fill: all bytes of the pool in live blocks. */
export const FULL = 200;

export interface ArenaMapData {
  readonly arenaBytes: number;
  readonly poolBytes: number;
  /** Pools of an arena, at most. */
  readonly pools: number;
  /** Bases of the arenas, in the order of the picture. */
  readonly bases: readonly string[];
  /** By moment, then by arena, then by pool: live bytes from 0 to {@link FULL}, or {@link ABSENT}. */
  readonly moments: readonly { readonly event: number; readonly label: string; readonly fill: Uint8Array }[];
  /** Of the last moment: size class of each pool (bytes / `classBytes` - 1), {@link ABSENT} where it has none. */
  readonly classes: Uint8Array;
  readonly classBytes: number;
  /** Of the last moment: the line with most live bytes in each pool, an index of `lines`, or {@link ABSENT}. */
  readonly pinnedBy: Uint8Array;
  readonly lines: readonly string[];
}
