// Some Workers with one heap, or with one each, and a table of blocks between them.

import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { packageFolder } from "../../shared/package-folder.ts";
import { BenchError } from "../errors.ts";
import type { SizeRange } from "../streams/kind.ts";
import type { Answer, Command, Work } from "./protocol.ts";
import type { WorkerHeapSource } from "./worker-heap.ts";

/** A Worker that has not answered for so long never will. */
const PATIENCE_MS = 120_000;
const MEETING_WORDS = 2;

export interface TeamWork {
  readonly workers: number;
  /** Whether each Worker has slots of its own; else a block is freed by whoever comes to its slot. */
  readonly ownSlots: boolean;
  /** Blocks of each Worker. */
  readonly live: number;
  /** Of each Worker. */
  readonly operations: number;
  readonly sizes: SizeRange;
  readonly seed: number;
}

export class Team {
  private readonly name: string;
  private readonly operations: number;
  private readonly members: readonly Worker[];

  constructor(source: WorkerHeapSource, work: TeamWork) {
    const { workers, live, ownSlots, operations, sizes, seed } = work;
    this.name = source.name;
    this.operations = workers * operations;
    const handle = source.create();
    const table = new SharedArrayBuffer(4 * live * workers);
    const meeting = new SharedArrayBuffer(4 * MEETING_WORDS);
    const file = join(packageFolder(), "dist", "bench", "workers", "worker.js");
    this.members = Array.from({ length: workers }, (_, index) => {
      const slots = ownSlots
        ? { from: index * live, to: (index + 1) * live }
        : { from: 0, to: live * workers };
      const workerData: Work = {
        heap: source.name,
        handle,
        index,
        workers,
        table,
        meeting,
        slots,
        operations,
        sizes,
        seed,
      };
      return new Worker(file, { workerData });
    });
  }

  /** Fills the table, replaces blocks, empties the table. @returns replacements per second, of all Workers together. */
  async round(): Promise<number> {
    await this.tell("fill");
    const runs = await this.tell("run");
    const drains = await this.tell("drain");
    const problem = drains.flatMap(({ problems }) => problems)[0];
    if (problem !== undefined) throw new BenchError(`${this.name} is damaged after the run: ${problem}`);
    const startedAtMs = Math.min(...runs.map((run) => run.startedAtMs));
    const endedAtMs = Math.max(...runs.map((run) => run.endedAtMs));
    return (this.operations * 1000) / (endedAtMs - startedAtMs);
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((worker) => worker.terminate()));
  }

  private tell(command: Command): Promise<Answer[]> {
    return Promise.all(this.members.map((worker) => this.tellOne(worker, command)));
  }

  private tellOne(worker: Worker, command: Command): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        worker.off("message", succeed).off("error", fail).off("exit", ended);
        settle();
      };
      const succeed = (answer: Answer) => end(() => resolve(answer));
      const fail = ({ message }: Error) =>
        end(() => reject(new BenchError(`${this.name}, at ${command}: ${message}`)));
      const ended = () => fail(new Error("a Worker ended."));
      const timer = setTimeout(() => fail(new Error("a Worker hangs.")), PATIENCE_MS);
      worker.on("message", succeed).on("error", fail).on("exit", ended);
      worker.postMessage(command);
    });
  }
}
