// `obmalloc sweep`: many recordings by many settings, over worker threads and, by shards, over machines.

import { availableParallelism } from "node:os";
import { writeParquet } from "../exports/parquet.ts";
import type { Table } from "../exports/tables.ts";
import { ExitCode } from "../shared/exit-codes.ts";
import { writeLines } from "../shared/output.ts";
import { Progress } from "../shared/progress.ts";
import { counted } from "../shared/units.ts";
import { readMatrix, sweepJobs } from "../sweep/matrix.ts";
import type { SweepRow } from "../sweep/run-job.ts";
import { forgetJournal, runSweep } from "../sweep/run-sweep.ts";

export interface SweepFlags {
  readonly matrix: string;
  readonly output?: string;
  readonly shard?: { readonly index: number; readonly count: number };
  readonly workers?: number;
}

/** @returns 1 when a job failed; its row says why. @throws {MatrixError} */
export async function sweepCommand(traces: readonly string[], flags: SweepFlags): Promise<ExitCode> {
  const { index, count } = flags.shard ?? { index: 1, count: 1 };
  const all = sweepJobs(traces, readMatrix(flags.matrix));
  const jobs = all.filter((job) => job.index % count === index - 1);
  const output = flags.output ?? (count === 1 ? "sweep.parquet" : `sweep-${index}-of-${count}.parquet`);
  const journal = `${output}.journal`;
  const progress = new Progress("sweeping", jobs.length, "jobs");
  const rows = await runSweep(jobs, {
    journal,
    workers: flags.workers ?? availableParallelism(),
    onProgress: progress.update,
  });
  progress.stop();
  await writeParquet(output, sweepTable(rows));
  forgetJournal(journal);
  const failed = rows.filter((row) => row.error !== null);
  await writeLines([
    `${counted(rows.length, "job")} of ${all.length}: ${output}`,
    ...notes(rows),
    ...failed.map((row) => `job ${row.job} failed: ${row.trace}: ${row.error}`),
  ]);
  return failed.length === 0 ? ExitCode.ok : ExitCode.notExact;
}

/** Once for each recording. */
const notes = (rows: readonly SweepRow[]) => [
  ...new Set(rows.filter(({ note }) => note !== null).map(({ trace, note }) => `${trace}: ${note}`)),
];

const COLUMNS = [
  { name: "job", type: "INT32" },
  { name: "trace", type: "STRING" },
  { name: "moment", type: "STRING" },
  { name: "event", type: "INT64" },
  { name: "recorded_version", type: "STRING" },
  { name: "profile", type: "STRING" },
  { name: "arena_bytes", type: "INT64" },
  { name: "pool_bytes", type: "INT64" },
  { name: "kept_arenas", type: "INT32" },
  { name: "usable_arenas", type: "STRING" },
  { name: "return_free_pools", type: "BOOLEAN" },
  { name: "arenas", type: "INT64" },
  { name: "held_bytes", type: "INT64" },
  { name: "free_pool_bytes", type: "INT64" },
  { name: "peak_arenas", type: "INT64" },
  { name: "peak_bytes", type: "INT64" },
  { name: "refused", type: "INT64" },
  { name: "error", type: "STRING" },
  { name: "note", type: "STRING" },
] as const satisfies readonly {
  readonly name: keyof SweepRow;
  readonly type: Table["columns"][number]["type"];
}[];

function sweepTable(rows: readonly SweepRow[]): Table {
  return {
    columns: COLUMNS,
    rows: rows.map((row) =>
      COLUMNS.map(({ name, type }) => {
        const value = row[name];
        return type === "INT64" && typeof value === "number" ? BigInt(value) : value;
      }),
    ),
  };
}
