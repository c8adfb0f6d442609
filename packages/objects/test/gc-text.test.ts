// What the collector writes under its debug flags, against the installed interpreters, line by line.
import { execFileSync, spawnSync } from "node:child_process";
import { profileFor } from "@obmalloc/abi";
import { pythons } from "@obmalloc/test-support";
import { describe, expect, it } from "vitest";
import { GcDebug } from "../src/index.ts";
import { give, giveItem, setUp } from "./cpython/setting.ts";

const SCRIPT = `
import gc, os, sys
class C: pass
flags = gc.DEBUG_STATS | gc.DEBUG_COLLECTABLE | gc.DEBUG_UNCOLLECTABLE
def program(collect=gc.collect):
    gc.disable()
    sys.stderr.write('buffered '); sys.stderr.write('buffered ') # up to 3.8 what waits to be written is in a list, which would show
    collect(); collect()
    gc.freeze()
    gc.set_debug(flags)
    a = []; a.append(a); del a
    collect()
    collect(0)
    collect(1)
    c = C(); c.d = {1: c}; del c
    collect(1)
    gc.set_debug(0)
program()
sys.stderr.flush()
os._exit(0)
`;

/** The text without what differs from run to run. */
const settled = (text: string) =>
  text
    .replace(/0x[0-9a-f]+/g, "ADDRESS")
    .replace(/\d+\.\d+s elapsed/g, "TIME elapsed")
    .replace(/permanent generation: \d+/g, "permanent generation: SOME")
    .trim()
    .split("\n");

const found = pythons();

describe.skipIf(found.length === 0)("the text of gc's debug flags", () => {
  it.each(found)("is that of CPython $version", { timeout: 60_000 }, ({ version, path }) => {
    const { stderr } = spawnSync(path, ["-I", "-S", "-c", SCRIPT], { encoding: "utf8" });
    const there = settled(stderr.replaceAll("buffered ", ""));
    const { py, stderr: written } = setUp(profileFor(version));
    const C = py.classes.new({ name: "C" });
    py.gc.collect();
    py.gc.freeze();
    py.gc.setDebug(GcDebug.STATS | GcDebug.COLLECTABLE | GcDebug.UNCOLLECTABLE);
    const a = py.lists.new();
    giveItem(py, a, a);
    py.gc.collect();
    py.gc.collect(0);
    py.gc.collect(1);
    const c = py.instances.new(C);
    const d = py.dicts.new();
    py.dicts.setItem(d, py.ints.new(1), c);
    give(py, c, "d", d);
    py.decref(c);
    py.gc.collect(1);
    expect(there.length).toBeGreaterThan(10);
    expect(settled(written.join(""))).toEqual(there);
  });

  it.each(found)(
    "getrefcount, getsizeof and constants of $version",
    { timeout: 60_000 },
    ({ version, path }) => {
      const ask =
        "import sys, gc; print([gc.DEBUG_STATS, gc.DEBUG_COLLECTABLE, gc.DEBUG_UNCOLLECTABLE, gc.DEBUG_SAVEALL, gc.DEBUG_LEAK], list(gc.get_threshold()), sys.getsizeof([]), sys.getrefcount([]))";
      const there = execFileSync(path, ["-I", "-S", "-c", ask], { encoding: "utf8" }).trim();
      const { py } = setUp(profileFor(version));
      const flags = [
        GcDebug.STATS,
        GcDebug.COLLECTABLE,
        GcDebug.UNCOLLECTABLE,
        GcDebug.SAVEALL,
        GcDebug.LEAK,
      ];
      const list = py.lists.new();
      const shown = [
        `[${flags.join(", ")}]`,
        `[${py.gc.getThreshold().join(", ")}]`,
        py.getsizeof(list),
        py.refcount(list),
      ];
      expect(shown.join(" ")).toBe(there);
    },
  );
});
