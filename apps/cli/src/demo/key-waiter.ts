// Waits for a key between two steps.

import { once } from "node:events";
import type { ReadStream } from "node:tty";

const CTRL_C = "\x03";
const QUIT = new Set(["q", "Q", "\x1b", CTRL_C, "\x04"]);

export class KeyWaiter {
  private readonly input: ReadStream;

  constructor(input: ReadStream) {
    this.input = input;
    input.setRawMode(true);
    input.setEncoding("utf8");
  }

  /** Whether to go on: false for q, Escape, Ctrl-C and Ctrl-D. */
  async next(): Promise<boolean> {
    this.input.resume();
    const [key] = (await once(this.input, "data")) as [string];
    this.input.pause();
    return !QUIT.has(key);
  }

  close(): void {
    this.input.setRawMode(false);
    this.input.pause();
  }
}
