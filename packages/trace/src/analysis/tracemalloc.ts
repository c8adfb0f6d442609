// Python's tracemalloc, of a program that ran without it: the blocks that are alive in a replay, with the lines that made them.

import { type CapturedStack, type FrameProvider, Tracemalloc } from "@obmalloc/domains";
import type { Stacks } from "../lines/stacks.ts";
import type { Replay } from "../replay/replay.ts";
import { liveBlocks } from "./blocks.ts";

/** Python frames of a recorded trace: those of the stack whose id is set. */
export class RecordedFrames implements FrameProvider {
  /** Stack id; 0 for none. */
  stack = 0;
  private readonly stacks: Stacks;
  private readonly captured = new Map<number, CapturedStack>();

  constructor(stacks: Stacks) {
    this.stacks = stacks;
  }

  capture(): CapturedStack {
    let captured = this.captured.get(this.stack);
    if (captured === undefined) {
      const frames = this.stacks
        .frames(this.stack)
        .map(({ file, line, function: name }) => ({ filename: file, lineno: line, name }));
      captured = Object.freeze({ frames, totalFrames: frames.length });
      this.captured.set(this.stack, captured);
    }
    return captured;
  }
}

/**
 * What tracemalloc would know at the present moment of a replay, had it traced since the start of the process: sizes as they
 * were asked for, each block at the line that allocated it or resized it last.
 *
 * Objects that come from CPython's free lists are the one difference: tracemalloc is told of them and counts such a block for
 * the line that used it last; a recording knows the line that allocated it.
 * @param nframe the most frames to keep of a traceback, as `tracemalloc.start(nframe)` takes it.
 * @throws {RangeError} when the number of frames is out of the version's range.
 */
export function tracemallocOf(replay: Replay, stacks: Stacks, nframe = 1): Tracemalloc {
  const frames = new RecordedFrames(stacks);
  const tracemalloc = new Tracemalloc({
    profile: replay.profile,
    gil: { isHeld: true, run: (action) => action() },
    frames,
    install: () => {},
    uninstall: () => {},
  });
  tracemalloc.start(nframe);
  for (const { address, sizeBytes, stack } of liveBlocks(replay)) {
    frames.stack = stack;
    tracemalloc.track(0, address, sizeBytes);
  }
  return tracemalloc;
}
