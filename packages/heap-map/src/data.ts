// What the pictures draw, as plain data: this file knows no page.

/** A total and its parts, in bytes. */
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

/** Figures over the events of a run, with its markers; sizes in bytes, times in nanoseconds. */
export interface TimelineData {
  readonly points: readonly {
    readonly event: number;
    readonly elapsedNs: number;
    readonly rssBytes: number;
    readonly arenaBytes: number;
    readonly liveBytes: number;
  }[];
  readonly marks: readonly { readonly event: number; readonly label: string }[];
  /** Collections of garbage, each a tick in the lane of its generation; `bytes`: what it freed. */
  readonly collections?: readonly {
    readonly event: number;
    readonly generation: number;
    readonly bytes: number;
    readonly elapsedNs: number;
  }[];
}
