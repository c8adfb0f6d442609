// The README shows what the command prints.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CASE, obmalloc } from "./harness.ts";

it("the example is what explain says of the recording that comes along, shortened at ...", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = readme.match(/^ {4}retention in pymalloc[\s\S]*?(?=\n\n\S)/m)![0];
  const promised = example.split("\n").map((line) => line.replace(/^ {4}/, ""));
  expect(promised.length).toBeGreaterThan(15);
  const { stdout } = await obmalloc(["explain", CASE, "--remedies", "from-heap"]);
  const printed = stdout.split("\n");
  let at = 0;
  for (const line of promised) {
    if (line.trim() === "...") continue;
    const found = printed.indexOf(line, at);
    expect(found, line).toBeGreaterThanOrEqual(at);
    at = found + 1;
  }
});
