// One domain and its allocator. Calls go straight to an allocator of this package, and through checks to one that the program
// brought.

import type { DataModel } from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";
import type { DomainName, StoredAllocator } from "./allocator.ts";
import type { BlockLedger } from "./block-ledger.ts";
import { type Calls, callsOf } from "./calls.ts";
import { CheckedCalls } from "./checked-calls.ts";

/** Whether an allocator is one of this package's own, down to the engine. */
export type Origin = "ours" | "foreign";

export interface DomainOptions<A extends number> {
  readonly name: DomainName;
  readonly model: DataModel;
  readonly linear: LinearMemory;
  /** Of every address that is handed out. */
  readonly alignmentBytes: number;
  /** Where the blocks of foreign allocators are written down, those of all domains. */
  readonly ledger: BlockLedger;
  /** What callers hold: each gets what serves the domain. */
  readonly holders: readonly { calls: Calls<A> }[];
  /** The allocator that the domain is born with. */
  readonly allocator: StoredAllocator;
}

export class Domain<A extends number> {
  /** The allocator at present. */
  allocator: StoredAllocator;
  private readonly options: DomainOptions<A>;

  constructor(options: DomainOptions<A>) {
    this.options = options;
    this.allocator = options.allocator;
  }

  get name(): DomainName {
    return this.options.name;
  }

  /**
   * Sets the allocator. While blocks of foreign allocators are alive, calls are checked whichever is set: such a block must
   * not go to an allocator that cannot know it.
   */
  set(allocator: StoredAllocator, origin: Origin): void {
    const { holders } = this.options;
    this.allocator = allocator;
    const calls = this.callsOf(allocator, origin);
    for (const holder of holders) holder.calls = calls;
  }

  private callsOf(allocator: StoredAllocator, origin: Origin): Calls<A> {
    const { ledger } = this.options;
    if (origin === "foreign" || ledger.size > 0) {
      const isForeign = origin === "foreign";
      const onSettled = () => this.set(allocator, origin);
      return new CheckedCalls<A>({ ...this.options, allocator, isForeign, onSettled });
    }
    return callsOf(allocator) as Calls<number> as Calls<A>;
  }
}
