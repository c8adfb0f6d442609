// Jobs over worker threads: each thread is sent one job at a time, and answers it with one message.

import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { packageFolder } from "./package-folder.ts";

/**
 * @param script the thread's, below dist, such as `sweep/worker.js`.
 * @param onResult called with each answer as it comes, and the index of its job.
 */
export async function onThreads<Job, Result>(
  script: string,
  jobs: readonly Job[],
  count: number,
  onResult: (result: Result, index: number) => void,
): Promise<void> {
  let next = 0;
  const file = join(packageFolder(), "dist", script);
  const runOne = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(file);
      let index = 0;
      const feed = () => {
        index = next++;
        if (index < jobs.length) worker.postMessage(jobs[index]!);
        else worker.terminate().then(() => resolve(), reject);
      };
      worker.on("message", (result: Result) => {
        onResult(result, index);
        feed();
      });
      worker.on("error", reject);
      feed();
    });
  await Promise.all(Array.from({ length: Math.min(count, jobs.length) }, runOne));
}
