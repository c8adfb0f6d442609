// A Worker of a test, and a way to wait for what it says.

import { Worker } from "node:worker_threads";

export class TalkingWorker<Message extends { readonly kind: string }> {
  readonly worker: Worker;
  private readonly said: Message[] = [];
  private readonly wanted: { kind: string; resolve: (message: Message) => void }[] = [];
  private readonly failure: Promise<never>;

  /** @param url of a TypeScript file that reads `workerData`. */
  constructor(url: URL, workerData: unknown) {
    this.worker = new Worker(url, { workerData, execArgv: ["--conditions=@obmalloc/source"] });
    this.failure = new Promise((_, reject) => this.worker.once("error", reject));
    this.failure.catch(() => {});
    this.worker.on("message", (message: Message) => {
      this.said.push(message);
      this.deliver();
    });
  }

  /** The first message of a kind, now or later. */
  hears<K extends Message["kind"]>(kind: K): Promise<Extract<Message, { kind: K }>> {
    const heard = new Promise<Message>((resolve) => this.wanted.push({ kind, resolve }));
    this.deliver();
    return Promise.race([heard, this.failure]) as Promise<Extract<Message, { kind: K }>>;
  }

  private deliver(): void {
    for (let i = this.wanted.length - 1; i >= 0; i--) {
      const { kind, resolve } = this.wanted[i]!;
      const found = this.said.find((message) => message.kind === kind);
      if (found === undefined) continue;
      this.wanted.splice(i, 1);
      resolve(found);
    }
  }
}
