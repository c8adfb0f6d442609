// The differential test at length, for every installed interpreter:
//
//   node --conditions=@obmalloc/source packages/pymalloc/test/differential/long-run.ts [OPERATIONS] [MAX_LIVE] [SEED]

import { profileFor } from "@obmalloc/abi";
import { buildDriver, runDriver, sharedPythons } from "./real-python.ts";
import { Replay } from "./replay.ts";

const [operations = 10_000_000, maxLive = 400_000, seed = 7919] = process.argv.slice(2).map(Number);
const driver = buildDriver();
if (driver === undefined) throw new Error("The differential test needs Linux and a C compiler.");

let total = 0;
for (const python of sharedPythons()) {
  const replay = new Replay(profileFor(python.version));
  const sequence = { seed, operations, maxLive, initialise: python.needsInterpreter };
  for await (const chunk of runDriver(driver, python, sequence)) replay.feed(chunk);
  const tally = replay.end();
  total += tally.operations;
  console.log(`${python.version}  no difference in ${JSON.stringify(tally)}`);
}
console.log(`${total} operations replayed without a difference.`);
