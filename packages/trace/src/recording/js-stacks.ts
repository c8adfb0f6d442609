// Stacks of a JavaScript program as a trace keeps them: a tree of calls. A JavaScript frame knows its line, so each line is
// a code of its own, without a table of lines.

import type { CapturedStack, FrameProvider, StackFrame } from "@obmalloc/domains";
import type { TableWriter } from "../format/table-writer.ts";
import { LineTableKind } from "../format/tables.ts";

const NO_TABLE = new Uint8Array(0);

/** Turns the present stack into the id that a trace gives it. */
export class StackIds {
  private readonly tables: TableWriter;
  private readonly frames: FrameProvider;
  private readonly maxFrames: number;
  private readonly codes = new Map<string, number>();
  private readonly known = new WeakMap<CapturedStack, number>();

  /** @param maxFrames the most frames that are kept of a stack, the innermost ones. */
  constructor(tables: TableWriter, frames: FrameProvider, maxFrames: number) {
    this.tables = tables;
    this.frames = frames;
    this.maxFrames = maxFrames;
  }

  /** The id of the present stack; 0 when nothing is known of it. */
  present(): number {
    const stack = this.frames.capture(this.maxFrames);
    let id = this.known.get(stack);
    if (id === undefined) {
      id = 0;
      for (const frame of stack.frames.slice(0, this.maxFrames).reverse()) {
        id = this.tables.stack(id, this.codeOf(frame), 0);
      }
      this.known.set(stack, id);
    }
    return id;
  }

  private codeOf({ filename, lineno, name = "<module>" }: StackFrame): number {
    const key = `${lineno}\0${name}\0${filename}`;
    let code = this.codes.get(key);
    if (code === undefined) {
      code = this.tables.code({
        file: filename,
        name,
        firstLine: lineno,
        lineTableKind: LineTableKind.none,
        lineTable: NO_TABLE,
      });
      this.codes.set(key, code);
    }
    return code;
  }
}
