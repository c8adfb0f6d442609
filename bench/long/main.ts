// `npm run long [-- --only NAME] [--python 3.11] [--quick]`: records real programs on every interpreter that is found,
// verifies each recording, and keeps the table in results.md and results.json. Ends with 1 when anything is not exact.

import { setPriority } from "node:os";
import { parseArgs } from "node:util";
import { type Python, pythons } from "../../test-support/index.ts";
import { environmentFor, hasTestSuite, Unavailable } from "./environment.ts";
import { measure } from "./measure.ts";
import { count, keep, lineOf, type Row, totalsOf } from "./results.ts";
import { type Workload, workloads } from "./workloads.ts";

const { values: options } = parseArgs({
  options: {
    /** Workloads whose name contains this, whatever the case. */
    only: { type: "string", default: "" },
    /** Interpreters whose version begins so. */
    python: { type: "string", default: "" },
    /** A tenth of the work, and the kept results stay as they are. */
    quick: { type: "boolean", default: false },
  },
});

const NICENESS = 10;

async function rowOf(workload: Workload, python: Python): Promise<Row> {
  const name = python.origin === "system" ? `${python.version} system` : python.version;
  const row = {
    date: new Date().toISOString().slice(0, 10),
    python: name,
    workload: workload.name,
    packages: {},
  };
  if (workload.needsTestSuite && !hasTestSuite(python))
    return { ...row, skipped: "it comes without the test suite" };
  if ((workload.needsMinor ?? 0) > python.minor)
    return { ...row, skipped: `it needs CPython 3.${workload.needsMinor}` };
  try {
    const environment = environmentFor(python, workload.packages);
    const { kept, ...measured } = await measure(workload, environment, options.quick);
    if (kept !== undefined) console.log(`kept for a look: ${kept}`);
    return { ...row, packages: environment.packages, measured };
  } catch (error) {
    if (error instanceof Unavailable) return { ...row, skipped: error.message };
    throw error;
  }
}

setPriority(NICENESS);
const rows: Row[] = [];
for (const python of pythons().filter(({ version }) => version.startsWith(options.python))) {
  for (const workload of workloads) {
    if (!workload.name.toLowerCase().includes(options.only.toLowerCase())) continue;
    const row = await rowOf(workload, python);
    rows.push(row);
    console.log(lineOf(row));
    if (!options.quick) keep([row]);
  }
}

const { runs, events, mismatches, failed } = totalsOf(rows);
console.log(`${runs} runs, ${count(events)} events, ${mismatches} mismatches, ${failed} runs not exact`);
process.exitCode = failed > 0 || runs === 0 ? 1 : 0;
