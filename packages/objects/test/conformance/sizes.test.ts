// Every figure of the captured file against the objects here: sys.getsizeof, type layouts, immortality.
import { describe, expect, it } from "vitest";
import { createObjects } from "../../src/index.ts";
import { interpreters } from "./interpreters.ts";
import { measure } from "./size-makers.ts";

/** Types of the module `collections`, which is built on what is here and is no part of the memory manager. */
const ELSEWHERE = new Set(["deque()", "OrderedDict()", "defaultdict()"]);

const isImmortality = (key: string) => key.startsWith("immortality|");

describe.each(interpreters)("objects of $name", ({ profile, compiled, sizes }) => {
  const py = createObjects({ profile });
  const found = measure(py, compiled);

  it("have the sizes and type layouts that CPython reports, every one", () => {
    const wanted = new Map(
      [...sizes].filter(([key, value]) => {
        return value !== null && !isImmortality(key) && !ELSEWHERE.has(key);
      }),
    );
    const ours = new Map([...wanted.keys()].map((key) => [key, found.get(key)]));
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(wanted));
    expect(wanted.size).toBeGreaterThan(370);
  });

  it("are immortal where CPython's are, with its counts", () => {
    const immortal = profile.objects.immortality;
    const counts: Readonly<Record<string, number>> = {
      "refcnt None": py.refcount(py.singletons.none),
      "refcnt 1": py.refcount(py.ints.new(1)),
      "refcnt ()": py.refcount(py.tuples.empty),
      "refcnt ''": py.refcount(py.strings.new("")),
      "refcnt int type": py.refcount(py.core.types.builtin.int),
      'refcnt "a"': py.refcount(py.strings.new("a")),
    };
    for (const [key, count] of Object.entries(counts)) {
      const captured = sizes.get(`immortality|${key}`) as number;
      if (immortal === undefined) expect(captured >= 999_999_999, key).toBe(count >= 999_999_999);
      else expect(count, key).toBe(captured);
    }
    expect(sizes.get("immortality|small ints")).toEqual([
      profile.objects.values.smallInts.min,
      profile.objects.values.smallInts.max,
    ]);
    const emptyFrozensets = [py.sets.newFrozen([]), py.sets.newFrozen([])];
    expect(emptyFrozensets[0] === emptyFrozensets[1]).toBe(sizes.get("immortality|empty|frozenset()"));
  });
});
