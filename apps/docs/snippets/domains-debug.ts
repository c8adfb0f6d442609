import { createDomains, FatalMemoryError } from "@obmalloc/domains";

const memory = createDomains({ maxBytes: 64 * 1024 * 1024, environment: { PYTHONMALLOC: "debug" } });
const block = memory.mem.malloc(16);
memory.linear.u8[block + 16] = 120; // one byte too far

try {
  memory.mem.free(block);
} catch (error) {
  if (!(error instanceof FatalMemoryError)) throw error;
  console.log(error.kind); // overflow
  console.log(error.text.split("\n")[4]?.trim()); // at tail+0: 0x78 *** OUCH
}
