// Which live blocks came from allocators that the program set: what C leaves to the programmer's memory.

import { type DomainName, domainNames, type StoredAllocator } from "./allocator.ts";

/** A live block of an allocator that the program set. */
export interface OwnedBlock {
  readonly domain: DomainName;
  readonly allocator: StoredAllocator;
  /** As it was asked for. */
  readonly sizeBytes: number;
}

/**
 * The live blocks that came out of allocators which are not the package's own.
 *
 * Wrappers around the package's own allocators hand out blocks of these; {@link settle} gives such blocks back to them,
 * so that only those remain which no other allocator could free.
 */
export class BlockLedger {
  private readonly blocks = new Map<number, OwnedBlock>();

  get size(): number {
    return this.blocks.size;
  }

  at(address: number): OwnedBlock | undefined {
    return this.blocks.get(address);
  }

  add(domain: DomainName, allocator: StoredAllocator, address: number, sizeBytes: number): void {
    this.blocks.set(address, { domain, allocator, sizeBytes });
  }

  /** Forgets a block; says whether it was there. */
  delete(address: number): boolean {
    return this.blocks.delete(address);
  }

  /** Forgets the blocks that `isEngineBlock` says are blocks of an engine: whoever asked for them, it frees them. */
  settle(isEngineBlock: (address: number) => boolean): void {
    for (const address of this.blocks.keys()) if (isEngineBlock(address)) this.blocks.delete(address);
  }

  /** The blocks by address. */
  entries(): [number, OwnedBlock][] {
    return [...this.blocks].sort(([a], [b]) => a - b);
  }

  /** Blocks and bytes of each allocator in each domain, in the order of the domains; without blocks of the engines. */
  totals(isEngineBlock: (address: number) => boolean): OwnedTotal[] {
    const totals: OwnedTotal[] = [];
    for (const [address, { domain, allocator, sizeBytes }] of this.blocks) {
      if (isEngineBlock(address)) continue;
      let total = totals.find((one) => one.domain === domain && one.allocator === allocator);
      if (total === undefined) {
        total = { domain, allocator, blocks: 0, sizeBytes: 0 };
        totals.push(total);
      }
      total.blocks++;
      total.sizeBytes += sizeBytes;
    }
    return totals.sort((a, b) => domainNames.indexOf(a.domain) - domainNames.indexOf(b.domain));
  }
}

interface OwnedTotal {
  readonly domain: DomainName;
  readonly allocator: StoredAllocator;
  blocks: number;
  sizeBytes: number;
}
