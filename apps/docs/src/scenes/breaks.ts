// What goes wrong, and how it is noticed: buttons for the chapters whose subject can be broken.

import { profileFor } from "@obmalloc/abi";
import { createDomains, type PyMemAllocatorEx } from "@obmalloc/domains";
import { createObjects, type Objects, objectsOver } from "@obmalloc/objects";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { LinearMemory, RawHeap } from "@obmalloc/raw-heap";
import { type Experiment, hex } from "./scene.ts";

/** What a bad call ends in. */
function caught(act: () => void): string {
  try {
    act();
    return "Nothing was noticed.";
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    // Where in these scripts something was made says nothing to a reader.
    return `${error.name}: ${error.message}`.replaceAll(
      / at \S*.*\((?:file|https?):.*$| at (?:Array|Object|async) .*$/gm,
      "",
    );
  }
}

const violations = (found: readonly { rule: string; message: string }[]): string =>
  found.length === 0
    ? "check() finds nothing."
    : `check() finds:\n${found.map(({ rule, message }) => `${rule}: ${message}`).join("\n")}`;

const rawHeap = () => RawHeap.create(new LinearMemory({ maxBytes: 16 << 20 }));

const heap: Experiment = {
  title: "Break it",
  buttons: [
    {
      label: "Free an address in the middle of a block",
      run: () => {
        const raw = rawHeap();
        const block = raw.malloc(1000);
        return caught(() => raw.free((block + 64) as typeof block));
      },
    },
    {
      label: "Write behind a block",
      run: () => {
        const raw = rawHeap();
        const block = raw.malloc(100);
        raw.malloc(100);
        raw.u8(block, 200).fill(0x41, 0, 120);
        return `${violations(raw.check())}\n\nThe next free() of the neighbour would have said so, too.`;
      },
    },
    {
      label: "Write to a freed block",
      run: () => {
        const raw = rawHeap();
        const [block] = [raw.malloc(5000), raw.malloc(16)];
        raw.free(block);
        raw.memory.u32[block >>> 2] = 0x41414141; // the link of its bin
        return violations(raw.check());
      },
    },
  ],
};

const small = (): PyMalloc => createPyMalloc({ profile: profileFor("3.13"), maxBytes: 64 << 20 });

const realloc: Experiment = {
  title: "Break it",
  buttons: [
    {
      label: "Use the old address after realloc()",
      run: () => {
        const pymalloc = small();
        const p = pymalloc.malloc(100);
        const q = pymalloc.realloc(p, 400);
        pymalloc.memory.u8.fill(0x41, p, p + 8);
        return `p = ${hex(p)}, realloc(p, 400) → ${hex(q)}\nThe program writes 8 bytes to p, which is free: over the link of the free list.\n\n${violations(pymalloc.check())}`;
      },
    },
    {
      label: "p = realloc(p, …) when there is no room",
      run: () => {
        const pymalloc = createPyMalloc({ maxBytes: 4 << 20 });
        const before = pymalloc.malloc(1000);
        const after = pymalloc.realloc(before, 8 << 20);
        return `realloc(p, 8 MiB) → ${after === 0 ? "NULL" : hex(after)}\nThe old block at ${hex(before)} is alive, and p was its only name: a leak.\nblocks: ${pymalloc.getAllocatedBlocks()}`;
      },
    },
    {
      label: "malloc(n * size) that overflows",
      run: () => {
        const pymalloc = small();
        const [n, size] = [0x4000_0001, 4];
        const product = Math.imul(n, size) >>> 0;
        const block = pymalloc.malloc(product);
        return `n = ${n}, size = ${size}: in 32 bits n * size is ${product}\nmalloc(${product}) → ${hex(block)}, a block of ${pymalloc.blockSizeBytes(block)} bytes, where the program believes to have 4 GiB\ncalloc(n, size) → ${pymalloc.calloc(n, size) === 0 ? "NULL" : "a block"}`;
      },
    },
  ],
};

/** A loop whose survivors are as given; what is held when the temporaries are gone. */
function survivors(every: number, keptBytes: number, batch = Number.POSITIVE_INFINITY): string {
  const pymalloc = createPyMalloc({ profile: profileFor("3.13"), maxBytes: 128 << 20 });
  let temporaries: ReturnType<PyMalloc["malloc"]>[] = [];
  let kept = 0;
  let peak = 0;
  for (let index = 0; index < 12_000; index++) {
    for (const sizeBytes of [64, 64, 64, 120, 28]) temporaries.push(pymalloc.malloc(sizeBytes));
    if (index % every === 0 && pymalloc.malloc(keptBytes) !== 0) kept++;
    peak = Math.max(peak, pymalloc.arenaCount);
    if (temporaries.length < batch * 5) continue;
    for (const block of temporaries) pymalloc.free(block);
    temporaries = [];
  }
  for (const block of temporaries) pymalloc.free(block);
  const { arenas } = pymalloc.inspect();
  const live = arenas.reduce((sum, { liveBytes }) => sum + liveBytes, 0);
  return `${kept} survivors of ${keptBytes} bytes\narenas at the peak: ${peak}\narenas afterwards:  ${arenas.length}, for ${live.toLocaleString("en")} live bytes`;
}

const pins: Experiment = {
  title: "Break it, mend it",
  buttons: [
    { label: "As above: one of 100 stays", run: () => survivors(100, 54) },
    { label: "One of 3,000 stays", run: () => survivors(3000, 54) },
    { label: "Survivors of 200 bytes", run: () => survivors(100, 200) },
    { label: "Temporaries die after each 500", run: () => survivors(100, 54, 500) },
  ],
};

/** A domain whose allocator is spoiled in one way. */
function spoiled(change: (inner: PyMemAllocatorEx) => Partial<PyMemAllocatorEx>): string {
  const memory = createDomains({ maxBytes: 64 << 20 });
  const inner = memory.getAllocator("mem");
  memory.setAllocator("mem", { ...inner, name: "spoiled", ...change(inner) });
  return caught(() => void memory.mem.malloc(64));
}

const domains: Experiment = {
  title: "Break it: set an allocator that …",
  buttons: [
    { label: "has no room", run: () => spoiled(() => ({ malloc: () => 0 })) },
    {
      label: "gives an address that is not aligned",
      run: () => spoiled((inner) => ({ malloc: (ctx, size) => inner.malloc(ctx, size + 8) + 1 })),
    },
    {
      label: "throws",
      run: () =>
        spoiled(() => ({
          malloc: () => {
            throw new Error("a hook with a mistake in it");
          },
        })),
    },
  ],
};

const debugged = (): Objects =>
  createObjects({ profile: profileFor("3.13"), maxBytes: 256 << 20, isDebugged: true });

const counts: Experiment = {
  title: "Break it, as an extension in C can",
  buttons: [
    {
      label: "Give back a reference that is not yours",
      run: () => {
        const py = debugged();
        const list = py.lists.of([py.floats.new(0.5)]);
        const borrowed = py.lists.getItem(list, 0);
        py.decref(borrowed);
        py.decref(borrowed);
        return caught(() => py.decref(list));
      },
    },
    {
      label: "Forget to give one back",
      run: () => {
        const py = debugged();
        const start = py.mark();
        const list = py.lists.new();
        py.incref(list);
        py.decref(list);
        return caught(() => py.expectNoLeaks(start));
      },
    },
    {
      label: "Use an object after its death",
      run: () => {
        const py = debugged();
        const list = py.lists.new();
        py.decref(list);
        return caught(() => void py.refcount(list));
      },
    },
  ],
};

/** Rings of two lists that nobody holds; blocks in use then. */
function rings(isEnabled: boolean): string {
  const memory = createDomains({ profile: profileFor("3.13"), maxBytes: 256 << 20 });
  const py = objectsOver(memory);
  if (!isEnabled) py.gc.disable();
  const before = memory.getAllocatedBlocks();
  for (let index = 0; index < 10_000; index++) {
    const [a, b] = [py.lists.new(), py.lists.new()];
    py.lists.append(a, b);
    py.lists.append(b, a);
    py.decref(a);
    py.decref(b);
    py.gc.checkEvalBreaker();
  }
  const left = memory.getAllocatedBlocks() - before;
  const stats = py.gc.getStats().map(({ collections, collected }) => `${collections} (${collected} objects)`);
  return `collections by generation: ${stats.join(", ")}\nblocks that are left: ${left}\ngc.collect() → ${py.gc.collect()}`;
}

const collector: Experiment = {
  title: "Break it: 10,000 rings of two lists",
  buttons: [
    { label: "With the collector", run: () => rings(true) },
    { label: "After gc.disable()", run: () => rings(false) },
  ],
};

const finalizers: Experiment = {
  title: "Break it",
  buttons: [
    {
      label: "A finalizer that raises",
      run: () => {
        const said: string[] = [];
        const py = createObjects({
          profile: profileFor("3.13"),
          maxBytes: 256 << 20,
          onUnraisable: ({ message, error }) => said.push(`${message} C.__del__: ${error}`),
        });
        const fail = () => {
          throw new Error("from __del__");
        };
        const o = py.instances.new(py.classes.new({ name: "C", methods: { __del__: fail } }));
        py.decref(o);
        return `${said.join("\n")}\nThe object is ${py.isObject(o) ? "alive" : "gone all the same"}, and the program goes on.`;
      },
    },
  ],
};

export const experiments: Readonly<Record<string, Experiment>> = {
  "breaks.heap": heap,
  "breaks.realloc": realloc,
  "breaks.pins": pins,
  "breaks.domains": domains,
  "breaks.counts": counts,
  "breaks.collector": collector,
  "breaks.finalizers": finalizers,
};
