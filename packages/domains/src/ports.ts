// A domain as its callers hold it: C's four functions, and behind them whatever serves the domain at the moment.
//
// One class for the raw domain and one for the others, of equal text: V8 keeps what it learns with the text, and each learns
// one engine only. The methods are short enough to be inlined always.

import type { BlockAddress, RawAddress } from "@obmalloc/abi";
import type { RawAllocator } from "@obmalloc/raw-heap";
import type { Calls } from "./calls.ts";

/** The raw domain by C's rules. Also what pymalloc asks for all that pools do not serve, as in C, hooks included. */
export class RawPort implements RawAllocator {
  /** What serves the domain. */
  calls: Calls<RawAddress>;

  constructor(calls: Calls<RawAddress>) {
    this.calls = calls;
  }

  malloc(sizeBytes: number): RawAddress {
    return this.calls.malloc(sizeBytes);
  }

  calloc(nelem: number, elsize: number): RawAddress {
    return this.calls.calloc(nelem, elsize);
  }

  realloc(p: RawAddress, sizeBytes: number): RawAddress {
    return this.calls.realloc(p, sizeBytes);
  }

  free(p: RawAddress): void {
    this.calls.free(p);
  }
}

/** The mem or the obj domain by C's rules. */
export class ObjectPort implements Calls<BlockAddress> {
  /** What serves the domain. */
  calls: Calls<BlockAddress>;

  constructor(calls: Calls<BlockAddress>) {
    this.calls = calls;
  }

  malloc(sizeBytes: number): BlockAddress {
    return this.calls.malloc(sizeBytes);
  }

  calloc(nelem: number, elsize: number): BlockAddress {
    return this.calls.calloc(nelem, elsize);
  }

  realloc(p: BlockAddress, sizeBytes: number): BlockAddress {
    return this.calls.realloc(p, sizeBytes);
  }

  free(p: BlockAddress): void {
    this.calls.free(p);
  }
}
