import { profileFor } from "@obmalloc/abi";
import { createPyMalloc, formatDebugMallocStats } from "@obmalloc/pymalloc";

const pymalloc = createPyMalloc({ profile: profileFor("3.13"), maxBytes: 64 * 1024 * 1024 });
const blocks = Array.from({ length: 1000 }, () => pymalloc.malloc(24));

const [arena] = pymalloc.inspect().arenas;
console.log(arena?.liveBlocks, arena?.liveBytes, arena?.nfreepools); // 1000 32000 62

for (const block of blocks.slice(1)) pymalloc.free(block);
console.log(pymalloc.getAllocatedBlocks(), pymalloc.check().length); // 1 0

const text = formatDebugMallocStats(pymalloc.profile, pymalloc.collectStats());
console.log(text.split("\n")[0]); // Small block threshold = 512, in 32 size classes.
