// A Worker of the bench: replaces blocks at random slots of a table, together with others.
//
// A slot changes hands by an atomic exchange, so that each block is freed exactly once, by whoever finds it. The block
// says in its first word where it lies: two owners of one block would overwrite each other's.

import { parentPort, workerData } from "node:worker_threads";
import { BenchError } from "../errors.ts";
import { Random } from "../streams/random.ts";
import { workerHeaps } from "./heaps.ts";
import { type Answer, type Command, meet, type Work } from "./protocol.ts";
import type { WorkerHeap } from "./worker-heap.ts";

const work = workerData as Work;
const table = new Int32Array(work.table);
const meeting = new Int32Array(work.meeting);

const source = workerHeaps.find(({ name }) => name === work.heap);
if (source === undefined) throw new BenchError(`There is no heap ${work.heap}.`);
const heap = source.attach(work.handle);

// Each round does the same.
const random = new Random(work.seed + work.index);
const randomSizes = (count: number) =>
  new Uint32Array(count).map(() => random.between(work.sizes.min, work.sizes.max));
const slots = new Uint32Array(work.operations).map(() => random.between(work.slots.from, work.slots.to - 1));
const sizes = randomSizes(work.operations);

/** Allocates a block for each of `slots`, and frees what is in it. */
function replaceAll({ calls }: WorkerHeap, slots: Uint32Array, sizes: Uint32Array): void {
  let words = heap.words();
  for (let i = 0; i < slots.length; i++) {
    const size = sizes[i]!;
    const p = calls.malloc(size) >>> 0;
    if (p === 0) throw new BenchError(`${work.heap}: no room for ${size} bytes.`);
    const last = (p + size - 4) >>> 2;
    if (last >= words.length) words = heap.words();
    words[last] = i;
    words[p >>> 2] = p;
    const before = Atomics.exchange(table, slots[i]!, p) >>> 0;
    if (before === 0) continue;
    if (before >>> 2 >= words.length) words = heap.words();
    if (words[before >>> 2] !== before) {
      throw new BenchError(`${work.heap}: the block at ${before} belongs to two owners.`);
    }
    calls.free(before);
  }
}

/** The slots that this Worker fills and empties: its own, or every n-th of those that all use. */
function share(): Uint32Array {
  const { from, to } = work.slots;
  const isOwn = to - from < table.length;
  const mine = Array.from({ length: to - from }, (_, i) => from + i);
  return Uint32Array.from(mine.filter((slot) => isOwn || slot % work.workers === work.index));
}

const during = (action: () => void) => (heap.during === undefined ? action() : heap.during(action));

function drain(): string[] {
  during(() => {
    for (const slot of share()) {
      const before = Atomics.exchange(table, slot, 0) >>> 0;
      if (before !== 0) heap.calls.free(before);
    }
  });
  meet(meeting, work.workers);
  return heap.check().map(({ message }) => message);
}

const now = () => performance.timeOrigin + performance.now();

function obey(command: Command): Answer {
  if (command === "drain") return { startedAtMs: 0, endedAtMs: 0, problems: drain() };
  if (command === "fill") {
    const mine = share();
    during(() => replaceAll(heap, mine, randomSizes(mine.length)));
    return { startedAtMs: 0, endedAtMs: 0, problems: [] };
  }
  meet(meeting, work.workers);
  const startedAtMs = now();
  during(() => replaceAll(heap, slots, sizes));
  return { startedAtMs, endedAtMs: now(), problems: [] };
}

parentPort!.on("message", (command: Command) => parentPort!.postMessage(obey(command)));
