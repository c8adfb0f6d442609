// Everything `npm test` looks at. A failing check prints its own output, the others still run, and the last line counts:
// each check is one, each test of vitest is one.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pythons } from "../test-support/index.ts";
import { withLock } from "./lock.mjs";
import { root, run } from "./run.mjs";

const turbo = (task) => ["turbo", "run", task, "--continue", "--ui=stream", "--output-logs=errors-only"];

/** In this order, because the command-line tests and the package check look at what `build` made. */
const checks = {
  "build (tsup)": turbo("build"),
  "lint and format (biome)": ["biome", "ci", "--colors=off", "--error-on-warnings", "."],
  "types, tests included (tsc)": turbo("typecheck"),
  "packages as published (publint, attw)": turbo("check:package"),
  "built code on the Node that started npm": [
    process.env.WORKSPACE_USER_NODE ?? "node",
    "scripts/check-dist.mjs",
  ],
  layers: ["node", "scripts/check-layers.mjs"],
  "import cycles (dependency-cruiser)": [
    "depcruise",
    "--output-type",
    "err",
    "packages",
    "apps",
    "test-support",
  ],
  "unused files and exports (knip)": ["knip", "--no-progress", "--no-config-hints"],
  tidiness: ["node", "scripts/check-tidy.mjs"],
};

const counts = { passed: 0, failed: 0, skipped: 0 };
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

async function runCheck(name, [command, ...args]) {
  const startedAt = Date.now();
  const { code, output } = await run(command, args, { capture: true });
  if (code === 0) {
    counts.passed++;
    console.log(`ok      ${name} (${seconds(startedAt)})`);
  } else {
    counts.failed++;
    console.log(
      `\nFAILED  ${name} (${seconds(startedAt)}): ${[command, ...args].join(" ")}\n${output.trimEnd()}\n`,
    );
  }
}

/** Counts a vitest report; a file that breaks before its first test counts as one failure. */
function countTests(report) {
  counts.passed += report.numPassedTests;
  counts.skipped += report.numPendingTests + report.numTodoTests;
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  return report.numFailedTests + brokenFiles;
}

async function runTests(filters) {
  const reportFile = join(root, ".cache", `vitest-${process.pid}.json`);
  mkdirSync(join(root, ".cache"), { recursive: true });
  const args = [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportFile}`,
    ...filters,
  ];
  const { code } = await run("vitest", args);
  const report = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, "utf8")) : undefined;
  // Of a whole run the report is kept: `npm run bench -- tests` reads it.
  if (filters.length === 0 && report) renameSync(reportFile, join(root, ".cache", "tests.json"));
  else rmSync(reportFile, { force: true });

  const failed = report ? countTests(report) : 0;
  if (failed === 0 && (code !== 0 || !report?.numPassedTests)) {
    console.log("\nFAILED  tests: vitest crashed, or ran no test");
    counts.failed++;
  }
  counts.failed += failed;
}

await withLock(async () => {
  for (const [name, command] of Object.entries(checks)) await runCheck(name, command);
});
await runTests(process.argv.slice(2));

/** The site in a browser, which counts for itself. Continuous integration asks for it; by hand it is `npm run e2e`. */
async function runBrowserTests() {
  const { code, output } = await run("node", ["apps/docs/test/e2e/main.ts"], { capture: true });
  console.log(output.trimEnd());
  const [, passed, failed, skipped] = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(output) ?? [];
  counts.passed += Number(passed ?? 0);
  counts.failed += Number(failed ?? 1);
  counts.skipped += Number(skipped ?? 0);
  if (code !== 0 && failed === "0") counts.failed++;
}
if (process.env.SITE_E2E) await runBrowserTests();

const versions = pythons().map((python) => python.version);
console.log(
  versions.length > 0
    ? `CPython versions covered: ${versions.join(", ")} (${versions.length})`
    : "CPython versions covered: none found: live tests skipped",
);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
