// The GIL between real Workers, and on one thread.
import { Gil, GilLostError, GilMisuseError, gilState } from "@obmalloc/domains";
import { LinearMemory } from "@obmalloc/raw-heap";
import { afterEach, describe, expect, it } from "vitest";
import { type GilTask, GilWorker } from "./gil-task.ts";

const GIL_ADDRESS = 1024;
const COUNTER_ADDRESS = 64;
const OPERATIONS = Number(process.env.OBMALLOC_GIL_OPERATIONS ?? 1_000_000);
/** Switch intervals: three others with the lock, each with an interval of its own and some time to wake up on a busy machine. */
const LONGEST_WAIT = 3 * 8;

function makeGil(shared = true): { gil: Gil; linear: LinearMemory } {
  const linear = new LinearMemory({ maxBytes: 1 << 16, shared });
  expect(GIL_ADDRESS + gilState.sizeBytes).toBeLessThan(linear.byteLength);
  return { gil: new Gil({ linear, address: GIL_ADDRESS }), linear };
}

const workers: GilWorker[] = [];
function start(linear: LinearMemory, name: string, task: GilTask["task"]): GilWorker {
  const { source } = linear;
  const one = new GilWorker({ source, gilAddress: GIL_ADDRESS, counterAddress: COUNTER_ADDRESS, name, task });
  workers.push(one);
  return one;
}
afterEach(async () => {
  await Promise.all(workers.splice(0).map(({ worker }) => worker.terminate()));
});

