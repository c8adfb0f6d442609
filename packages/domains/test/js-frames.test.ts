// The stacks of JavaScript programs, through source maps.
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { createDomains, javaScriptFrames } from "@obmalloc/domains";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { parseStack } from "../src/js-frames/parse-stack.ts";
import { SourceMap } from "../src/js-frames/source-map.ts";
import { SourceMaps } from "../src/js-frames/source-maps.ts";

describe("a stack", () => {
  it("is read as V8 writes it", () => {
    const text = [
      "Error: what ( it ) says",
      "    at Object.inner (file:///app/a.js:10:5)",
      "    at async outer (/app/b.js:2:3)",
      "    at /app/c.js:7:1",
      "    at async Promise.all (index 0)",
      "    at new Thing (webpack:///./src/(x)/d.js:1:2)",
    ].join("\n");
    expect(parseStack(text)).toEqual([
      { file: "file:///app/a.js", line: 10, column: 5, name: "Object.inner" },
      { file: "/app/b.js", line: 2, column: 3, name: "outer" },
      { file: "/app/c.js", line: 7, column: 1, name: undefined },
      { file: "webpack:///./src/(x)/d.js", line: 1, column: 2, name: "new Thing" },
    ]);
  });

  it("is read as Firefox and Safari write it", () => {
    expect(parseStack("inner@https://x.org/a.js:10:5\n@https://x.org/b.js:2:3\n[native code]\n")).toEqual([
      { file: "https://x.org/a.js", line: 10, column: 5, name: "inner" },
      { file: "https://x.org/b.js", line: 2, column: 3, name: undefined },
    ]);
  });
});

/** TypeScript that is longer than the JavaScript it becomes, so that lines differ. */
const SOURCE = `interface Unused {
  readonly x: number;
}

export function allocate(memory: { mem: { malloc(n: number): number } }): number {
  const size: number = 48;
  return memory.mem.malloc(
    size,
  );
}
`;

function compile(options: ts.CompilerOptions) {
  const { outputText, sourceMapText } = ts.transpileModule(SOURCE, {
    fileName: "program.ts",
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, ...options },
  });
  return { code: outputText, map: sourceMapText };
}

describe("a source map", () => {
  it("leads from what runs to what was written, as the compiler says", () => {
    const { code, map } = compile({ sourceMap: true });
    const lines = code.split("\n");
    const line = lines.findIndex((text) => text.includes("malloc(")) + 1;
    const column = lines[line - 1]!.indexOf("malloc(") + 1;
    const decoded = new SourceMap(JSON.parse(map!));
    expect(decoded.original(line, column)).toMatchObject({ source: "program.ts", line: 7 });
    expect(decoded.original(line, column)!.column).toBe("  return memory.mem.".length + 1);
    expect(decoded.original(999, 1)).toBe(undefined);
    expect(decoded.original(1, 1)?.source ?? "program.ts").toBe("program.ts");
  });

  it("may be put together from sections, and have a root", () => {
    const part = { version: 3, sources: ["a.ts"], sourceRoot: "src", names: [], mappings: "AAAA" };
    const map = new SourceMap({ version: 3, sections: [{ offset: { line: 2, column: 10 }, map: part }] });
    expect(map.original(3, 15)).toMatchObject({ source: "src/a.ts", line: 1, column: 1 });
    expect(map.original(3, 5)).toBe(undefined);
    expect(() => new SourceMap({ version: 2 })).toThrow("no source map of version 3");
  });

  it("is found through the last line of a file: beside it, inside of it, or not at all", () => {
    const { code, map } = compile({ sourceMap: true });
    const inline = compile({ inlineSourceMap: true }).code;
    const files: Record<string, string> = {
      "/out/program.js": code,
      "/out/program.js.map": map!,
      "/out/inline.js": inline,
      "/out/plain.js": "1;",
      "/out/broken.js": "1;\n//# sourceMappingURL=data:application/json,%7B",
      "/out/lost.js": "1;\n//# sourceMappingURL=lost.map",
      "file:///w/url.js": code.replace("program.js.map", "../m/x.map"),
      "file:///m/x.map": map!,
    };
    const lines = code.split("\n");
    const line = lines.findIndex((text) => text.includes("malloc(")) + 1;
    const maps = new SourceMaps((url) => files[url]);
    const at = (file: string) => maps.original(file, line, 20)?.source;
    expect(at("/out/program.js")).toBe("/out/program.ts");
    expect(at("/out/inline.js")).toBe("/out/program.ts");
    expect(at("file:///w/url.js")).toBe("file:///m/program.ts");
    expect(["/out/plain.js", "/out/broken.js", "/out/lost.js", "/none.js"].map(at)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("JavaScript frames", () => {
  const here = new URL(import.meta.url).pathname;
  const readText = (url: string) => readFileSync(url.startsWith("file:") ? new URL(url) : url, "utf8");

  it("begin with the line that allocates, not with this package's own", () => {
    const memory = createDomains({ maxBytes: 64 * 1024 * 1024, frames: javaScriptFrames() });
    memory.tracemalloc.start(10);
    const p = memory.mem.malloc(64);
    const q = memory.raw.malloc(64);
    for (const address of [p, q]) {
      const traceback = memory.tracemalloc.getObjectTraceback(address)!;
      expect(traceback.mostRecent.filename).toBe(here);
      expect(traceback.totalNframe).toBeGreaterThanOrEqual(traceback.length);
    }
    const [line] = memory.tracemalloc.takeSnapshot().statistics("lineno");
    expect(String(line)).toMatch(new RegExp(`^${here}:\\d+: size=64 B, count=1, average=64 B$`));
  });

  it("follow source maps to what was written", () => {
    const { code, map } = compile({ sourceMap: true });
    const file = "/made/program.js";
    const texts: Record<string, string> = { [file]: code, [`${file}.map`]: map! };
    const memory = createDomains({
      maxBytes: 64 * 1024 * 1024,
      frames: javaScriptFrames({ readText: (url) => texts[url] ?? readText(url) }),
    });
    const exports = {} as { allocate(m: unknown): number };
    vm.runInThisContext(`(exports) => {${code}\n}`, { filename: file })(exports); // no line in front of the code
    memory.tracemalloc.start(1);
    const p = exports.allocate(memory);
    expect(String(memory.tracemalloc.getObjectTraceback(p))).toBe("/made/program.ts:7");
  });

  it("keep as many as are wanted, and know each stack again", () => {
    const frames = javaScriptFrames();
    const captured = [1, 2].map(() => frames.capture(1))[0]!;
    expect(captured.frames).toHaveLength(1);
    const deep = (n: number): ReturnType<typeof frames.capture> =>
      n === 0 ? frames.capture(50) : deep(n - 1);
    expect(deep(20).frames.filter(({ name }) => name === "deep")).toHaveLength(21);
    const [one, two] = [1, 2].map(() => frames.capture(100));
    expect(one).toBe(two);
    expect(Error.stackTraceLimit).not.toBe(200);
  });

  it("leave out what the program calls its allocator", () => {
    const frames = javaScriptFrames({ isAllocator: ({ name }) => name === "mine" });
    const mine = () => frames.capture(5);
    const theirs = () => mine();
    expect(theirs().frames[0]!.name).toBe("theirs");
  });
});
