// Work in slices between which a page can breathe: a million blocks take longer than a frame.

import { finish } from "../tape/slices.ts";

/** Milliseconds of a slice; the first one runs at once, where a step is usually done. */
const FIRST_MS = 6;
const SLICE_MS = 10;

/** A job stops at each `yield`, where it can go on later. */
export type Job = Generator<void, void>;

/** One job at a time. Of the jobs that wait meanwhile only the last one is done, after {@link resume}. */
export class SlicedWork {
  private job: Job | undefined;
  private waiting: (() => Job) | undefined;
  private channel: MessageChannel | undefined;
  private isSliceDue = false;
  private readonly onDone: () => void;
  private readonly clock: () => number;

  /** @param onDone is called when a job is done: before the next one begins its outcome can be looked at. */
  constructor(onDone: () => void, clock: () => number = () => performance.now()) {
    this.onDone = onDone;
    this.clock = clock;
  }

  get isBusy(): boolean {
    return this.job !== undefined;
  }

  start(make: () => Job): void {
    if (this.job !== undefined) {
      this.waiting = make;
      return;
    }
    this.waiting = undefined;
    this.job = make();
    this.slice(FIRST_MS);
  }

  /** Begins the job that waits, if one does. */
  resume(): void {
    if (this.job !== undefined) return;
    this.takeWaiting();
    if (this.isBusy) this.continueLater();
  }

  /** Does what has begun, and what waits, at once. */
  finish(): void {
    if (this.job === undefined) this.takeWaiting();
    while (this.job !== undefined) {
      finish(this.job);
      this.done();
      this.takeWaiting();
    }
  }

  /** Forgets what has begun, and what waits. */
  cancel(): void {
    this.job = undefined;
    this.waiting = undefined;
  }

  private takeWaiting(): void {
    this.job = this.waiting?.();
    this.waiting = undefined;
  }

  private slice(budgetMs: number): void {
    const end = this.clock() + budgetMs;
    while (this.job !== undefined) {
      if (this.job.next().done === true) this.done();
      else if (this.clock() >= end) {
        this.continueLater();
        return;
      }
    }
  }

  private done(): void {
    this.job = undefined;
    this.onDone();
  }

  /** In a task of its own; frames and keys come between. */
  private continueLater(): void {
    if (this.isSliceDue) return;
    this.isSliceDue = true;
    if (this.channel === undefined) {
      this.channel = new MessageChannel();
      this.channel.port1.onmessage = () => {
        this.isSliceDue = false;
        this.slice(SLICE_MS);
      };
    }
    this.channel.port2.postMessage(undefined);
  }
}
