import { describe, expect, it } from "vitest";
import { SameLines } from "../src/answer/same-lines.ts";

const frame = (file: string, line = 4, name = "handle") => ({ file, line, function: name });
const areSame = (a: ReturnType<typeof frame>, b: ReturnType<typeof frame>, ...others: (typeof a)[]) => {
  const lines = new SameLines([a, undefined, b, ...others]);
  return lines.keyOf(a) === lines.keyOf(b);
};

describe("lines of two recordings are the same", () => {
  it("where a script was named by a relative path once", () => {
    expect(areSame(frame("app.py"), frame("/srv/app.py"))).toBe(true);
    expect(areSame(frame("./jobs/app.py"), frame("/srv/jobs/app.py"))).toBe(true);
  });

  it("where a function's name says what it is defined in once", () => {
    expect(areSame(frame("/srv/app.py", 4, "Server.handle"), frame("/srv/app.py"))).toBe(true);
    expect(
      areSame(frame("/srv/app.py", 4, "run.<locals>.<lambda>"), frame("/srv/app.py", 4, "<lambda>")),
    ).toBe(true);
  });

  it("but not where another path fits as well, or the file, line or function is another one", () => {
    expect(areSame(frame("app.py"), frame("/srv/app.py"), frame("/old/app.py"))).toBe(false);
    expect(areSame(frame("app.py"), frame("/srv/myapp.py"))).toBe(false);
    expect(areSame(frame("<string>"), frame("/srv/<string>"))).toBe(false);
    expect(areSame(frame("app.py", 4), frame("/srv/app.py", 5))).toBe(false);
    expect(areSame(frame("app.py", 4, "a"), frame("app.py", 4, "b"))).toBe(false);
  });

  it("and what no Python code asked for is one line", () => {
    const lines = new SameLines([undefined]);
    expect(lines.keyOf(undefined)).toBe("");
  });
});
