import "@obmalloc/heap-map/define";
import { poolOverheadBytes } from "@obmalloc/abi";
import type { Frame, HeapElement } from "@obmalloc/heap-map";
import { createPyMalloc } from "@obmalloc/pymalloc";

const pymalloc = createPyMalloc();
const { profile } = pymalloc;
const geometry = {
  name: `CPython ${profile.version}`,
  ...profile.pymalloc,
  headerBytes: poolOverheadBytes(profile),
  header: [],
};
const frames: Frame[] = [];
const step = (call: string, text: string) =>
  frames.push({ call, text, heap: { geometry, arenas: pymalloc.inspect().arenas } });

const blocks = Array.from({ length: 20_000 }, () => pymalloc.malloc(64));
step("20,000 blocks of 64 bytes", "Two arenas, the second one not yet full.");
for (const [index, block] of blocks.entries()) if (index % 1000 !== 0) pymalloc.free(block);
step("free all but 20 of them", "Each of the 20 keeps its pool, and both arenas stay.");

const picture = document.querySelector<HeapElement>("obm-heap");
if (picture !== null) picture.data = { title: "A heap of your own", frames };
