// A million objects, each in the next, die of one decref: nothing recurses.
import { profileFor } from "@obmalloc/abi";
import { expect, it } from "vitest";
import { giveItem, setUp } from "./cpython/setting.ts";

it.each(["3.7", "3.13", "3.15"])("a million nested lists in %s", { timeout: 120_000 }, (version) => {
  const { py } = setUp(profileFor(version));
  let list = py.lists.new();
  for (let i = 1; i < 1_000_000; i++) {
    const outer = py.lists.new();
    giveItem(py, outer, list);
    list = outer;
  }
  const before = py.gc.getObjects().length;
  py.decref(list);
  expect(before - py.gc.getObjects().length).toBe(1_000_000);
});
