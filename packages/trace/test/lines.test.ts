import { execFileSync } from "node:child_process";
import { pythons } from "@obmalloc/test-support";
import { describe, expect, it } from "vitest";
import { type Code, LineTableKind } from "../src/format/tables.ts";
import { lineOf } from "../src/lines/line-tables.ts";

/** Prints, for every code object of some modules: first line, line table, and the line of each instruction. */
const SCRIPT = `
import sys, json, dis, types, argparse, ast, tokenize, decimal
def walk(code):
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from walk(const)
def lines(code):
    if hasattr(code, "co_lines"):
        return [(a, b, l) for a, b, l in code.co_lines() if a != b]
    starts = list(dis.findlinestarts(code)) + [(len(code.co_code), None)]
    return [(starts[i][0], starts[i + 1][0], starts[i][1]) for i in range(len(starts) - 1)]
out = []
for module in (argparse, ast, tokenize, dis):
    with open(module.__file__) as f:
        for code in walk(compile(f.read(), module.__file__, "exec")):
            table = code.co_linetable if hasattr(code, "co_linetable") else code.co_lnotab
            out.append((code.co_firstlineno, table.hex(), lines(code)))
json.dump(out, sys.stdout)
`;

function kindOf(minor: number): number {
  if (minor < 10) return LineTableKind.lnotab;
  return minor === 10 ? LineTableKind.linetable310 : LineTableKind.locations;
}

const found = pythons().filter((python) => python.minor <= 13);

describe.skipIf(found.length === 0)("lineOf", () => {
  it.each(found)("agrees with CPython $version on every instruction of four modules", ({ minor, path }) => {
    const output = execFileSync(path, ["-I", "-c", SCRIPT], { encoding: "utf8", maxBuffer: 1 << 28 });
    const codes = JSON.parse(output) as [number, string, [number, number, number | null][]][];
    let instructions = 0;
    for (const [firstLine, hex, ranges] of codes) {
      const lineTable = new Uint8Array(Buffer.from(hex, "hex"));
      const code: Code = { file: "", name: "", firstLine, lineTableKind: kindOf(minor), lineTable };
      for (const [start, end, line] of ranges) {
        for (let offset = start; offset < end; offset += 2) {
          expect(lineOf(code, offset)).toBe(line ?? firstLine);
          instructions++;
        }
      }
    }
    expect(codes.length).toBeGreaterThan(250);
    expect(instructions).toBeGreaterThan(10_000);
  });
});

describe("lineOf without an interpreter", () => {
  const code = (lineTableKind: number, ...bytes: number[]): Code => ({
    file: "",
    name: "",
    firstLine: 10,
    lineTableKind,
    lineTable: Uint8Array.from(bytes),
  });

  it("is the first line before the first instruction and without a table", () => {
    expect(lineOf(code(LineTableKind.lnotab, 2, 1), -2)).toBe(10);
    expect(lineOf(code(LineTableKind.none), 40)).toBe(10);
  });

  it("follows steps back in each encoding", () => {
    expect(lineOf(code(LineTableKind.lnotab, 2, 5, 2, 256 - 3), 4)).toBe(12);
    expect(lineOf(code(LineTableKind.linetable310, 2, 5, 2, 256 - 3), 2)).toBe(12);
    // 13: no columns, then a signed step; 5 is written as 10, -3 as 7.
    expect(lineOf(code(LineTableKind.locations, 0x80 | (13 << 3), 10, 0x80 | (13 << 3), 7), 2)).toBe(12);
  });

  it("ends on tables that are cut", () => {
    for (const kind of [LineTableKind.lnotab, LineTableKind.linetable310, LineTableKind.locations]) {
      expect(lineOf(code(kind, 0xf0), 1000)).toBe(10);
      expect(Number.isInteger(lineOf(code(kind, 0xe8, 0x7f, 0x7f), 1000))).toBe(true);
    }
  });
});
