// Random object programs in every installed CPython and in the objects here: what they emit must be equal. The long form of
// the test in packages/objects/test/differential, with a record of what was run.
//
//   npm run bench -- object-programs [--programs 2000] [--seeds 1,2,3] [--python 3.13]
//
// Ends with 1 when a program differs, after it has printed the shortest one that does.

import { parseArgs } from "node:util";
import { comparePrograms, STATEMENTS } from "../packages/objects/test/differential/compare.ts";
import { pythons } from "../test-support/index.ts";
import { keep, table, today } from "./shared.mjs";

const { values: options } = parseArgs({
  options: {
    programs: { type: "string", default: "2000" },
    seeds: { type: "string", default: "1" },
    python: { type: "string", default: "" },
  },
});
const found = pythons().filter(({ version }) => version.startsWith(options.python));
if (found.length === 0) {
  process.stderr.write(`No CPython ${options.python}: nothing to compare with.\n`);
  process.exit(2);
}
const programs = Math.ceil(Number(options.programs) / found.length);
const seeds = options.seeds.split(",").map(Number);

const differences = [];
const rows = found.map((python) => {
  const start = performance.now();
  const differing = seeds.flatMap((seed) => {
    const difference = comparePrograms(python, { programs, statements: STATEMENTS, seed });
    process.stderr.write(`CPython ${python.version}, seed ${seed}: ${difference ?? "equal"}\n`);
    return difference ?? [];
  });
  differences.push(...differing);
  const seconds = (performance.now() - start) / 1000;
  const count = (programs * seeds.length).toLocaleString("en");
  return [python.version, count, String(differing.length), seconds.toFixed(0)];
});

const total = (programs * seeds.length * found.length).toLocaleString("en");
const shown = differences.map((text) => `\n\`\`\`\n${text}\n\`\`\`\n`).join("");
keep(
  "object-programs.md",
  `# Random object programs

\`npm run bench -- object-programs --programs ${options.programs} --seeds ${options.seeds}\`, ${today()}, Node ${process.versions.node}.
**${total} programs of up to ${STATEMENTS} statements, ${differences.length} differences.** Each program ran in CPython and here; everything that it
emitted was compared. A seed stops at its first difference.

${table(["CPython", "programs", "differences", "seconds"], rows)}${shown}`,
);
process.exitCode = differences.length === 0 ? 0 : 1;
