// Where domains live: their state in a memory, and the lock that lies in it, as one thread has them.

import { OutOfMemoryError, type Profile, type RawAddress, rawAddress } from "@obmalloc/abi";
import type { LinearMemory, RawAllocator, SharedHeap } from "@obmalloc/raw-heap";
import { Gil } from "../gil/gil.ts";
import { domainsState } from "../state-layout.ts";

/** Where the state of the domains lies in shared memory, as one thread sees it. */
export interface Place {
  readonly stateAddress: RawAddress;
  /** The calling thread is attached to it. */
  readonly gil: Gil;
  /** The raw heap of the calling thread, where others have one too. */
  readonly heap?: SharedHeap;
}

export interface PlaceOptions {
  readonly profile: Profile;
  readonly linear: LinearMemory;
  /** What the calling thread is called. @defaultValue "main" */
  readonly threadName?: string | undefined;
  /** As `Gil` takes it. */
  readonly lostAfterIntervals?: number | undefined;
}

/** A new place, with the memory for it from `raw`. @throws {OutOfMemoryError} when there is no room. */
export function makePlace(raw: RawAllocator, options: PlaceOptions): Place {
  const { sizeBytes } = domainsState(options.profile);
  const address = raw.calloc(1, sizeBytes);
  if (address === 0) throw new OutOfMemoryError("domains state", sizeBytes);
  return joinPlace(rawAddress(address), options);
}

/** The place that another thread has made. */
export function joinPlace(stateAddress: RawAddress, options: PlaceOptions): Place {
  const { profile, linear, threadName = "main", lostAfterIntervals } = options;
  const address = stateAddress + domainsState(profile).offsets.gil;
  const gil = new Gil({ linear, address, lostAfterIntervals });
  gil.attach(threadName);
  return { stateAddress, gil };
}
