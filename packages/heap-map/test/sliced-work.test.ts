import { describe, expect, it } from "vitest";
import { type Job, SlicedWork } from "../src/element/sliced-work.ts";

/** Work whose every stop costs so many milliseconds of a clock that nothing else moves. */
function workbench() {
  let now = 0;
  const done: string[] = [];
  const seen: string[] = [];
  const work = new SlicedWork(
    () => done.push(seen.at(-1) ?? ""),
    () => now,
  );
  const job = (name: string, stops: number, costMs: number) =>
    function* (): Job {
      for (let stop = 0; stop < stops; stop++) {
        seen.push(`${name}${stop}`);
        now += costMs;
        yield;
      }
    };
  return { work, done, seen, job };
}

const idle = async (work: SlicedWork) => {
  while (work.isBusy) await new Promise((resolve) => setTimeout(resolve));
};

describe("SlicedWork", () => {
  it("does a short job at once", () => {
    const { work, done, job } = workbench();
    work.start(job("a", 3, 1));
    expect([work.isBusy, done]).toEqual([false, ["a2"]]);
  });

  it("leaves a long one to later tasks, and tells when it is done", async () => {
    const { work, done, seen, job } = workbench();
    work.start(job("a", 50, 4));
    expect([work.isBusy, seen.length, done]).toEqual([true, 2, []]);
    await idle(work);
    expect([seen.length, done]).toEqual([50, ["a49"]]);
  });

  it("of what waits does the last only, and not before it is told to go on", async () => {
    const { work, done, seen, job } = workbench();
    work.start(job("a", 9, 4));
    work.start(job("b", 9, 4));
    work.start(job("c", 9, 4));
    await idle(work);
    expect(done).toEqual(["a8"]);
    work.resume();
    await idle(work);
    expect(done).toEqual(["a8", "c8"]);
    expect(seen.some((step) => step.startsWith("b"))).toBe(false);
    work.resume();
    expect(work.isBusy).toBe(false);
  });

  it("finishes at once what has begun and what waits", () => {
    const { work, done, job } = workbench();
    work.start(job("a", 9, 4));
    work.start(job("b", 9, 4));
    work.finish();
    expect([work.isBusy, done]).toEqual([false, ["a8", "b8"]]);
  });

  it("forgets a job that was cancelled", async () => {
    const { work, done, seen, job } = workbench();
    work.start(job("a", 9, 4));
    work.cancel();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([seen.length, done, work.isBusy]).toEqual([2, [], false]);
    work.start(job("b", 9, 4));
    await idle(work);
    expect(done).toEqual(["b8"]);
  });
});