describe("the GIL on one thread", () => {
  it("is free at first, held by one, and free again", () => {
    const { gil } = makeGil(false);
    expect(() => gil.acquire()).toThrow(GilMisuseError);
    expect(gil.attach("main")).toBe(1);
    expect(() => gil.release()).toThrow("not held by this thread");
    gil.acquire();
    expect(() => gil.acquire()).toThrow("holds the GIL already");
    expect(gil.inspect()).toMatchObject({ owner: 1, waiting: 0, switchIntervalMs: 5 });
    expect(() => gil.detach()).toThrow("release it first");
    gil.release();
    expect(gil.inspect()).toMatchObject({ owner: 0 });
    gil.detach();
    expect(gil.inspect().threads).toEqual([]);
  });

  it("runs an action with the lock held, and keeps it when it was held before", () => {
    const { gil } = makeGil(false);
    gil.attach("main");
    expect(gil.run(() => gil.run(() => gil.isHeld))).toBe(true);
    expect(gil.isHeld).toBe(false);
    expect(() =>
      gil.run(() => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(gil.isHeld).toBe(false);
  });

  it("knows threads by name, as much of it as fits, and has room for 64", () => {
    const { gil, linear } = makeGil(false);
    gil.attach("名前 of a thread that is much too long");
    expect(gil.inspect().threads[0]).toMatchObject({ id: 1, name: "名前 of a thread that is much " });
    const others = Array.from({ length: 63 }, () => new Gil({ linear, address: GIL_ADDRESS }));
    others.forEach((other, i) => {
      expect(other.attach(`t${i}`)).toBe(i + 2);
    });
    expect(() => new Gil({ linear, address: GIL_ADDRESS }).attach("one more")).toThrow(
      "There are 64 threads attached",
    );
  });

  it("takes a switch interval of whole milliseconds", () => {
    const { gil } = makeGil(false);
    gil.switchIntervalMs = 20;
    expect(gil.inspect().switchIntervalMs).toBe(20);
    for (const wrong of [0, 1.5, -1, Number.NaN, 5000]) {
      expect(() => {
        gil.switchIntervalMs = wrong;
      }).toThrow(RangeError);
    }
  });

  it("can be waited for without blocking", async () => {
    const { gil, linear } = makeGil();
    const other = new Gil({ linear, address: GIL_ADDRESS });
    gil.attach("one");
    other.attach("two");
    gil.acquire();
    const waiting = other.acquireAsync();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(other.isHeld).toBe(false);
    expect(gil.inspect()).toMatchObject({ waiting: 1, dropRequests: 1 });
    gil.release();
    await waiting;
    expect(other.isHeld).toBe(true);
    expect(gil.inspect()).toMatchObject({ owner: 2, forcedSwitches: 1 });
    expect(gil.tryAcquire()).toBe(false);
  });
});

describe("the GIL between Workers", () => {
  it.each(["each", "checkpoints"] as const)(
    "loses no update of four Workers (%s), and lets nobody wait long",
    async (how) => {
      const { gil, linear } = makeGil();
      const names = ["red", "green", "blue", "grey"];
      const task = { kind: "count", how, operations: OPERATIONS } as const;
      const four = names.map((name) => start(linear, name, task));
      await Promise.all(four.map((one) => one.hears("done")));
      expect(linear.u32[COUNTER_ADDRESS / 4]).toBe(4 * OPERATIONS);
      const { owner, waiting } = gil.inspect();
      expect({ owner, waiting }).toEqual({ owner: 0, waiting: 0 });
    },
    120_000,
  );

  it("hands the lock on in turn: no Worker waits longer than a few intervals for each other one", async () => {
    const { gil, linear } = makeGil();
    gil.attach("watcher");
    const task = { kind: "count", how: "checkpoints", operations: 3 * OPERATIONS } as const;
    const four = ["a", "b", "c", "d"].map((name) => start(linear, name, task));
    let longest = 0;
    const watch = setInterval(() => {
      for (const { longestWaitIntervals } of gil.inspect().threads)
        longest = Math.max(longest, longestWaitIntervals);
    }, 20);
    await Promise.all(four.map((one) => one.hears("done")));
    clearInterval(watch);
    const { forcedSwitches, dropRequests } = gil.inspect();
    expect(forcedSwitches).toBeGreaterThan(0);
    expect(dropRequests).toBeGreaterThanOrEqual(forcedSwitches);
    expect(longest).toBeLessThanOrEqual(LONGEST_WAIT);
  }, 120_000);

  it("reports a Worker that was terminated with the lock, within a second, to all who wait", async () => {
    const { linear } = makeGil();
    const holder = start(linear, "the holder", { kind: "hold" });
    await holder.hears("holding");
    const waiters = ["w1", "w2"].map((name) => start(linear, name, { kind: "acquire" }));
    await Promise.all(waiters.map((one) => one.hears("attached")));
    await holder.worker.terminate();
    const lost = await Promise.all(waiters.map((one) => one.hears("lost")));
    for (const { threadName, reason, message } of lost) {
      // Their own waiting: what a busy machine adds to it is not theirs.
      expect(Number(/(\d+) ms of waiting/.exec(message)![1])).toBeLessThan(600);
      expect({ threadName, reason }).toEqual({ threadName: "the holder", reason: "silent" });
      expect(message).toContain('the thread "the holder" (1) holds it and has shown no sign of life');
    }
  }, 30_000);

  it("reports it at once when it is told, and can be given free", async () => {
    const { gil, linear } = makeGil();
    gil.attach("main");
    const holder = start(linear, "the holder", { kind: "hold" });
    const { id } = await holder.hears("attached");
    await holder.hears("holding");
    const waiter = start(linear, "waiter", { kind: "acquire" });
    await waiter.hears("attached");
    holder.worker.once("exit", () => gil.threadGone(id));
    await holder.worker.terminate();
    expect(await waiter.hears("lost")).toMatchObject({ threadName: "the holder", reason: "gone" });
    expect(() => gil.acquire()).toThrow(GilLostError);
    expect(gil.inspect().threads.find((thread) => thread.id === id)).toMatchObject({
      state: "gone",
      holdsGil: true,
    });
    expect(gil.recover()).toBe(true);
    gil.acquire();
    expect(gil.isHeld).toBe(true);
  }, 30_000);

  it("goes on without a Worker that was terminated while it waited", async () => {
    const { gil, linear } = makeGil();
    gil.attach("main");
    gil.acquire();
    const waiter = start(linear, "waiter", { kind: "acquire" });
    await waiter.hears("attached");
    await expect.poll(() => gil.inspect().waiting).toBe(1);
    await waiter.worker.terminate();
    const others = ["a", "b"].map((name) =>
      start(linear, name, { kind: "count", how: "checkpoints", operations: 1000 }),
    );
    await Promise.all(others.map((one) => one.hears("attached")));
    await new Promise((resolve) => setTimeout(resolve, 20));
    gil.release();
    await Promise.all(others.map((one) => one.hears("done")));
    gil.acquire();
    expect(linear.u32[COUNTER_ADDRESS / 4]).toBe(2000);
  }, 30_000);
});
