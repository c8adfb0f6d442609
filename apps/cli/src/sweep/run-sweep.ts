// Jobs over worker threads, each row kept in a journal as soon as it is there: a sweep that was stopped goes on where it was.

import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { onThreads } from "../shared/threads.ts";
import { MatrixError, type SweepJob } from "./matrix.ts";
import type { SweepRow } from "./run-job.ts";

export interface SweepOptions {
  readonly workers: number;
  /** Where rows are kept until all are there. */
  readonly journal: string;
  readonly onProgress: (done: number) => void;
}

/** @returns a row for each job, in the order of the jobs. @throws {MatrixError} when the journal is of another sweep. */
export async function runSweep(jobs: readonly SweepJob[], options: SweepOptions): Promise<SweepRow[]> {
  const { journal, onProgress } = options;
  const rows = readJournal(journal, jobs);
  const open = jobs.filter((job) => !rows.has(job.index));
  onProgress(rows.size);
  await onThreads("sweep/worker.js", batches(open, options.workers), options.workers, (done: SweepRow[]) => {
    appendFileSync(journal, done.map((row) => `${JSON.stringify(row)}\n`).join(""));
    for (const row of done) rows.set(row.job, row);
    onProgress(rows.size);
  });
  return jobs.map((job) => rows.get(job.index)!);
}

export const forgetJournal = (path: string) => rmSync(path, { force: true });

const fingerprint = (jobs: readonly SweepJob[]) => JSON.stringify(jobs);

/** At most so many jobs wait for each other's rows. */
const BATCH_JOBS = 16;

/** Jobs of the same trace and moment together, which are decoded once; in so many parts that each worker has one. */
function batches(jobs: readonly SweepJob[], workers: number): SweepJob[][] {
  const byMoment = new Map<string, SweepJob[]>();
  for (const job of jobs) {
    const key = JSON.stringify([job.trace, job.at]);
    byMoment.set(key, [...(byMoment.get(key) ?? []), job]);
  }
  const groups = [...byMoment.values()];
  const parts = Math.ceil(workers / Math.max(1, groups.length));
  return groups.flatMap((group) => {
    const size = Math.min(BATCH_JOBS, Math.ceil(group.length / parts));
    const count = Math.ceil(group.length / size);
    return Array.from({ length: count }, (_, part) => group.slice(part * size, (part + 1) * size));
  });
}

/** The rows of an earlier run; a line that is not whole is of a run that was stopped while it wrote. */
function readJournal(path: string, jobs: readonly SweepJob[]): Map<number, SweepRow> {
  const rows = new Map<number, SweepRow>();
  if (!existsSync(path)) {
    writeFileSync(path, `${fingerprint(jobs)}\n`);
    return rows;
  }
  const text = readFileSync(path, "utf8");
  const [head, ...lines] = text.split("\n");
  if (head !== fingerprint(jobs))
    throw new MatrixError(`${path} is the journal of another sweep.`, {
      details: ["Remove it to begin anew, or name another output."],
    });
  for (const line of lines.slice(0, -1)) {
    const row = JSON.parse(line) as SweepRow;
    rows.set(row.job, row);
  }
  if (!text.endsWith("\n")) writeFileSync(path, `${[head, ...lines.slice(0, -1)].join("\n")}\n`);
  return rows;
}
