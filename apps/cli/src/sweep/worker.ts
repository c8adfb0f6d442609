// A thread of a sweep: runs the jobs that it is sent, one by one.

import { parentPort } from "node:worker_threads";
import type { SweepJob } from "./matrix.ts";
import { runJob } from "./run-job.ts";

parentPort!.on("message", (job: SweepJob) => parentPort!.postMessage(runJob(job)));
