// What an element shows at a moment: worlds made of frames, or of tapes.

import type { ArenasFrame, Frame } from "../frames/frame.ts";
import { KINDS } from "../frames/frame.ts";
import { SnapshotHeap } from "../frames/snapshot-heap.ts";
import { TapeHeap } from "../tape/tape-heap.ts";
import { tapeLog } from "../tape/tape-log.ts";
import { ArenasWorld } from "../world/arenas-world.ts";
import { GraphWorld } from "../world/graph-world.ts";
import { RegionsWorld } from "../world/regions-world.ts";
import type { World } from "../world/world.ts";
import type { FramesData, HeapData, TapesData } from "./heap-data.ts";
import { type Moments, momentsOfFrames, momentsOfTape } from "./moments.ts";
import type { Job } from "./sliced-work.ts";

export interface LogLine {
  readonly call: string;
  readonly text: string;
}

export interface Source {
  readonly panes: readonly string[];
  readonly moments: Moments;
  readonly firstIndex: number;
  /** Whether colours can be chosen. */
  readonly hasArenas: boolean;
  /** Whether blocks are known by the lines that made them. */
  readonly hasLines: boolean;
  /** The words of a moment; none for tapes, whose events say enough. */
  frameAt(index: number): Frame | undefined;
  /** Goes to a moment, in slices. */
  seeking(index: number): Job;
  /** Makes ready, in slices, what is not needed at first. */
  preparing?(): Job;
  /** The moment that was sought last. */
  worldAt(pane: number, index: number, width: number): World;
  /** What happened up to a moment. */
  log(index: number): readonly LogLine[];
}

export const sourceOf = (data: HeapData): Source =>
  "frames" in data ? new FramesSource(data) : new TapesSource(data);

class FramesSource implements Source {
  readonly panes = [""];
  readonly moments: Moments;
  readonly firstIndex = 0;
  readonly hasArenas: boolean;
  readonly hasLines: boolean;
  private readonly frames: readonly Frame[];
  private readonly heap: SnapshotHeap | undefined;
  private readonly heapSteps: readonly Frame[];
  private readonly focus: readonly number[];

  constructor({ frames }: FramesData) {
    this.frames = frames;
    this.moments = momentsOfFrames(frames);
    const steps = frames.filter((frame): frame is Frame & { heap: ArenasFrame } => frame.heap !== undefined);
    this.heapSteps = steps;
    this.heap = steps.length > 0 ? new SnapshotHeap(steps) : undefined;
    // The same for all steps: a view that jumped could not be compared.
    this.focus = [...new Set(steps.flatMap(({ heap }) => heap.focus ?? []))];
    this.hasArenas = this.heap !== undefined;
    this.hasLines = (this.heap?.lines.length ?? 0) > 0;
  }

  frameAt(index: number): Frame {
    return this.frames[index]!;
  }

  *seeking(index: number): Job {
    const frame = this.frames[index]!;
    if (frame.heap !== undefined) this.heap?.seek(this.heapSteps.indexOf(frame));
    yield;
  }

  worldAt(_pane: number, index: number, width: number): World {
    const frame = this.frames[index]!;
    if (frame.heap !== undefined && this.heap !== undefined) {
      const { heap } = this;
      const focusPools = this.focus.flatMap((address) => heap.poolOf(address) ?? []);
      return new ArenasWorld(heap, { span: this.frames.length, width, focusPools });
    }
    if (frame.graph !== undefined) return new GraphWorld(frame, this.frames[index - 1], width);
    return new RegionsWorld(frame.regions ?? [], width, (address) => this.lifeOf(address, index));
  }

  log(index: number): readonly LogLine[] {
    return this.frames.slice(0, index + 1);
  }

  /** When the cell at an address changed, over the steps so far. */
  private lifeOf(address: number, index: number): string {
    const changes: string[] = [];
    let before: string | undefined;
    for (const [step, { regions = [] }] of this.frames.slice(0, index + 1).entries()) {
      const cell = regions.flatMap(({ cells }) => cells).find((one) => one.address === address);
      const state = cell === undefined ? undefined : KINDS[cell.kind];
      if (state !== before && state !== undefined) changes.push(`${state} from step ${step}`);
      before = state;
    }
    return changes.join("; ");
  }
}

class TapesSource implements Source {
  readonly panes: readonly string[];
  readonly moments: Moments;
  readonly firstIndex: number;
  readonly hasArenas = true;
  readonly hasLines: boolean;
  private readonly heaps: readonly TapeHeap[];
  private readonly worlds: (ArenasWorld | undefined)[] = [];
  private readonly widths: number[] = [];

  constructor({ panes, event }: TapesData) {
    this.panes = panes.map(({ title }) => title);
    this.heaps = panes.map(({ tape }) => new TapeHeap(tape));
    this.moments = momentsOfTape(panes[0]!.tape);
    this.firstIndex = event === undefined ? this.moments.count - 1 : this.moments.indexOf(event);
    this.hasLines = panes.some(({ tape }) => tape.stacks.lines.length > 0);
  }

  frameAt(): undefined {
    return undefined;
  }

  *seeking(index: number): Job {
    for (const heap of this.heaps) yield* heap.seeking(this.moments.eventOf(index));
  }

  *preparing(): Job {
    for (const heap of this.heaps) yield* heap.preparing();
  }

  worldAt(pane: number, _index: number, width: number): World {
    const heap = this.heaps[pane]!;
    let world = this.worlds[pane];
    if (world === undefined || this.widths[pane] !== width) {
      world = new ArenasWorld(heap, { span: heap.tape.lastEvent, width });
      this.worlds[pane] = world;
      this.widths[pane] = width;
    }
    return world;
  }

  log(): readonly LogLine[] {
    return tapeLog(this.heaps[0]!);
  }
}
