// The lock of the raw heap, as two threads have it; here both are one thread.
import { ilp32, struct } from "@obmalloc/abi";
import { LinearMemory } from "@obmalloc/raw-heap";
import { expect, it } from "vitest";
import { LockLostError } from "../gil/errors.ts";
import { Gil } from "../gil/gil.ts";
import { gilState } from "../gil/layout.ts";
import { heapLock } from "../state-layout.ts";
import { HeapLock } from "./heap-lock.ts";

const { offsets } = struct(ilp32, { lock: heapLock, gil: gilState });

function twoThreads() {
  const linear = new LinearMemory({ maxBytes: 1 << 16, shared: true });
  const one = (name: string) => {
    const gil = new Gil({ linear, address: 1024 + offsets.gil });
    gil.attach(name);
    return { gil, lock: new HeapLock(linear, 1024 + offsets.lock, gil) };
  };
  return { linear, holder: one("the holder"), waiter: one("the waiter") };
}

it("is had by one, then by the other one", () => {
  const { holder, waiter } = twoThreads();
  for (const { lock } of [holder, waiter, holder]) {
    lock.acquire();
    lock.release();
  }
});

it("is reported as lost, with the name of its holder, when nobody gives it back", () => {
  const { holder, waiter } = twoThreads();
  holder.lock.acquire();
  const error = thrown(() => waiter.lock.acquire());
  expect(error).toBeInstanceOf(LockLostError);
  expect(error).toMatchObject({ lock: "raw heap", threadName: "the holder", threadId: 1, reason: "silent" });
  expect(error.message).toContain('The raw heap is lost: the thread "the holder" (1) holds it');
});

it("is reported at once when the holder is known to be gone", () => {
  const { holder, waiter } = twoThreads();
  holder.gil.acquire(); // keeps its place, so that its name stays known
  holder.lock.acquire();
  waiter.gil.threadGone(holder.gil.threadId);
  expect(thrown(() => waiter.lock.acquire())).toMatchObject({ threadName: "the holder", reason: "gone" });
});

it("lets threads in that are not attached, as the raw domain does", () => {
  const { linear, holder, waiter } = twoThreads();
  const gil = new Gil({ linear, address: 1024 + offsets.gil });
  const stranger = new HeapLock(linear, 1024 + offsets.lock, gil);
  stranger.acquire();
  expect(thrown(() => holder.lock.acquire())).toMatchObject({ threadName: "not attached" });
  stranger.release();
  waiter.lock.acquire();
});

function thrown(action: () => void): LockLostError {
  try {
    action();
  } catch (error) {
    return error as LockLostError;
  }
  throw new Error("It did not throw.");
}
