// Stack ids to source lines.

import type { Tables } from "../format/tables.ts";
import { lineOf } from "./line-tables.ts";

/** One call of a recorded stack. */
export interface Frame {
  readonly file: string;
  readonly line: number;
  /** Qualified from 3.11 on. */
  readonly function: string;
}

/** Turns stack ids into frames, each line once. */
export class Stacks {
  private readonly tables: Tables;
  private readonly frameOfNode = new Map<number, Frame>();
  private readonly shared = new Map<string, Frame>();

  constructor(tables: Tables) {
    this.tables = tables;
  }

  /** The innermost frame of a stack; undefined where no Python code ran. Equal lines are the same object. */
  innermost(stack: number): Frame | undefined {
    if (stack === 0) return undefined;
    let frame = this.frameOfNode.get(stack);
    if (frame === undefined) {
      frame = this.resolve(stack);
      this.frameOfNode.set(stack, frame);
    }
    return frame;
  }

  /** All frames, innermost first. */
  frames(stack: number): Frame[] {
    const frames: Frame[] = [];
    for (let node = stack; node !== 0; node = this.tables.nodeParent.at(node))
      frames.push(this.innermost(node)!);
    return frames;
  }

  private resolve(node: number): Frame {
    const code = this.tables.codes[this.tables.nodeCode.at(node)]!;
    const line = lineOf(code, this.tables.nodeInstruction.at(node) - 2);
    const key = `${code.file}\0${line}\0${code.name}`;
    let frame = this.shared.get(key);
    if (frame === undefined) {
      frame = Object.freeze({ file: code.file, line, function: code.name });
      this.shared.set(key, frame);
    }
    return frame;
  }
}
