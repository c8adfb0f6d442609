// How long decoding, replaying and comparing takes, against the program's own untraced wall time.
//
//   npm run bench -- replay [--rounds 7] [--python 3.11]

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bytesSource, TraceReader, verify } from "../packages/trace/dist/index.js";
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

const GOAL = 0.5;

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, python: { type: "string", default: "3.11" } },
});
const python = pythonToMeasure(options.python);
const workloads = [
  { name: "documents.py", args: [join(root, "bench/cases/documents.py")] },
  { name: "pinned.py 400000", args: [join(root, "bench/cases/pinned.py"), "400000"] },
];

const lines = [];
for (const { name, args } of workloads) {
  process.stderr.write(`${name}\n`);
  const file = join(cacheFolder("bench"), "replay.obm");
  run(process.execPath, [obmalloc, "record", "-o", file, "--", python.path, ...args]);
  let certificate;
  const times = interleave(
    [
      { name: "the program, not recorded", action: () => run(python.path, args) },
      {
        name: "decode, replay, compare (in a warm process)",
        action: () => {
          certificate = verify(TraceReader.open(bytesSource(readFileSync(file))));
        },
      },
      {
        name: "obmalloc verify (whole command)",
        action: () => run(process.execPath, [obmalloc, "verify", file]),
      },
    ],
    Number(options.rounds),
  );
  if (!certificate.exact) throw new Error(`${name} does not replay exactly`);
  for (const { name: variant, wallSeconds, ratio } of times) {
    const nsPerEvent = (wallSeconds * 1e9) / certificate.events;
    const goal = variant.startsWith("decode") ? `${GOAL} ${ratio <= GOAL ? "met" : "missed"}` : "";
    lines.push([name, variant, `${wallSeconds.toFixed(3)} s`, ratio.toFixed(2), goal, nsPerEvent.toFixed(1)]);
  }
}
keep(
  "replay.md",
  `# How long a replay takes

${today()}, CPython ${python.version}, Node ${process.versions.node}, two cores. Medians of ${options.rounds} interleaved rounds, ratios paired within a
round to the program's own wall time; "again" is the base a second time.

${table(["workload", "variant", "wall", "ratio", "goal", "ns/event"], lines)}`,
);
