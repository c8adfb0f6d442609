// A first pass over a capture: what was alive when, without writing anything. From it come the peak, where among the operations memray
// looked at the resident set, and which arenas hold blocks from before the capture.

import { Domain, OutsideBlocks } from "@obmalloc/trace";
import type { Capture, ResidentSample } from "./memray-capture.ts";

/** Where a sample belongs: before operation number `operation`. */
interface PlacedSample {
  readonly operation: number;
  readonly sample: ResidentSample;
}

export interface PassFindings {
  /** After the operation with which most bytes were alive. */
  readonly peak: number;
  /** After the last allocation that the program's own code made: what follows is its end, where everything is let go. */
  readonly lastAllocation: number;
  readonly samples: readonly PlacedSample[];
  /** Addresses that were freed, but not allocated within the capture. */
  readonly strangers: ReadonlySet<number>;
}

/** What an operation is, by memray's names. */
export const OperationKind = { free: 0, allocate: 1, map: 2, unmap: 3 } as const;
export type OperationKind = (typeof OperationKind)[keyof typeof OperationKind];

/** By memray's numbers. */
export function operationKinds({ facts }: Capture): readonly OperationKind[] {
  const kinds: OperationKind[] = [];
  for (const [number, name] of Object.entries(facts.allocators)) {
    kinds[Number(number)] =
      name === "MMAP"
        ? OperationKind.map
        : name === "MUNMAP"
          ? OperationKind.unmap
          : name.endsWith("FREE")
            ? OperationKind.free
            : OperationKind.allocate;
  }
  return kinds;
}

/** Samples of which memray's count of bytes is not found within this share of the operations are placed by their time. */
const SEARCH_SHARE = 0.1;
/** Code that runs a program, and is none of its own. */
const RUNNERS = /[\\/]memray[\\/]|[\\/]runpy\.py$|^<frozen /;

export function passOver(capture: Capture): PassFindings {
  const { operations, calls } = capture;
  const { count, allocators, addresses, sizes, stacks } = operations;
  const kinds = operationKinds(capture);
  const live = new OutsideBlocks();
  const strangers = new Set<number>();
  const heapAt = new Float64Array(count + 1);
  const isOwn = ownCalls(capture);
  let heap = 0;
  let peak = 0;
  let lastAllocation = 0;
  for (let i = 0; i < count; i++) {
    const kind = kinds[allocators[i]!] ?? OperationKind.allocate;
    const address = addresses[i]!;
    const before = live.sizeAt(address);
    if (kind === OperationKind.free || kind === OperationKind.unmap) {
      if (before === undefined) strangers.add(address);
      else live.delete(address);
      heap -= before ?? 0;
    } else {
      live.set(address, sizes[i]!, Domain.raw, 0);
      heap += sizes[i]! - (before ?? 0);
      if (calls.length > 1 && isOwn[stacks[i]!] === 1) lastAllocation = i + 1;
    }
    heapAt[i + 1] = heap;
    if (heap > heapAt[peak]!) peak = i + 1;
  }
  return { peak, lastAllocation: lastAllocation || count, samples: placeSamples(capture, heapAt), strangers };
}

/** Calls with a line of the program's own in their stack. */
function ownCalls({ calls }: Capture): Uint8Array {
  const own = new Uint8Array(calls.length);
  for (const [id, { caller, file }] of calls.entries())
    if (id > 0) own[id] = own[caller] === 1 || !RUNNERS.test(file) ? 1 : 0;
  return own;
}

/** Each sample goes where as many bytes were alive as memray counted; between two that were found, by its time. */
function placeSamples({ samples, operations }: Capture, heapAt: Float64Array): PlacedSample[] {
  const reach = Math.ceil(operations.count * SEARCH_SHARE);
  const found: (number | undefined)[] = [];
  let from = 0;
  for (const { heapBytes } of samples) {
    const end = Math.min(heapAt.length, from + reach + 1);
    let at = from;
    while (at < end && heapAt[at] !== heapBytes) at++;
    found.push(at < end ? at : undefined);
    if (at < end) from = at;
  }
  return samples.map((sample, index) => ({
    operation: found[index] ?? between(samples, found, index, operations.count),
    sample,
  }));
}

function between(
  samples: readonly ResidentSample[],
  found: readonly (number | undefined)[],
  index: number,
  count: number,
): number {
  let before = index;
  while (before > 0 && found[before] === undefined) before--;
  let after = index;
  while (after < samples.length - 1 && found[after] === undefined) after++;
  const fromOperation = found[before] ?? 0;
  const toOperation = found[after] ?? count;
  const fromMs = samples[before]!.unixMs;
  const span = samples[after]!.unixMs - fromMs;
  const share = span === 0 ? 0 : (samples[index]!.unixMs - fromMs) / span;
  return Math.round(fromOperation + (toOperation - fromOperation) * share);
}
