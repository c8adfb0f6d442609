// A Worker that takes its turns on an allocator in shared memory: it attaches to what another thread made.

import { parentPort, workerData } from "node:worker_threads";
import type { BlockAddress, RawAddress } from "@obmalloc/abi";
import { attachPyMalloc, mappedArenas } from "@obmalloc/pymalloc";
import { LinearMemory, type MemorySource, PageMapper, RawHeap } from "@obmalloc/raw-heap";
import { type TurnRequest, takeTurn } from "./take-turn.ts";

export interface SharedAllocator {
  readonly source: MemorySource;
  readonly address: RawAddress;
}

const { source, address } = workerData as SharedAllocator;
const memory = new LinearMemory({ source });
const mapper = PageMapper.attach(memory);
const raw = RawHeap.attach(mapper);
const pymalloc = attachPyMalloc({ memory, raw, arenas: mappedArenas(mapper, 4096), address });

parentPort!.on("message", (request: TurnRequest) => {
  memory.refresh(); // the other owner may have grown it
  const live: BlockAddress[] = takeTurn(pymalloc, request);
  parentPort!.postMessage({ live, violations: pymalloc.check(), version: pymalloc.profile.version });
});
