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
  private readonly frameOfNode: (Frame | undefined)[] = [];
  /** By code, then by instruction: many stacks end in the same call. */
  private readonly frameOfCall: (Map<number, Frame> | undefined)[] = [];
  private readonly shared = new Map<string, Frame>();
  /** Stacks below this were found by {@link findAhead}. */
  private foundAhead = 1;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  /** The innermost frame of a stack; undefined where no Python code ran. Equal lines are the same object. */
  innermost(stack: number): Frame | undefined {
    if (stack === 0) return undefined;
    let frame = this.frameOfNode[stack];
    if (frame === undefined) {
      frame = this.callOf(this.tables.nodeCode.at(stack), this.tables.nodeInstruction.at(stack));
      this.frameOfNode[stack] = frame;
    }
    return frame;
  }

  /**
   * Finds the innermost frames of the next `count` stacks before they are asked for: for a thread that waits anyway.
   *
   * @returns whether there are more.
   */
  findAhead(count: number): boolean {
    const stacks = this.tables.nodeCode.length;
    const end = Math.min(this.foundAhead + count, stacks);
    for (let stack = this.foundAhead; stack < end; stack++) this.innermost(stack);
    this.foundAhead = end;
    return end < stacks;
  }

  /** All frames, innermost first. */
  frames(stack: number): Frame[] {
    const frames: Frame[] = [];
    for (let node = stack; node !== 0; node = this.tables.nodeParent.at(node))
      frames.push(this.innermost(node)!);
    return frames;
  }

  private callOf(code: number, instruction: number): Frame {
    let calls = this.frameOfCall[code];
    if (calls === undefined) {
      calls = new Map();
      this.frameOfCall[code] = calls;
    }
    let frame = calls.get(instruction);
    if (frame === undefined) {
      frame = this.resolve(code, instruction);
      calls.set(instruction, frame);
    }
    return frame;
  }

  private resolve(codeId: number, instruction: number): Frame {
    const code = this.tables.codes[codeId]!;
    const line = lineOf(code, instruction - 2);
    const key = `${code.file}\0${line}\0${code.name}`;
    let frame = this.shared.get(key);
    if (frame === undefined) {
      frame = Object.freeze({ file: code.file, line, function: code.name });
      this.shared.set(key, frame);
    }
    return frame;
  }
}
