import { readFileSync } from "node:fs";
import { explain } from "@obmalloc/insight";
import { bytesSource, momentOf, pins, Replay, Stacks, TraceReader } from "@obmalloc/trace";

// In a page: bytesSource(new Uint8Array(await file.arrayBuffer()))
const trace = TraceReader.open(bytesSource(readFileSync("recordings/run.obm")));
const moment = momentOf(trace, "work done");
const { verdict, waterfall } = explain(trace, moment, { remedies: "none" });
console.log(verdict.kind); // retention-in-pymalloc
console.log(waterfall.parts.reduce((sum, { bytes }) => sum + bytes, 0) === waterfall.rssBytes); // true

const replay = new Replay(trace).runTo(moment.event);
const [first] = pins(replay, new Stacks(trace.tables));
console.log(first?.frame?.line, first?.blocks, first?.arenas); // 31 400 13
