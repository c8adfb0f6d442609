import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";
import { bytesSource, momentOf, pins, Replay, Stacks, TraceReader } from "@obmalloc/trace";
import { expect, it } from "vitest";
import { bytesText, figureIn } from "../src/terminal/figure.ts";
import { outputOf } from "../src/terminal/output.ts";

const docs = fileURLToPath(new URL("..", import.meta.url));

it("a line runs in a shell, over copies of the recordings; what it writes does not stay", async () => {
  expect(await outputOf("ls run.obm; echo late >&2; echo x > run.obm; exit 3", docs)).toEqual({
    status: 3,
    text: "run.obm\nlate",
  });
  expect((await outputOf("head -c 4 run.obm | tail -c 3", docs)).text).toBe("OBM");
});

it("a figure is one value of a command's JSON", () => {
  expect(figureIn('[{"a": {"b": 13631488}}]', "0.a.b", "bytes")).toBe("13.0 MiB");
  expect(figureIn('{"a": 1234567.4}', "a", "whole")).toBe("1,234,567");
  expect(() => figureIn('{"a": 1}', "b.c", "text")).toThrow("There is no b.c");
  expect([12, 1024, 1536].map(bytesText)).toEqual(["12 bytes", "1.0 KiB", "1.5 KiB"]);
});

it("the recordings are of the program that the pages show: its line KEEP is the one that they name", () => {
  const program = readFileSync(new URL("../../cli/cases/pinned.py", import.meta.url), "utf8").split("\n");
  const keep = program.findIndex((line) => line.includes("# KEEP")) + 1;
  const bytes = readFileSync(new URL("../recordings/run.obm", import.meta.url));
  const trace = TraceReader.open(bytesSource(bytes), { inflate: (part) => inflateRawSync(part) });
  const replay = new Replay(trace).runTo(momentOf(trace, "work done").event);
  expect(replay.mismatch).toBeUndefined();
  const [first] = pins(replay, new Stacks(trace.tables));
  expect(first?.frame?.file.endsWith("pinned.py")).toBe(true);
  expect(first?.frame?.line).toBe(keep);
  expect(first?.blocks).toBe(400);
});
