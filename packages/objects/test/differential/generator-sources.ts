// The generator functions of the programs, as Python text and as what their bodies do here.

import type { ObjectAddress } from "@obmalloc/abi";
import type { GeneratorFrame, Objects } from "../../src/index.ts";

/** What the bodies need of a program's state. */
export interface GeneratorHost {
  readonly py: Objects;
  emit(value: unknown): void;
  emitCollect(generation: number): void;
  emitCount(): void;
}

/** One generator function. */
export interface GeneratorSource {
  readonly name: string;
  readonly python: string;
  /** Places on the value stack that CPython's compiler gives it: up to 3.10, in 3.11, from 3.12 on. */
  readonly stackSizes: readonly [number, number, number];
  readonly localCount: number;
  /** What runs up to each `yield`, in turn; each returns what is yielded, as a new reference. */
  readonly steps: readonly ((m: GeneratorHost, frame: GeneratorFrame) => ObjectAddress)[];
  /** The `finally` around the `yield`s. */
  readonly close?: (m: GeneratorHost) => void;
}

const yieldArgument = (m: GeneratorHost, frame: GeneratorFrame) => {
  m.py.incref(frame.local(0));
  return frame.local(0);
};

export const generatorSources: readonly GeneratorSource[] = [
  {
    name: "plain",
    python: "def plain(a):\n    yield a\n    yield a",
    stackSizes: [1, 1, 2],
    localCount: 1,
    steps: [yieldArgument, yieldArgument],
  },
  {
    name: "local",
    python: "def local(a):\n    b = [a]\n    yield b\n    yield a",
    stackSizes: [1, 1, 2],
    localCount: 2,
    steps: [
      (m, frame) => {
        const list = m.py.lists.of([frame.local(0)]);
        frame.setLocal(1, list);
        return list;
      },
      yieldArgument,
    ],
  },
  {
    name: "final",
    python: "def final(a):\n    try:\n        yield a\n        yield a\n    finally:\n        emit(-2)",
    stackSizes: [8, 5, 5],
    localCount: 1,
    steps: [yieldArgument, yieldArgument],
    close: (m) => m.emit(-2),
  },
  {
    name: "final_collect",
    python: "def final_collect(a):\n    try:\n        yield a\n    finally:\n        emit(gc.collect(0))",
    stackSizes: [10, 7, 7],
    localCount: 1,
    steps: [yieldArgument],
    close: (m) => m.emitCollect(0),
  },
  {
    name: "final_count",
    python: "def final_count(a):\n    try:\n        yield a\n    finally:\n        emit(gc.get_count())",
    stackSizes: [9, 6, 6],
    localCount: 1,
    steps: [yieldArgument],
    close: (m) => m.emitCount(),
  },
];

/** Python's function and ours, for each source. */
export function makeGeneratorFunctions(m: GeneratorHost): ObjectAddress[] {
  const minor = Number(m.py.profile.version.split(".")[1]);
  const column = minor <= 10 ? 0 : minor === 11 ? 1 : 2;
  return generatorSources.map(({ name, localCount, stackSizes, steps, close }) =>
    m.py.generators.newFunction({
      name,
      localCount,
      stackSize: stackSizes[column],
      resume: (frame) => {
        const step = steps[frame.yields];
        if (step === undefined) close?.(m);
        return step?.(m, frame);
      },
      ...(close && { close: () => close(m) }),
    }),
  );
}
