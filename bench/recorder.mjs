// What a recording costs: wall time and bytes, against no recording, tracemalloc and memray, on two workloads.
//
//   npm run bench -- recorder [--rounds 7] [--python 3.11]

import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  cacheFolder,
  interleave,
  keep,
  obmalloc,
  pythonToMeasure,
  root,
  run,
  table,
  today,
} from "./shared.mjs";

const MEMRAY = "memray==1.20.0";
const GOALS = { "without stacks": 1.4, "innermost frame": 1.6, "whole stacks": 2.5 };

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, python: { type: "string", default: "3.11" } },
});
const python = pythonToMeasure(options.python);
const folder = cacheFolder("bench");
const trace = join(folder, "bench.obm");

const workloads = [
  { name: "documents.py", args: [join(root, "bench/cases/documents.py")] },
  { name: "pinned.py 400000", args: [join(root, "bench/cases/pinned.py"), "400000"] },
];

/** An environment with memray in it, made once; undefined, with the reason said, when it cannot be had. */
function memrayPython() {
  const venv = join(folder, `memray-${python.version}`);
  const path = join(venv, "bin/python3");
  try {
    if (!existsSync(path)) run(python.path, ["-m", "venv", venv]);
    run(path, ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", MEMRAY]);
    return path;
  } catch (error) {
    process.stderr.write(`memray is left out: ${error.message.trim().split("\n").at(-1)}\n`);
    return undefined;
  }
}

const record = (stacks, args) => () =>
  run(process.execPath, [obmalloc, "record", "-o", trace, "--stacks", stacks, "--", python.path, ...args]);

function memray(path, native, args) {
  const file = join(folder, "bench.memray");
  const flags = ["--trace-python-allocators", ...(native ? ["--native"] : [])];
  return () => {
    rmSync(file, { force: true });
    run(path, ["-m", "memray", "run", "-q", ...flags, "-o", file, ...args]);
  };
}

function bytesAndEvents(action, file) {
  action();
  return statSync(file).size;
}

const withMemray = memrayPython();
const lines = [];
for (const { name, args } of workloads) {
  process.stderr.write(`${name}\n`);
  const variants = [
    { name: "not recorded", action: () => run(python.path, args) },
    { name: "without stacks", action: record("none", args), file: trace },
    { name: "innermost frame", action: record("innermost", args), file: trace },
    { name: "whole stacks", action: record("full", args), file: trace },
    {
      name: "tracemalloc, 1 frame",
      action: () => run(python.path, args, { env: { ...process.env, PYTHONTRACEMALLOC: "1" } }),
    },
  ];
  if (withMemray !== undefined) {
    const file = join(folder, "bench.memray");
    variants.push({ name: "memray, Python allocators", action: memray(withMemray, false, args), file });
  }
  const times = interleave(variants, Number(options.rounds));
  record("full", args)();
  const { events } = JSON.parse(run(process.execPath, [obmalloc, "verify", "--json", trace]));
  for (const { name: variant, wallSeconds, ratio } of times) {
    const { action, file } = variants.find((one) => one.name === variant) ?? {};
    const bytes = file === undefined ? undefined : bytesAndEvents(action, file);
    const goal = GOALS[variant];
    lines.push([
      name,
      variant,
      `${wallSeconds.toFixed(2)} s`,
      ratio.toFixed(2),
      goal === undefined ? "" : `${goal} ${ratio <= goal ? "met" : "missed"}`,
      bytes === undefined ? "" : (bytes / events).toFixed(2),
    ]);
  }
  process.stderr.write(`${events} events\n`);
}
keep(
  "recorder.md",
  `# What a recording costs

${today()}, CPython ${python.version}, Node ${process.versions.node}, two cores. Whole commands: \`obmalloc record\` with Node's own start,
\`python -m memray run -q --trace-python-allocators\`. Medians of ${options.rounds} interleaved rounds, ratios paired within a round; "again" is the base a
second time, the noise of the measurement. Bytes are per event of obmalloc, also for memray.

${table(["workload", "variant", "wall", "ratio", "goal", "bytes/event"], lines)}`,
);
