// An allocator in a process of its own that takes part in the bench: it waits for commands.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Contender, Footprint, Timing } from "./contender.ts";
import { BenchError, NoRoomError } from "./errors.ts";

/** The exit code of one that has no room for a block; it says on stderr for which. */
export const NO_ROOM_EXIT = 4;

/** Commands are letters, answers are lines: see native/bench-driver.c and child.ts. */
export class ProcessContender implements Contender {
  private readonly name: string;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly answers: AsyncIterator<string>;
  private readonly ended: Promise<number | null>;
  private errors = "";

  constructor(name: string, command: string, args: readonly string[], env = process.env) {
    this.name = name;
    this.child = spawn(command, args, { env });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.errors += text;
    });
    this.child.stdin.on("error", () => {}); // it has ended: its answer is missing, which says so
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.ended = new Promise((resolve) => {
      this.child.on("close", resolve);
      this.child.on("error", (error) => {
        this.errors += error.message;
        resolve(null);
      });
    });
  }

  async survey(): Promise<Footprint> {
    const [endBytes = 0, peakBytes = 0] = (await this.ask("s")).split(" ").map(Number);
    return { endBytes, peakBytes };
  }

  async round(): Promise<Timing> {
    const [cpuNs = 0, wallNs = 0] = (await this.ask("r")).split(" ").map(Number);
    return { cpuNs, wallNs };
  }

  async verify(): Promise<string | undefined> {
    const answer = await this.ask("v");
    return answer === "ok" ? undefined : answer;
  }

  async close(): Promise<void> {
    this.child.stdin.end();
    await this.ended;
  }

  private async ask(command: string): Promise<string> {
    this.child.stdin.write(`${command}\n`);
    const { value, done } = await this.answers.next();
    if (!done) return value;
    const code = await this.ended;
    if (code === NO_ROOM_EXIT) throw new NoRoomError(this.errors.trim());
    throw new BenchError(`${this.name} ended with ${code ?? "a signal"}: ${this.errors.trim()}`);
  }
}
