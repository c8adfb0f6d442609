// What the answers cost: `explain` and `verify` against the program itself, eight settings against one replay, time and
// memory at ten and at a hundred million events, and the size of the report.
//
//   npm run bench -- insight [--rounds 7] [--scale-rounds 3] [--python 3.11] [--millions 10,100] [--live 5000000]
//
// With the defaults it takes about a quarter of an hour, 2 GB of memory for the recording of the largest program, and half
// a gigabyte in the cache folder.

import { spawnSync } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  cacheFolder,
  interleave,
  keep,
  median,
  obmalloc,
  pythonToMeasure,
  root,
  run,
  table,
  today,
} from "./shared.mjs";

const PROGRAM_GOALS = { explain: 1, verify: 0.5 };
const MATRIX_GOAL = 5;
const GROWTH_GOAL = 1.2;
const MEMORY_GOAL_BYTES = 1e9;
const REPORT_GOAL_BYTES = 3e6;
/** Live blocks of the programs whose times are compared: the same at every length. */
const SCALE_LIVE = 500_000;

const MATRIX = [
  { profile: "3.7" },
  { profile: "3.9" },
  { profile: "3.11" },
  { profile: "3.13" },
  { profile: "3.11", arena: "2MiB" },
  { profile: "3.11", keptArenas: 2 },
  { profile: "3.11", returnFreePools: true },
  { profile: "3.11", usableArenas: "last-freed-first" },
];

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    "scale-rounds": { type: "string", default: "3" },
    python: { type: "string", default: "3.11" },
    millions: { type: "string", default: "10,100" },
    live: { type: "string", default: "5000000" },
  },
});
const python = pythonToMeasure(options.python);
const folder = cacheFolder("bench");
const churn = join(root, "bench/cases/churn.py");
const nodes = [...new Set([process.execPath, process.env.WORKSPACE_USER_NODE ?? process.execPath])];

const seconds = (value) => `${value.toFixed(2)} s`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;
const judged = (value, most) => `at most ${most}: ${value <= most ? "met" : "missed"}`;
const events = (count) => `${(count / 1e6).toFixed(1)} M`;

function record(file, args) {
  run(process.execPath, [obmalloc, "record", "-q", "-o", file, "--", python.path, ...args]);
  return file;
}

function eventCount(file) {
  const { events: count, exact } = JSON.parse(run(process.execPath, [obmalloc, "verify", "--json", file]));
  if (!exact) throw new Error(`${file} does not replay exactly`);
  return count;
}

/** Runs with one that reports what the process used, its threads included. */
const REPORTER = `data:text/javascript,${encodeURIComponent(
  `import { writeSync } from "node:fs"; import { isMainThread } from "node:worker_threads";
   if (isMainThread) process.on("exit", () => writeSync(3, JSON.stringify(process.resourceUsage())));`,
)}`;

