// What a run of the whole test suite has found: tests by package, and what was compared with which interpreter.
//
//   npm test && npm run bench -- tests [--report .cache/tests.json]     reads what `npm test` has left, or another JSON report of vitest
//   npm run bench -- tests --run                                        runs the tests first

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { pythons } from "../test-support/index.ts";
import { keep, root, run, table } from "./shared.mjs";

const { values: options } = parseArgs({
  options: { report: { type: "string", default: join(root, ".cache/tests.json") }, run: { type: "boolean" } },
});
if (options.run) {
  mkdirSync(dirname(options.report), { recursive: true });
  run("vitest", ["run", "--reporter=json", `--outputFile.json=${options.report}`], { cwd: root });
}
if (!existsSync(options.report)) {
  process.stderr.write(`There is no ${options.report}: run npm test before, or add --run.\n`);
  process.exit(2);
}
const report = JSON.parse(readFileSync(options.report, "utf8"));

const VERSION = /\b3\.\d+\.\d+\b/;
const number = (value) => value.toLocaleString("en");
const ordered = (names) => [...new Set(names)].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));

const tests = report.testResults.flatMap(({ name, assertionResults }) => {
  const [parent, folder] = relative(root, name).split(/[\\/]/);
  const member = parent === "test-support" ? parent : `${parent}/${folder}`;
  return assertionResults.map((test) => ({ ...test, member, version: VERSION.exec(test.fullName)?.[0] }));
});
const statusOf = (all, status) => all.filter((test) => test.status === status).length;
const passed = statusOf(tests, "passed");
const failed = statusOf(tests, "failed");

/** By interpreter: the tests that name it, and what these say they compared. */
const comparisons = tests.flatMap(({ status, meta }) =>
  status === "passed" && meta?.comparison ? [meta.comparison] : [],
);
const kinds = [...new Set(comparisons.flatMap(({ counts }) => Object.keys(counts)))];
const named = tests.filter(({ version, status }) => version !== undefined && status === "passed");
const versions = ordered(pythons().map(({ version }) => version));
const versionRow = (name, matches) => [
  name,
  number(named.filter(({ version }) => matches(version)).length),
  ...kinds.map((kind) =>
    number(
      comparisons
        .filter(({ python }) => matches(python))
        .reduce((sum, { counts }) => sum + (counts[kind] ?? 0), 0),
    ),
  ),
];
const byVersion = [
  ...versions.map((version) => versionRow(version, (one) => one === version)),
  versionRow("all", (one) => versions.includes(one)),
];

const memberRow = (name, own) => [
  name,
  number(own.length),
  ...["passed", "failed"].map((status) => number(statusOf(own, status))),
  number(own.length - statusOf(own, "passed") - statusOf(own, "failed")),
  number(own.filter(({ fullName }) => fullName.includes("property:")).length),
];
const byMember = [
  ...ordered(tests.map(({ member }) => member)).map((member) =>
    memberRow(
      member,
      tests.filter((test) => test.member === member),
    ),
  ),
  memberRow("all", tests),
];

const skipped = tests.length - passed - failed;
const date = new Date(report.startTime).toISOString().slice(0, 10);
keep(
  "tests.md",
  `# What the tests found

${date}, Node ${process.versions.node}: ${number(tests.length)} tests in ${number(report.testResults.length)} files,
${number(passed)} passed, ${number(failed)} failed, ${number(skipped)} skipped. By interpreter of this machine: the tests that hold the engine against
it, or against what it once printed, and what the differential tests among them compared, equal in every case.

${table(["CPython", "tests of it", ...kinds], byVersion)}
By package. A *property* is checked with random inputs, others in each run.

${table(["package", "tests", "passed", "failed", "skipped", "properties"], byMember)}
Written by \`npm run bench -- tests\`, from the report of \`npm test\`.
`,
);
if (failed > 0) process.exitCode = 1;
