// A progress bar on stderr for work that takes more than a second. Most of it is synchronous, so the bar's library is
// loaded with `require` at the moment it is needed.

import { createRequire } from "node:module";
import type { SingleBar } from "cli-progress";
import { formatCount } from "./units.ts";

const PATIENCE_MS = 1000;

export class Progress {
  private readonly startedAt = performance.now();
  private readonly task: string;
  private readonly total: number;
  private readonly unit: string;
  private bar: SingleBar | undefined;

  /** @param task what is being done, such as `replaying`; @param total of what there is to do, in `unit`. */
  constructor(task: string, total: number, unit = "events") {
    this.task = task;
    this.total = total;
    this.unit = unit;
  }

  /** To be called now and then with what is done. */
  readonly update = (done: number): void => {
    if (this.bar === undefined) {
      if (!process.stderr.isTTY || performance.now() - this.startedAt < PATIENCE_MS) return;
      this.bar = startBar(this.task, this.total, this.unit);
    }
    this.bar.update(done);
  };

  /** Removes the bar. */
  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}

function startBar(task: string, total: number, unit: string): SingleBar {
  const { SingleBar } = createRequire(import.meta.url)("cli-progress") as typeof import("cli-progress");
  const bar = new SingleBar({
    format: `${task} {bar} {percentage}% of ${formatCount(total)} ${unit}, {eta_formatted} left`,
    barCompleteChar: "#",
    barIncompleteChar: "-",
    barsize: 24,
    clearOnComplete: true,
    stream: process.stderr,
    hideCursor: true,
  });
  bar.start(total, 0);
  return bar;
}
