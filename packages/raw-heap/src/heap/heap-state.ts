// What the state of every heap begins with, whatever its policy: enough for a second owner to know what it found.

import {
  type DataModel,
  ilp32,
  lp64,
  MemoryError,
  OutOfMemoryError,
  type RawAddress,
  rawAddress,
  struct,
} from "@obmalloc/abi";
import { PAGE_BYTES } from "../memory/mapper-layout.ts";
import type { PageMapper } from "../memory/page-mapper.ts";

/** The first fields of a heap's state. Policies put theirs behind them, all in a page of its own. */
export const stateHeader = {
  magic: "u32",
  policy: "u32", // index into the list of policies
  model: "u32", // pointer bytes of the data model whose size limit holds
  fixed: "u32", // 1 = the heap never grows
} as const;

const { offsets } = struct(ilp32, stateHeader);

const HEAP_MAGIC = 0x68656170;

export interface HeapStateHeader {
  readonly policyIndex: number;
  readonly model: DataModel;
  readonly fixed: boolean;
}

/** A page for the state of a new heap: zeros behind the header. @throws {OutOfMemoryError} */
export function makeHeapState(
  mapper: PageMapper,
  { policyIndex, model, fixed }: HeapStateHeader,
): RawAddress {
  const address = rawAddress(mapper.mmap(PAGE_BYTES));
  if (address === 0) throw new OutOfMemoryError("heap state", PAGE_BYTES);
  const words = mapper.memory.u32;
  words[(address + offsets.magic) / 4] = HEAP_MAGIC;
  words[(address + offsets.policy) / 4] = policyIndex;
  words[(address + offsets.model) / 4] = model.pointerBytes;
  words[(address + offsets.fixed) / 4] = fixed ? 1 : 0;
  return address;
}

/** Which policy lives at `stateAddress`, as its index. @throws {MemoryError} when no heap does. */
export function policyIndexAt({ memory }: PageMapper, stateAddress: number): number {
  if (stateAddress === 0 || memory.u32[(stateAddress + offsets.magic) / 4] !== HEAP_MAGIC) {
    throw new MemoryError("There is no heap in this memory.", stateAddress, {
      details: ["RawHeap.create makes one; RawHeap.attach finds it later, from the same start address."],
    });
  }
  return memory.u32[(stateAddress + offsets.policy) / 4]!;
}

/** The data model of the heap at `stateAddress`. */
export function modelAt({ memory }: PageMapper, stateAddress: number): DataModel {
  return memory.u32[(stateAddress + offsets.model) / 4] === ilp32.pointerBytes ? ilp32 : lp64;
}
