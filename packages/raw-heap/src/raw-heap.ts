// Makes heaps and finds them again.

import {
  type DataModel,
  lp64,
  MemoryError,
  OutOfMemoryError,
  type RawAddress,
  rawAddress,
} from "@obmalloc/abi";
import type { Heap } from "./heap/heap.ts";
import type { PolicyName } from "./heap/heap-snapshot.ts";
import { type HeapStateHeader, makeHeapState, policyIndexAt } from "./heap/heap-state.ts";
import { LinearMemory } from "./memory/linear-memory.ts";
import { PAGE_BYTES } from "./memory/mapper-layout.ts";
import { PageMapper } from "./memory/page-mapper.ts";
import { policies } from "./policies/policies.ts";
import { isSharedHeapAt } from "./shared/owner-page.ts";
import { SharedHeap, type SharedHeapOptions } from "./shared/shared-heap.ts";

/** What a new heap is like. */
export interface CreateHeapOptions extends SharedHeapOptions {
  /** How it chooses the place of a block. @defaultValue "default" */
  readonly policy?: PolicyName;
  /** Sets the size limit, PY_SSIZE_T_MAX. @defaultValue lp64 */
  readonly model?: DataModel;
  /**
   * Makes a heap of this many bytes, its chunk headers included, that never grows. "byte-map" heaps are always of fixed
   * size, 1024 bytes if not said.
   */
  readonly fixedBytes?: number;
  /**
   * Whether several Workers may call it at once: a {@link SharedHeap} then, which only the default policy has.
   * @defaultValue whether the memory is shared
   */
  readonly locked?: boolean;
}

/** Which heap of a memory is meant, and how this owner is called. */
export interface AttachHeapOptions extends SharedHeapOptions {
  /** The `stateAddress` of the heap, when the memory has several. @defaultValue the first one's */
  readonly stateAddress?: RawAddress;
}

/** A heap over a linear memory; {@link RawHeap.create} makes one. */
export type RawHeap = Heap;

/** Makes heaps, and attaches to those that a memory already has. */
export const RawHeap = Object.freeze({
  /**
   * A new heap in a memory of its own, in an untouched memory, or beside others over the same page mapper.
   *
   * @throws {RangeError} when an option cannot be.
   * @throws {OutOfMemoryError} when there is no room for its state.
   */
  create(where: LinearMemory | PageMapper = new LinearMemory(), options: CreateHeapOptions = {}): RawHeap {
    const mapper = where instanceof PageMapper ? where : PageMapper.create(where);
    const name = options.policy ?? "default";
    const policyIndex = policies.findIndex((policy) => policy.name === name);
    const policy = policies[policyIndex];
    if (policy === undefined) throw unknownPolicy(name);
    const { model = lp64, fixedBytes } = options;
    if (fixedBytes !== undefined && !(Number.isInteger(fixedBytes) && fixedBytes >= policy.minFixedBytes)) {
      throw new RangeError(
        `A heap of fixed size with the policy ${name} has a whole number of bytes, ${policy.minFixedBytes} at least, ` +
          `and not ${fixedBytes}.`,
      );
    }
    const { locked = mapper.memory.shared } = options;
    if (locked && name !== LOCKED_POLICY) throw unlockedPolicy(name);
    const header: HeapStateHeader = { policyIndex, model, fixed: fixedBytes !== undefined };
    const stateAddress = makeHeapState(mapper, header);
    const heap = locked ? new SharedHeap(mapper, stateAddress, options) : policy.attach(mapper, stateAddress);
    if (!policy.start(heap, fixedBytes)) throw new OutOfMemoryError("a heap", fixedBytes ?? PAGE_BYTES);
    if (mapper.root === 0) mapper.root = stateAddress;
    return heap;
  },

  /**
   * A second owner of a heap, in the same memory or in a copy of its bytes. It sees what the first one does, and the other
   * way round. A {@link SharedHeap} when the heap was made as one.
   *
   * @throws {MemoryError} when there is no heap in the memory.
   * @throws {RangeError} when a shared heap has an owner of that name.
   */
  attach(where: LinearMemory | PageMapper, options: AttachHeapOptions = {}): RawHeap {
    const mapper = where instanceof PageMapper ? where : PageMapper.attach(where);
    const stateAddress = options.stateAddress ?? mapper.root;
    const policy = policies[policyIndexAt(mapper, stateAddress)];
    if (policy === undefined) throw new MemoryError("The heap has a policy that is not known.", stateAddress);
    if (policy.name === LOCKED_POLICY && isSharedHeapAt(mapper, stateAddress))
      return new SharedHeap(mapper, rawAddress(stateAddress), options);
    return policy.attach(mapper, rawAddress(stateAddress));
  },
});

/** The policy that has caches for Workers. */
const LOCKED_POLICY: PolicyName = "default";

function unlockedPolicy(name: string): RangeError {
  return new RangeError(
    `A heap with the policy ${name} has no lock, and the memory is shared. ` +
      "Take the default policy, or say locked: false when only one Worker at a time will call the heap.",
  );
}

function unknownPolicy(name: string): RangeError {
  return new RangeError(
    `There is no policy ${JSON.stringify(name)}. The policies are ${policies.map((policy) => policy.name).join(", ")}.`,
  );
}
