// Frames of a raw heap: named blocks, and the heap's own walk over its chunks.

import type { ChunkState, HeapSnapshot, RawHeap } from "@obmalloc/raw-heap";
import type { Cell, Frame, Kind, Region } from "./scene.ts";

const KIND_OF: Readonly<Record<ChunkState, Kind>> = {
  live: "used",
  mapped: "used",
  free: "free",
  kept: "kept",
  top: "fresh",
};

const BYTES_SHOWN = 48;

/** A heap whose blocks have the names that the text gives them. */
export class NamedHeap {
  readonly heap: RawHeap;
  private readonly addresses = new Map<string, number>();

  constructor(heap: RawHeap) {
    this.heap = heap;
  }

  /** The address of a named block, 0 when there is none. */
  at(name: string): number {
    return this.addresses.get(name) ?? 0;
  }

  /** Allocates; false when there is no room. */
  malloc(name: string, sizeBytes: number): boolean {
    const address = this.heap.malloc(sizeBytes);
    if (address !== 0) this.addresses.set(name, address);
    return address !== 0;
  }

  free(name: string): void {
    this.heap.free(this.at(name) as ReturnType<RawHeap["malloc"]>);
    this.addresses.delete(name);
  }

  frame(call: string, text: string, bytesPerRow: number): Frame {
    const snapshot = this.heap.inspect();
    return { call, text, regions: [this.region(snapshot, bytesPerRow)], figures: figuresOf(snapshot) };
  }

  private region({ chunks, policy }: HeapSnapshot, bytesPerRow: number): Region {
    const names = new Map([...this.addresses].map(([name, address]) => [address, name]));
    const small = chunks.filter(({ state }) => state !== "mapped");
    const first = small[0]?.start ?? 0;
    // Whole rows, from an address that is easy to read.
    const address = Math.floor(first / 16) * 16;
    const targets = new Map(
      small
        .filter(({ state }) => state === "free" || state === "kept")
        .flatMap((chunk) => [chunk.start, chunk.address].map((from) => [from, chunk.address] as const)),
    );
    const cells = small.flatMap((chunk) => {
      const { start, sizeBytes, state } = chunk;
      const kind = KIND_OF[state];
      const name = names.get(chunk.address) ?? (state === "live" ? "block" : state);
      const headerBytes = chunk.address - start;
      // The list of free chunks lies in them: the first word names the next one.
      const link = targets.has(chunk.address)
        ? targets.get(this.heap.memory.u32[chunk.address >>> 2]!)
        : undefined;
      const body = this.shown({
        address: chunk.address,
        sizeBytes: sizeBytes - headerBytes,
        kind,
        label: name,
        ...(link === undefined ? {} : { link }),
      });
      if (headerBytes === 0) return [body];
      const header: Cell = { address: start, sizeBytes: headerBytes, kind: "header", label: "head" };
      return [this.shown(header), body];
    });
    return { title: `The heap (${policy})`, address, bytesPerRow, cells: shorten(cells, bytesPerRow) };
  }

  private shown(cell: Cell): Cell {
    const length = Math.min(cell.sizeBytes, BYTES_SHOWN);
    return { ...cell, bytes: this.heap.memory.u8.slice(cell.address, cell.address + length) };
  }
}

/** What was never used is drawn for two rows at most. */
function shorten(cells: readonly Cell[], bytesPerRow: number): Cell[] {
  const last = cells.at(-1);
  if (last === undefined || last.kind !== "fresh" || last.sizeBytes <= 2 * bytesPerRow) return [...cells];
  const label = `top: ${last.sizeBytes} bytes`;
  return [...cells.slice(0, -1), { ...last, sizeBytes: 2 * bytesPerRow, label }];
}

function figuresOf({ stats }: HeapSnapshot): (readonly [string, string])[] {
  return [
    ["live blocks", String(stats.liveBlocks)],
    ["bytes in them", String(stats.liveBytes)],
    ["free bytes", String(stats.fordblks)],
    ["largest free", String(stats.largestFree)],
    ["fragmentation", `${(stats.fragmentation * 100).toFixed(0)} %`],
  ];
}
