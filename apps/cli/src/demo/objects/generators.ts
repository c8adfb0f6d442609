// `obmalloc demo generators`: a list of all items against a generator that makes them one by one.

import type { ObjectAddress } from "@obmalloc/abi";
import { bar } from "../../shared/bar.ts";
import { tableLines } from "../../shared/table.ts";
import { formatBytes, formatCount } from "../../shared/units.ts";
import type { DemoContext, DemoStep } from "../demo.ts";
import { bytesOf, setUp } from "./setting.ts";

const COUNTS = [100, 1_000, 10_000];
const BAR_WIDTH = 30;
/** The first numbers are small ints, which exist anyway. */
const FIRST = 10_000;

export function* generatorsDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const setting = setUp(profile);
  const { py } = setting;
  const squares = (count: number) => {
    const list = py.lists.new();
    for (let i = 0; i < count; i++) {
      const item = py.ints.new(FIRST + i);
      py.lists.append(list, item);
      py.decref(item);
    }
    return list;
  };
  const generator = (count: number) => {
    let i = 0;
    return py.generators.new({
      name: "numbers",
      localCount: 2,
      stackSize: 2,
      resume: () => (i < count ? py.ints.new(FIRST + i++) : undefined),
    });
  };

  const [list, gen] = [squares(10_000), generator(10_000)];
  yield {
    title: "Two ways to have 10,000 numbers",
    text: "The list has a place for each number, and each number is an object. The generator has a frame: where it is, and its local names.",
    lines: [
      `sys.getsizeof(list):      ${formatBytes(py.getsizeof(list))}, without the numbers`,
      `sys.getsizeof(generator): ${formatBytes(py.getsizeof(gen))}`,
    ],
  };

  let drawn: ObjectAddress = gen;
  const taken: number[] = [];
  for (let i = 0; i < 3; i++) {
    drawn = py.generators.next(gen);
    taken.push(py.ints.toNumber(drawn));
    py.decref(drawn);
  }
  yield {
    title: "next() runs it to the next yield",
    text: "Each number is made when it is asked for, and dies as soon as nobody holds it: the next one gets its place.",
    lines: [`next(g) three times: ${taken.join(", ")}`, `finished: ${py.generators.isFinished(gen)}`],
  };
  py.decref(list);
  py.decref(gen);

  const rows = COUNTS.map((count) => {
    const whole = bytesOf(setting, () => sumOf(py, squares(count)));
    const lazy = bytesOf(setting, () => {
      const g = generator(count);
      let sum = 0;
      for (let o = py.generators.next(g); o !== 0; o = py.generators.next(g)) {
        sum += py.ints.toNumber(o);
        py.decref(o);
      }
      py.decref(g);
      return sum;
    });
    return { count, whole, lazy };
  });
  yield {
    title: "sum(list) against sum(generator): the peak",
    text: "Both give the same sum. Bytes are those that the allocators were asked for while it was computed, as tracemalloc counts them.",
    lines: tableLines(
      [
        { heading: "numbers", align: "right" },
        { heading: "list, peak", align: "right" },
        { heading: "generator, peak", align: "right" },
        { heading: "same sum" },
      ],
      rows.map(({ count, whole, lazy }) => [
        formatCount(count),
        formatBytes(whole.peak),
        formatBytes(lazy.peak),
        String(whole.made === lazy.made),
      ]),
      look.colors,
    ),
  };

  const most = rows.at(-1)!;
  const line = (name: string, bytes: number) =>
    `${name.padEnd(10)} ${bar(bytes / most.whole.peak, BAR_WIDTH, look.unicode)} ${formatBytes(bytes)}`;
  yield {
    title: "What to take from it",
    text: "For one pass over the items a generator is enough, whatever their number. A list is for what is needed twice, or in another order.",
    lines: [line("list", most.whole.peak), line("generator", most.lazy.peak)],
  };
}

function sumOf(py: ReturnType<typeof setUp>["py"], list: ObjectAddress): number {
  const sum = py.lists.values(list).reduce((total, item) => total + py.ints.toNumber(item), 0);
  py.decref(list);
  return sum;
}
