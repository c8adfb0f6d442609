// A thread of a sweep: runs the jobs that it is sent, some at a time.

import { parentPort } from "node:worker_threads";
import type { SweepJob } from "./matrix.ts";
import { runJobs } from "./run-job.ts";

parentPort!.on("message", (jobs: SweepJob[]) => parentPort!.postMessage(runJobs(jobs)));