/** A whole command of ours: wall seconds, CPU seconds of all threads, peak bytes. */
function measured(args, node = process.execPath) {
  const start = performance.now();
  const { status, stderr, output } = spawnSync(node, ["--import", REPORTER, obmalloc, ...args], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`obmalloc ${args.join(" ")}: ${status}\n${stderr}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(output[3]);
  const wallSeconds = (performance.now() - start) / 1000;
  return { wallSeconds, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: maxRSS * 1024 };
}

function againstPrograms() {
  const workloads = [
    { name: "documents.py", args: [join(root, "bench/cases/documents.py")] },
    { name: "pinned.py 1000000", args: [join(root, "bench/cases/pinned.py"), "1000000"] },
  ];
  return workloads.flatMap(({ name, args }) => {
    process.stderr.write(`${name}\n`);
    const file = record(join(folder, "insight.obm"), args);
    const count = eventCount(file);
    const commands = nodes.flatMap((node) =>
      ["verify", "explain"].map((command) => ({
        command,
        name: `${command}, Node ${run(node, ["--version"]).trim().slice(1)}`,
        action: () => run(node, [obmalloc, command, file]),
      })),
    );
    const program = { name: "the program, not recorded", action: () => run(python.path, args) };
    return interleave([program, ...commands], Number(options.rounds)).map((time) => {
      const goal = PROGRAM_GOALS[commands.find((one) => one.name === time.name)?.command];
      return [
        `${name}, ${events(count)} events`,
        time.name,
        seconds(time.wallSeconds),
        time.ratio.toFixed(2),
        `${time.lowest.toFixed(2)} to ${time.highest.toFixed(2)}`,
        goal === undefined ? "" : judged(time.ratio, goal),
      ];
    });
  });
}

function matrix() {
  process.stderr.write("eight settings\n");
  const file = record(join(folder, "insight.obm"), [join(root, "bench/cases/documents.py")]);
  const sweep = (name, settings) => {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify({ settings }));
    const output = join(folder, `${name}.parquet`);
    return () => run(process.execPath, [obmalloc, "sweep", file, "--matrix", path, "-o", output]);
  };
  const versions = ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"];
  const whatIf = [obmalloc, "what-if", file, "--profile", versions.join()];
  const variants = [
    { name: "sweep of one setting: one replay", action: sweep("one", MATRIX.slice(0, 1)) },
    { name: "verify", action: () => run(process.execPath, [obmalloc, "verify", file]) },
    { name: "sweep of 8 settings", action: sweep("eight", MATRIX), goal: MATRIX_GOAL },
    {
      name: "what-if, 7 profiles and the recorded one",
      action: () => run(process.execPath, whatIf),
      goal: MATRIX_GOAL,
    },
  ];
  return interleave(variants, Number(options.rounds)).map(({ name, wallSeconds, ratio, lowest, highest }) => {
    const goal = variants.find((one) => one.name === name)?.goal;
    const spread = `${lowest.toFixed(2)} to ${highest.toFixed(2)}`;
    const row = [name, seconds(wallSeconds), ratio.toFixed(2), spread];
    return [...row, goal === undefined ? "" : judged(ratio, goal)];
  });
}

/** Events that churn.py makes, by its two arguments: the length of a program is chosen with them. */
function churnCosts() {
  const file = join(folder, "insight-small.obm");
  const count = (live, replacements) => eventCount(record(file, [churn, String(live), String(replacements)]));
  const base = count(20_000, 20_000);
  const perLive = (count(40_000, 20_000) - base) / 20_000;
  const perReplacement = (count(20_000, 40_000) - base) / 20_000;
  return { perLive, perReplacement };
}

/** A recording of at least `wanted` events over `live` blocks: one that is kept from last time, or a new one. */
function churned(wanted, live, { perLive, perReplacement }) {
  const spare = 1.002; // what the estimate leaves out
  const replacements = Math.max(0, Math.ceil((wanted * spare - perLive * live) / perReplacement));
  const file = join(folder, `churn-${python.version}-${live}-${replacements}.obm`);
  if (!existsSync(file)) record(file, [churn, String(live), String(replacements)]);
  const count = eventCount(file);
  if (count < wanted) throw new Error(`${file} has ${count} events, ${wanted} are needed`);
  return { file, count, live };
}

function scales() {
  const costs = churnCosts();
  const millions = options.millions.split(",").map(Number);
  const wanted = [
    ...millions.map((million) => ({ million, live: SCALE_LIVE })),
    { million: millions.at(-1), live: Number(options.live) },
  ];
  const traces = wanted.map(({ million, live }) => churned(million * 1e6, live, costs));
  const runs = traces.map(() => []);
  for (let round = 1; round <= Number(options["scale-rounds"]); round++) {
    for (const [index, { file }] of traces.entries()) {
      runs[index].push(measured(["explain", file]));
      process.stderr.write(
        `  ${file}: ${runs[index].at(-1).cpuSeconds.toFixed(1)} s of CPU, round ${round}\n`,
      );
    }
  }
  const perEvent = traces.map(({ count }, index) => runs[index].map((one) => (one.cpuSeconds * 1e9) / count));
  const growth = (index) => median(perEvent[index].map((ns, round) => ns / perEvent[0][round]));
  const last = traces.length - 1;
  const rows = traces.map(({ count, live }, index) => {
    const peakBytes = Math.max(...runs[index].map((one) => one.peakBytes));
    return [
      `${events(count)}, ${live.toLocaleString("en")} live`,
      seconds(median(runs[index].map((one) => one.wallSeconds))),
      seconds(median(runs[index].map((one) => one.cpuSeconds))),
      median(perEvent[index]).toFixed(0),
      index === 0 ? "" : growth(index).toFixed(2),
      megabytes(peakBytes),
      index === last
        ? judged(peakBytes, MEMORY_GOAL_BYTES).replace(String(MEMORY_GOAL_BYTES), "1 GB")
        : index === 0
          ? ""
          : judged(growth(index), GROWTH_GOAL),
    ];
  });
  return { rows, report: report(traces[0]) };
}

function report({ file, count }) {
  const path = join(folder, "insight.html");
  const { wallSeconds, peakBytes } = measured(["explain", file, "--html", path]);
  const { size } = statSync(path);
  const verdict = `at most ${REPORT_GOAL_BYTES / 1e6} MB: ${size < REPORT_GOAL_BYTES ? "met" : "missed"}`;
  return [events(count), megabytes(size), seconds(wallSeconds), megabytes(peakBytes), verdict];
}

const programRows = againstPrograms();
const matrixRows = matrix();
const { rows: scaleRows, report: reportRow } = scales();
keep(
  "insight.md",
  `# What the answers cost

${today()}, ${cpus()[0].model.trim()}, two cores, CPython ${python.version}, Node ${process.versions.node} where no other is named. Whole commands, Node's own start
included; medians of interleaved rounds, ratios paired within a round, the lowest and the highest beside them; "again" is the base a
second time, the noise of the measurement.

## Against the program

${options.rounds} rounds, wall time.

${table(["workload", "command", "wall", "ratio", "from, to", "goal"], programRows)}
## Eight settings against one replay

documents.py, ${options.rounds} rounds, wall time.

${table(["command", "wall", "ratio", "from, to", "goal"], matrixRows)}
## Ten and a hundred million events

\`explain\` of churn.py, ${options["scale-rounds"]} rounds. Time per event and its growth are of the CPU time of all threads; memory is the most that was resident.

${table(["events", "wall", "CPU", "ns/event", "growth", "memory", "goal"], scaleRows)}
## The report

\`explain --html\` of the first of these.

${table(["events", "size", "wall", "memory", "goal"], [reportRow])}`,
);
