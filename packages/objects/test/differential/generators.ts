// Statements about generators.

import { generatorSources } from "./generator-sources.ts";
import { VARIABLES } from "./machine.ts";
import type { Action } from "./scope.ts";

export const generators: readonly Action[] = [
  ...generatorSources.map(
    ({ name }, source): Action =>
      (scope, [a, b]) => {
        const [target, x] = [a % VARIABLES, b % VARIABLES];
        scope.kinds[target] = "generator";
        return {
          python: `v${target} = ${name}(v${x})`,
          run: (m) => m.set(target, m.py.calls.call(m.generatorFunctions[source]!, [m.get(x)])),
        };
      },
  ),
  (scope, [a]) => {
    const x = scope.choose(a, ["generator"]);
    if (x === undefined) return undefined;
    return {
      python: `next(v${x}, None)`,
      run: (m) => {
        const yielded = m.py.generators.next(m.get(x));
        m.called();
        if (yielded !== 0) m.py.decref(yielded);
      },
    };
  },
  (scope, [a]) => {
    const x = scope.choose(a, ["generator"]);
    if (x === undefined) return undefined;
    return {
      python: `v${x}.close()`,
      run: (m) => {
        m.py.generators.close(m.get(x));
        m.called();
      },
    };
  },
];
