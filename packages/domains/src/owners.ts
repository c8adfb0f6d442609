// Who has to free what: the live blocks of each allocator.

import { formatAddress, type Violation } from "@obmalloc/abi";
import type { PyMalloc } from "@obmalloc/pymalloc";
import type { RawAllocator } from "@obmalloc/raw-heap";
import { type DomainName, domainNames, type StoredAllocator } from "./allocator.ts";
import type { AllocatorTable } from "./allocator-table.ts";
import type { BlockLedger } from "./block-ledger.ts";
import { engineBlockTest, rawBlocks } from "./engine-blocks.ts";

/** Live blocks of one allocator. */
export interface OwnedBlocks {
  /** By the name that it gives itself; "pymalloc" and "malloc" are the package's own. */
  readonly allocator: string;
  /** The domain that they were asked of; null for the package's own allocators, which do not keep that. */
  readonly domain: DomainName | null;
  readonly blocks: number;
  /** As asked for; of the package's own allocators, what the blocks occupy. */
  readonly sizeBytes: number;
  /** Whether the allocator is set now, by itself or inside of tracemalloc or debug hooks. */
  readonly isSet: boolean;
}

/** The live blocks by allocator: the package's own first, then others by domain. */
export function ownersOf(
  ledger: BlockLedger,
  table: AllocatorTable,
  pymallocs: readonly PyMalloc[],
  raw: RawAllocator,
): OwnedBlocks[] {
  const pools = pymallocs.flatMap((pymalloc) => pymalloc.collectStats().classes);
  const inPools = pools.reduce(
    ({ blocks, sizeBytes }, one) => ({
      blocks: blocks + one.blocksInUse,
      sizeBytes: sizeBytes + one.blocksInUse * one.sizeBytes,
    }),
    { blocks: 0, sizeBytes: 0 },
  );
  const inRaw = rawBlocks(raw);
  const owners: OwnedBlocks[] = [
    { allocator: "pymalloc", domain: null, ...inPools, isSet: table.isInUse("pymalloc") },
    {
      allocator: "malloc",
      domain: null,
      blocks: inRaw.length,
      sizeBytes: inRaw.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      isSet: table.isInUse("malloc"),
    },
  ];
  const isEngineBlock = engineBlockTest(pymallocs, raw);
  for (const { domain, allocator, blocks, sizeBytes } of ledger.totals(isEngineBlock)) {
    owners.push({ allocator: allocator.name, domain, blocks, sizeBytes, isSet: isIn(table, allocator) });
  }
  return owners;
}

/** Each live block whose allocator is not set any more: only that allocator could free it. */
export function checkOwners(
  ledger: BlockLedger,
  table: AllocatorTable,
  pymallocs: readonly PyMalloc[],
  raw: RawAllocator,
): Violation[] {
  if (ledger.size === 0) return [];
  const isEngineBlock = engineBlockTest(pymallocs, raw);
  return ledger
    .entries()
    .filter(([address, { allocator }]) => !isIn(table, allocator) && !isEngineBlock(address))
    .map(([address, { allocator, domain, sizeBytes }]) => ({
      rule: "owner-not-set",
      address,
      message:
        `The block ${formatAddress(address)} (${sizeBytes} bytes, ${domain} domain) belongs to ` +
        `${allocator.name}, which is not set; ${table.get(domain).name} is.`,
    }));
}

function isIn(table: AllocatorTable, allocator: StoredAllocator): boolean {
  return domainNames.some((domain) => table.chain(domain).some((one) => one.equals(allocator)));
}
