import { profileFor } from "@obmalloc/abi";
import { pythons } from "@obmalloc/test-support";
import fc from "fast-check";
import { emittedHere, rawPrograms, scriptOf, statementsOf } from "./program.ts";
import { emittedThere } from "./real-python.ts";

const [filter = "3.", runs = "50", len = "40", seed = "1"] = process.argv.slice(2);
const extra = [{ version: "3.14.10", path: "/tmp/cpsrc/sid/py314" }, { version: "3.15.2", path: "/tmp/cpsrc/sid/py315" }];
for (const python of [...pythons(), ...extra]) {
  if (!python.version.startsWith(filter)) continue;
  const profile = profileFor(python.version);
  const result = fc.check(
    fc.property(rawPrograms(Number(len)), (raw) => {
      const statements = statementsOf(raw, profile);
      const here = JSON.stringify(emittedHere(statements, profile));
      const there = JSON.stringify(emittedThere(scriptOf(statements), python));
      if (here !== there) throw new Error(`here  ${here}\nthere ${there}`);
    }),
    { numRuns: Number(runs), seed: Number(seed), endOnFailure: false },
  );
  if (result.failed) {
    const statements = statementsOf(result.counterexample![0], profile);
    console.log(python.version, "FAILED after", result.numRuns, "shrinks", result.numShrinks);
    console.log(statements.map((s) => s.python).join("\n"));
    console.log(result.errorInstance instanceof Error ? result.errorInstance.stack?.slice(0, 1500) : result.errorInstance);
  } else console.log(python.version, "ok", result.numRuns);
}
