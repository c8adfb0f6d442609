// Where an address lies in a heap, in words: for errors about addresses that are no blocks.

import { formatAddress } from "@obmalloc/abi";
import type { Heap } from "./heap.ts";
import type { HeapChunk } from "./heap-snapshot.ts";

const words: Record<HeapChunk["state"], string> = {
  live: "the live block",
  mapped: "the live block",
  free: "free memory, part of the free chunk",
  kept: "free memory: the block",
  top: "the free end of the heap, which begins",
};

/**
 * One or two sentences: in which block the address lies, or between which ones.
 *
 * O(chunks): for the moment when something is wrong anyway.
 */
export function placeOf(heap: Heap, address: number): string[] {
  if (!Number.isInteger(address) || address < 0)
    return ["It is no address: a whole number from 0 on is needed."];
  let before: HeapChunk | undefined;
  for (const chunk of heap.chunks()) {
    if (chunk.start > address) return nearest(heap, before, chunk);
    if (address < chunk.start + chunk.sizeBytes) return inside(chunk, address);
    before = chunk;
  }
  return nearest(heap, before, undefined);
}

function inside(chunk: HeapChunk, address: number): string[] {
  const block = formatAddress(chunk.address);
  const offset = address - chunk.address;
  if (offset < 0) return [`It lies in the header of ${words[chunk.state]} at ${block}.`];
  const usable = chunk.start + chunk.sizeBytes - chunk.address;
  if (chunk.state === "live" || chunk.state === "mapped") {
    return [`It lies ${offset} bytes into ${words[chunk.state]} at ${block} (${usable} bytes).`];
  }
  const note =
    offset === 0 ? "It was freed before, or never allocated." : "What was there may have been freed before.";
  return [`It lies in ${words[chunk.state]} at ${block} (${usable} bytes).`, note];
}

function nearest(heap: Heap, before: HeapChunk | undefined, after: HeapChunk | undefined): string[] {
  if (before === undefined && after === undefined) return ["The heap is empty."];
  const parts = [];
  if (before !== undefined) {
    parts.push(`${words[before.state]} at ${formatAddress(before.address)} ends in front of it`);
  }
  if (after !== undefined) parts.push(`${words[after.state]} at ${formatAddress(after.address)} follows it`);
  const where = `It lies in no chunk of the heap at ${formatAddress(heap.stateAddress)}: ${parts.join(", ")}.`;
  return [where];
}
