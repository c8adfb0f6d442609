// The collector and the counts here against CPython 3.13's own, in paired runs: each round measures both, one right after
// the other, in processes of their own, by CPU time.
//
//   npm run bench -- objects [--rounds 3] [--python 3.13]    about five minutes

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pythons } from "../test-support/index.ts";
import { keep, median, run, table, today } from "./shared.mjs";

const LIVE = 1_000_000;
const MEASUREMENTS = [
  { name: "live", count: LIVE, what: "gc.collect() over live lists, three random references each", goal: 1 },
  { name: "garbage", count: LIVE, what: "gc.collect() of garbage of the same shape" },
  { name: "tuples", count: 1_000_000, what: "make a tuple of two, incref, decref, drop it" },
];
const SCALES = [10_000, 100_000, LIVE, 5_000_000];
/** Beyond so many objects a round takes half a minute: no more than two of them. */
const MANY = 2_000_000;
/** Growth of the time per object over these scales, as a multiple of native's own in the same run. */
const GROWTH_GOAL = 2;

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, python: { type: "string", default: "3.13" } },
});
const python = pythons().find(({ version }) => version.startsWith(options.python));
if (python === undefined) {
  process.stderr.write(`No CPython ${options.python}: nothing to measure.\n`);
  process.exit(2);
}
const file = (name) => fileURLToPath(new URL(`objects/${name}`, import.meta.url));

/** Medians of nanoseconds per object, and of the ratios within a round. */
function paired(name, count) {
  const length = count > MANY ? Math.min(Number(options.rounds), 2) : Number(options.rounds);
  const rounds = Array.from({ length }, (_, round) => {
    const args = [name, String(count), String(round + 1)];
    const here = Number(run(process.execPath, [file("here.ts"), ...args]));
    const there = Number(run(python.path, ["-I", file("there.py"), ...args]));
    process.stderr.write(`${args.join(" ")}: ${here.toFixed(0)} here, ${there.toFixed(0)} there\n`);
    return { here, there };
  });
  return {
    here: median(rounds.map(({ here }) => here)),
    there: median(rounds.map(({ there }) => there)),
    ratio: median(rounds.map(({ here, there }) => here / there)),
  };
}

const measured = MEASUREMENTS.map((measurement) => ({
  ...measurement,
  ...paired(measurement.name, measurement.count),
}));
const [live] = measured;
const rows = measured.map(({ what, count, goal, here, there, ratio }) => {
  const verdict = goal === undefined ? "" : `at most ${goal.toFixed(1)}: ${ratio <= goal ? "met" : "missed"}`;
  return [what, count.toLocaleString("en"), here.toFixed(0), there.toFixed(0), ratio.toFixed(2), verdict];
});
const scales = SCALES.map((count) => ({ count, ...(count === LIVE ? live : paired("live", count)) }));
const [smallest] = scales;
const growth = scales.map(({ count, here, there }) => [
  count.toLocaleString("en"),
  here.toFixed(0),
  there.toFixed(0),
  (here / smallest.here).toFixed(2),
  (there / smallest.there).toFixed(2),
  (here / smallest.here / (there / smallest.there)).toFixed(2),
]);
const largest = scales.at(-1);
const grown = largest.here / smallest.here / (largest.there / smallest.there);

keep(
  "objects.md",
  `# The collector against CPython ${python.version}

\`npm run bench -- objects\`, ${today()}, ${options.rounds} rounds (two of the largest), Node ${process.versions.node}. Nanoseconds of CPU time per object, medians;
ratios are paired within a round.

${table(["what", "objects", "here", `CPython ${python.version}`, "ratio", "goal"], rows)}
Growth of \`gc.collect()\` over live lists with their number. Goal for the last column, at the largest: at most ${GROWTH_GOAL}:
${grown <= GROWTH_GOAL ? "met" : "missed"}.

${table(["objects", "here", `CPython ${python.version}`, "here, growth", "native, growth", "ratio"], growth)}`,
);
