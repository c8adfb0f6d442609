import { profileFor, withGeometry } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";

/** Arenas that stay when every hundredth block does. */
function arenasAfter(pymalloc: PyMalloc): number {
  const blocks = Array.from({ length: 100_000 }, () => pymalloc.malloc(64));
  for (const [index, block] of blocks.entries()) if (index % 100 !== 0) pymalloc.free(block);
  return pymalloc.inspect().arenas.length;
}

const profile = profileFor("3.13");
const smaller = withGeometry(profile, { arenaBytes: 256 * 1024, poolBytes: 4096 });
console.log(arenasAfter(createPyMalloc({ profile }))); // 7
console.log(arenasAfter(createPyMalloc({ profile: smaller }))); // 25
