// `obmalloc demo tracemalloc`: a small JavaScript program with a leak, found as Python programmers find theirs.

import { readFileSync } from "node:fs";
import { createDomains, type Domains, Filter, javaScriptFrames, type Snapshot } from "@obmalloc/domains";
import type { DemoContext, DemoStep } from "../demo.ts";

const TOP = 4;

/** Keeps what should have been given back. */
class Cache {
  private readonly memory: Domains;
  private readonly kept: number[] = [];

  constructor(memory: Domains) {
    this.memory = memory;
  }

  answer(request: number): void {
    const text = this.memory.obj.malloc(60 + (request % 50));
    const parsed = this.memory.mem.malloc(2000);
    this.remember(request);
    this.memory.mem.free(parsed);
    this.memory.obj.free(text);
  }

  private remember(request: number): void {
    if (request % 2 === 0) this.kept.push(this.memory.obj.malloc(300)); // never given back
  }
}

export function* tracemallocDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const readText = (url: string) => readFileSync(url.startsWith("file:") ? new URL(url) : url, "utf8");
  const memory = createDomains({
    profile,
    maxBytes: 64 * 1024 * 1024,
    frames: javaScriptFrames({ readText }),
  });
  const { tracemalloc } = memory;
  const lines = (snapshot: Snapshot) =>
    snapshot
      .statistics("lineno")
      .slice(0, TOP)
      .map((one) => short(String(one)));

  tracemalloc.start(8);
  const cache = new Cache(memory);
  for (let request = 0; request < 100; request++) cache.answer(request);
  const before = tracemalloc.takeSnapshot();
  yield {
    title: "Start, run, take a snapshot",
    text: "Each block keeps the line that made it. The frames are those of this demo, source maps followed.",
    lines: ["tracemalloc.start(8)", "... 100 requests ...", ...lines(before)],
  };

  for (let request = 0; request < 400; request++) cache.answer(request);
  const after = tracemalloc.takeSnapshot();
  yield {
    title: "400 requests later: what has changed?",
    text: "snapshot.compareTo(before) shows where memory grew; lines that balance do not appear.",
    lines: after
      .compareTo(before, "lineno")
      .slice(0, TOP)
      .map((one) => short(String(one))),
  };

  const [worst] = after.statistics("traceback");
  const getLine = (file: string, line: number) => tryLines(readText, file)[line - 1];
  yield {
    title: "Who called that line?",
    text: "With more than one frame the whole way is known.",
    lines: [
      look.colors.bold(`${worst!.count} blocks, ${worst!.size} bytes`),
      ...worst!.traceback.format({ getLine, mostRecentFirst: true, limit: 3 }).map(short),
    ],
  };

  const { current, peak } = tracemalloc.getTracedMemory();
  const here = after.filterTraces([new Filter(true, "*tracemalloc*"), new Filter(false, "*node_modules*")]);
  yield {
    title: "Totals, and filters",
    text: "The peak was higher by what each request needs for a moment.",
    lines: [
      `traced now ${current} bytes, at most ${peak}`,
      `CPython ${profile.version} would use ${tracemalloc.getTracemallocMemory()} bytes for its own tables`,
      `${here.traces.length} of ${after.traces.length} traces pass Filter(true, "*tracemalloc*")`,
    ],
  };
}

/** A line with the file's name only. */
function short(line: string): string {
  return line.replace(/(^|")(?:file:\/\/)?\/?(?:[^"\s:]*\/)?([^/"\s:]+)(":|"|:\d)/, "$1$2$3");
}

function tryLines(read: (url: string) => string, file: string): string[] {
  try {
    return read(file).split("\n");
  } catch {
    return [];
  }
}
