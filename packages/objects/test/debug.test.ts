// Debug mode: mistakes with reference counts are errors that name the object and its history.
import { profileFor } from "@obmalloc/abi";
import { describe, expect, it } from "vitest";
import { createObjects, RefcountError } from "../src/index.ts";
import { dropSelfish, everyProfile, setUp } from "./cpython/setting.ts";

describe.each(everyProfile)("debug mode in $name", ({ profile }) => {
  const thrownBy = (call: () => unknown): RefcountError => {
    try {
      call();
    } catch (error) {
      if (error instanceof RefcountError) return error;
      throw error;
    }
    throw new Error("nothing was thrown");
  };

  it("a count that would become negative", () => {
    const { py } = setUp(profile, { isDebugged: true });
    const list = py.lists.new();
    py.core.counts.setCount(list, 0);
    const error = thrownBy(() => py.decref(list));
    expect(error.kind).toBe("negative-count");
    expect(error.message).toContain(`decref of the list at 0x${list.toString(16)}, whose count is 0.`);
  });

  it("the use of an object that was freed, with who freed it", () => {
    const { py } = setUp(profile, { isDebugged: true });
    const type = py.classes.new({ name: "Node" });
    const o = py.instances.new(type);
    py.incref(o);
    py.decref(o);
    py.decref(o);
    const error = thrownBy(() => py.incref(o));
    expect(error.kind).toBe("use-after-free");
    expect(error.message).toContain("a Node that was freed");
    expect(error.history.map(({ what }) => what)).toEqual(["made", "incref", "decref", "decref", "freed"]);
    expect(error.history.at(1)!.where).toContain("debug.test.ts");
  });

  it("a reference that is never given back, the object that nothing else holds first", () => {
    const { py } = setUp(profile, { isDebugged: true });
    const type = py.classes.new({ name: "Node" });
    const before = py.mark();
    dropSelfish(py, type);
    py.expectNoLeaks(before);
    const list = py.lists.new();
    const inner = py.floats.new(0.5);
    py.lists.append(list, inner);
    py.decref(inner);
    const error = thrownBy(() => py.expectNoLeaks(before));
    expect(error.kind).toBe("leak");
    expect(error.address).toBe(list);
    expect(error.message).toContain("and 1 more objects are alive");
    py.decref(list);
    py.expectNoLeaks(before);
  });
});

it("debug hooks of the domains find a write beyond an object", () => {
  const py = createObjects({ profile: profileFor("3.13"), environment: { PYTHONMALLOC: "debug" } });
  const o = py.floats.newComplex(1, 2);
  const { bytes } = py.core.ground.memory;
  bytes[o + 32] = 1;
  expect(() => py.decref(o)).toThrow(/bad trailing pad byte/);
});

it("expectNoLeaks without debug mode says what to do", () => {
  const { py } = setUp(profileFor("3.13"));
  expect(() => py.mark()).toThrow("createObjects({ isDebugged: true })");
});
