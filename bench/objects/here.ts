// One measurement of the objects here, the same as there.py does; prints nanoseconds per object.

import { profileFor } from "../../packages/abi/dist/index.js";
import { createObjects } from "../../packages/objects/dist/index.js";

type ObjectAddress = Parameters<ReturnType<typeof createObjects>["incref"]>[0];

const [name = "live", countText = "1000000", seedText = "1"] = process.argv.slice(2);
const count = Number(countText);
const py = createObjects({ profile: profileFor("3.13") });
py.gc.disable();
let state = Number(seedText) >>> 0 || 1;

/** xorshift32 */
function below(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return Math.floor(((state >>> 0) / 2 ** 32) * limit);
}

/** CPU time, in nanoseconds. */
const clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};

function graph(): ObjectAddress {
  const objects: ObjectAddress[] = [];
  const list = py.lists.new();
  for (let i = 0; i < count; i++) {
    const one = py.lists.new();
    objects.push(one);
    py.lists.append(list, one);
    py.decref(one);
  }
  for (const one of objects) for (let i = 0; i < 3; i++) py.lists.append(one, objects[below(count)]!);
  return list;
}

function collect(): number {
  const start = clock();
  py.gc.collect();
  return (clock() - start) / count;
}

const best = (times: number, measure: () => number) =>
  Math.min(...Array.from({ length: times }, () => measure()));

const measurements: Record<string, () => number> = {
  live: () => {
    graph();
    collect();
    return best(3, collect);
  },
  garbage: () =>
    best(2, () => {
      const objects = graph();
      py.gc.collect();
      py.decref(objects);
      return collect();
    }),
  tuples: () => {
    const item = py.instances.new(py.core.types.builtin.object);
    const pair = [item, item];
    return best(5, () => {
      const start = clock();
      for (let i = 0; i < count; i++) {
        const one = py.tuples.of(pair);
        py.incref(one);
        py.decref(one);
        py.decref(one);
      }
      return (clock() - start) / count;
    });
  },
};

console.log(measurements[name]!());
