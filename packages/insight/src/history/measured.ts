// The last moment up to the one asked for at which the recorder looked at the process, and what the heap held then: the resident set
// and the heap of different moments would not add up.

import type { Account, TraceReader } from "@obmalloc/trace";
import type { HistoryMachine } from "./history-machine.ts";

/** The process as it was measured before event number `event`. */
export interface Measured {
  readonly event: number;
  readonly elapsedNs: number;
  readonly rssBytes: number;
  /** How the rest of the process was divided; undefined where only the resident set is known. */
  readonly account: Account | undefined;
}

/** What pymalloc's arenas are made of, and Python's blocks outside of them; bytes. */
export interface HeapUse {
  /** As requested, in pools and outside of them. */
  readonly live: number;
  readonly outside: number;
  /** Blocks in use, with what requests are rounded up to. */
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly freePools: number;
  /** The ends of arenas in which no pool fits, and pools' headers and ends. */
  readonly rims: number;
  readonly heads: number;
}

/** Undefined where the resident set was not read up to there. */
export function lastMeasured({ tables, info }: TraceReader, event: number): Measured | undefined {
  const account = tables.notes.accounts.findLast((one) => one.event <= event && one.rss > 0);
  if (account !== undefined)
    return { event: account.event, elapsedNs: account.elapsedNs, rssBytes: account.rss, account };
  let last: Measured | undefined;
  for (const one of [...tables.samples, ...tables.marks]) {
    const { elapsedNs, rssPages } = one;
    if (rssPages === 0 || one.event > event || (last !== undefined && one.event < last.event)) continue;
    last = { event: one.event, elapsedNs, rssBytes: rssPages * info.pageSizeBytes, account: undefined };
  }
  return last;
}

export function heapUse(machine: HistoryMachine): HeapUse {
  const use = { blocks: 0, freeBlocks: 0, freePools: 0, rims: 0, heads: 0 };
  for (const { heap } of machine.allHeaps()) {
    const { bytes } = heap.stats();
    use.blocks += bytes.allocatedBlocks;
    use.freeBlocks += bytes.availableBlocks;
    use.freePools += bytes.unusedPools;
    use.rims += bytes.arenaAlignment;
    use.heads += bytes.poolHeaders + bytes.quantization;
  }
  return { ...use, live: machine.liveBytes, outside: machine.outsideBlocks.bytes };
}
