// `obmalloc demo data-structures`: the same three numbers in seven containers: bytes per record, and where they lie.

import type { ObjectAddress } from "@obmalloc/abi";
import { bar } from "../../shared/bar.ts";
import { tableLines } from "../../shared/table.ts";
import { formatCount } from "../../shared/units.ts";
import type { DemoContext, DemoStep } from "../demo.ts";
import { bytesOf, type Setting, setUp } from "./setting.ts";

const RECORDS = 1_000;
const FIELDS = ["x", "y", "z"] as const;
const BAR_WIDTH = 28;

interface Measured {
  readonly name: string;
  readonly perRecord: number;
  readonly sizeof: number;
  readonly blocks: number;
  readonly first: ObjectAddress;
}

/** Room for the longest name, `instance.__dict__`. */
const NAME_WIDTH = 17;

export function* dataStructuresDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const setting = setUp(profile);
  const { py } = setting;
  const measured = makersOf(setting).map(([name, make]) => measure(setting, name, make));
  const sorted = [...measured].sort((a, b) => a.perRecord - b.perRecord);
  const most = Math.max(...measured.map(({ perRecord }) => perRecord));

  yield {
    title: "One record: x, y, z",
    text: "sys.getsizeof says how large the object is, not what it leads to; of an instance or a list the values lie elsewhere.",
    lines: measured.map(({ name, sizeof }) => `${name.padEnd(NAME_WIDTH)} sys.getsizeof: ${sizeof} bytes`),
  };
  yield {
    title: `${formatCount(RECORDS)} records: what the allocators were asked for`,
    text: "Bytes per record and blocks per record, the container itself included, the numbers not: small ints exist anyway.",
    lines: tableLines(
      [
        { heading: "container" },
        { heading: "bytes", align: "right" },
        { heading: "blocks", align: "right" },
        { heading: "" },
      ],
      sorted.map(({ name, perRecord, blocks }) => [
        name,
        perRecord.toFixed(0),
        blocks.toFixed(1),
        bar(perRecord / most, BAR_WIDTH, look.unicode),
      ]),
      look.colors,
    ),
  };
  yield {
    title: "Where they lie",
    text: "Records of one kind are of one size, and fill the pools of that size class, one after the other.",
    lines: measured.map(({ name, first }) => `${name.padEnd(NAME_WIDTH)} ${placeOf(setting, first)}`),
  };

  const slots = measured.find(({ name }) => name === "slots")!;
  const instance = measured.find(({ name }) => name === "instance")!;
  const dict = measured.find(({ name }) => name === "dict")!;
  yield {
    title: "What to take from it",
    text: "For many records of the same shape: __slots__ or a tuple. A dict per record pays for its table each time; an instance shares the names with its class.",
    lines: [
      `slots instead of an instance: ${percent(slots, instance)}`,
      `slots instead of a dict:      ${percent(slots, dict)}`,
      `the largest is ${(most / sorted[0]!.perRecord).toFixed(1)} times the smallest; check(): ${py.check().length} findings`,
    ],
  };
}

type Make = () => ObjectAddress;

function makersOf({ py }: Setting): [name: string, make: Make][] {
  const numbers = [1, 2, 3].map((n) => py.ints.new(n));
  const keys = FIELDS.map((name) => py.strings.name(name));
  const Plain = py.classes.new({ name: "Plain" });
  const Slotted = py.classes.new({ name: "Slotted", slots: FIELDS });
  const filled = (type: ObjectAddress) => {
    const o = py.instances.new(type);
    FIELDS.forEach((name, i) => {
      py.instances.setAttribute(o, name, numbers[i]!);
    });
    return o;
  };
  return [
    ["tuple", () => py.tuples.of(numbers)],
    ["slots", () => filled(Slotted)],
    ["list", () => py.lists.literal(numbers)],
    ["instance", () => filled(Plain)],
    [
      "dict",
      () => {
        const dict = py.dicts.newPresized(FIELDS.length, true);
        keys.forEach((key, i) => {
          py.dicts.setItem(dict, key, numbers[i]!);
        });
        return dict;
      },
    ],
    [
      "instance.__dict__",
      () => {
        const o = filled(Plain);
        py.instances.dict(o);
        return o;
      },
    ],
    ["set", () => py.sets.new(numbers)],
  ];
}

function measure(setting: Setting, name: string, make: Make): Measured {
  const { py, memory } = setting;
  for (let i = 0; i < 100; i++) py.decref(make()); // shared keys and free lists settle
  py.gc.collect();
  const kept: ObjectAddress[] = [];
  const before = memory.getAllocatedBlocks();
  const { bytes } = bytesOf(setting, () => {
    for (let i = 0; i < RECORDS; i++) kept.push(make());
  });
  const blocks = memory.getAllocatedBlocks() - before;
  return {
    name,
    perRecord: bytes / RECORDS,
    sizeof: py.getsizeof(kept[0]!),
    blocks: blocks / RECORDS,
    first: kept.at(-1)!,
  };
}

function placeOf({ memory, py }: Setting, o: ObjectAddress): string {
  const { poolBytes } = memory.profile.pymalloc;
  const front = py.core.ground.index.isCollected(o)
    ? py.core.heads.headBytes + py.core.preHeaderBytes(py.typeOf(o))
    : 0;
  const block = o - front;
  if (!memory.pymalloc.addressInRange(block)) return `0x${block.toString(16)} in the raw heap`;
  const pool = block - (block % poolBytes);
  return `0x${block.toString(16)}, a block of ${memory.pymalloc.blockSizeBytes(block as never)} bytes in the pool at 0x${pool.toString(16)}`;
}

function percent(one: Measured, other: Measured): string {
  const change = Math.round((1 - one.perRecord / other.perRecord) * 100);
  return `${Math.abs(change)} % ${change >= 0 ? "less" : "more"}`;
}
