import { createDomains } from "@obmalloc/domains";
import { explain } from "@obmalloc/insight";
import { bytesSource, momentOf, recordDomains, TraceReader, verify } from "@obmalloc/trace";

// A JavaScript program that allocates from @obmalloc/domains records itself, as a Python program is recorded.
const memory = createDomains({ maxBytes: 256 * 1024 * 1024 });
const pieces: Uint8Array[] = [];
const recording = recordDomains(memory, (bytes) => pieces.push(bytes.slice()));
const blocks = Array.from({ length: 50_000 }, () => memory.obj.malloc(64));
for (const [index, block] of blocks.entries()) if (index % 100 !== 0) memory.obj.free(block);
recording.mark("work done");
recording.finish();

const trace = TraceReader.open(bytesSource(Uint8Array.from(pieces.flatMap((piece) => [...piece]))));
const { exact, addressesCompared } = verify(trace);
console.log(exact, addressesCompared); // true 50000

const { arenas } = explain(trace, momentOf(trace, "work done"));
console.log(arenas); // 4
