// A Worker that shares a heap with others.

import { parentPort, workerData } from "node:worker_threads";
import type { RawAddress } from "@obmalloc/abi";
import { LinearMemory, RawHeap, type SharedHeap } from "../../src/index.ts";
import type { Task } from "./task.ts";

const task = workerData as Task;
const heap = RawHeap.attach(new LinearMemory({ source: task.source }), { name: task.name }) as SharedHeap;
const table = new Int32Array(task.table);
const say = (message: unknown) => parentPort!.postMessage(message);
const never = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);

/** A small generator of its own, so that a run can be repeated: mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Every word of a block says whose it is; the first one says how many bytes were asked for. */
function stamp(p: RawAddress, sizeBytes: number): void {
  const words = heap.u32(p, sizeBytes >>> 2);
  words.fill(p);
  words[0] = sizeBytes;
}

function verify(p: RawAddress): number {
  const sizeBytes = heap.u32(p, 1)[0]!;
  const usable = heap.usableSize(p);
  if (sizeBytes > usable) throw new Error(`the block at ${p} was written over: ${sizeBytes} of ${usable}`);
  const words = heap.u32(p, sizeBytes >>> 2);
  for (let i = 1; i < words.length; i++) {
    if (words[i] !== p) throw new Error(`the block at ${p} has another owner: word ${i} is ${words[i]}`);
  }
  return sizeBytes;
}

function churn(operations: number, seed: number): void {
  const random = randomOf(seed);
  const anySize = () => {
    const kind = random(1000);
    if (kind < 900) return 4 + random(300);
    return 4 + random(kind < 999 ? 4000 : 100_000);
  };
  for (let i = 0; i < operations; i++) {
    const slot = random(table.length);
    const taken = (Atomics.exchange(table, slot, 0) >>> 0) as RawAddress;
    if (taken !== 0 && random(4) === 0) {
      put(slot, resized(taken, anySize()));
      continue;
    }
    if (taken !== 0) {
      verify(taken);
      heap.free(taken);
    }
    const sizeBytes = anySize();
    const p = random(50) === 0 ? heap.alignedAlloc(64, sizeBytes) : heap.malloc(sizeBytes);
    if (p === 0) throw new Error(`no room for ${sizeBytes} bytes`);
    stamp(p, sizeBytes);
    put(slot, p);
  }
}

function resized(p: RawAddress, sizeBytes: number): RawAddress {
  const before = verify(p);
  const moved = heap.realloc(p, sizeBytes);
  if (moved === 0) throw new Error(`no room for ${sizeBytes} bytes`);
  const kept = heap.u32(moved, Math.min(before, sizeBytes) >>> 2);
  if (kept[0] !== before || kept.subarray(1).some((word) => word !== p)) {
    throw new Error(`realloc of the block at ${p} to ${moved} lost content`);
  }
  stamp(moved, sizeBytes);
  return moved;
}

/** Another Worker may have filled the slot meanwhile: then its block is ours to free. */
function put(slot: number, p: RawAddress): void {
  const other = (Atomics.exchange(table, slot, p) >>> 0) as RawAddress;
  if (other === 0) return;
  verify(other);
  heap.free(other);
}

switch (task.kind) {
  case "churn":
    churn(task.operations, task.seed);
    heap.detach();
    say("done");
    break;
  case "keep": {
    const blocks = Array.from({ length: task.blocks }, () => heap.malloc(100));
    for (const p of blocks) heap.free(p);
    say("kept");
    never();
    break;
  }
  case "hold":
    heap.locked(() => {
      say("holding");
      never();
    });
    break;
  case "break":
    heap.locked(() => {
      const p = heap.malloc(2000);
      heap.u32(p - 8, 1)[0] = 0; // as an operation leaves a header that did not come to write the other word
      say("holding");
      never();
    });
    break;
}
