// The loop that takes a JavaScript or WebAssembly allocator through a stream.
//
// V8 keeps what it learns about a function with the function's text: two drivers of equal text shared it, and one of them
// ran 1.5 times slower for what the other had called. So each pair of allocator and stream gets a text of its own;
// module-copy.ts does the same for the allocators.

import type { Heap, HeapCalls } from "./heap.ts";
import { Op, type RunnableStream } from "./streams/stream.ts";

/** Runs the calls from `from` up to `to`; gives a sum over the addresses, so that no call is for nothing. */
export type Driver = (
  calls: HeapCalls,
  heap: Heap,
  stream: Pick<RunnableStream, "ops" | "slots" | "sizes">,
  addresses: Uint32Array,
  from: number,
  to: number,
  noRoom: (sizeBytes: number, operation: number) => never,
) => number;

let made = 0;

/**
 * A driver that shares nothing with any other.
 *
 * Each block's first and last whole word are written, its first byte where it is shorter than a word. Views are
 * fetched again when the block lies beyond the present one, which is also how a detached view looks: its length is 0.
 */
export function makeDriver(name: string): Driver {
  const id = `${name.replace(/\W+/g, "_")}_${++made}`;
  const write = `
          const first = p >>> 2;
          const last = size < 4 ? first : (p + size - 4) >>> 2;
          if (last >= words_${id}.length) words_${id} = heap.words();
          if (size < 4) {
            words_${id}[first] = (words_${id}[first] & ~0xff) | (i & 0xff);
          } else {
            words_${id}[first] = i;
            words_${id}[last] = i;
          }`;
  return new Function(`
    return function driver_${id}(calls, heap, { ops, slots, sizes }, addresses, from, to, noRoom) {
      let words_${id} = heap.words();
      let checksum_${id} = 0;
      for (let i = from; i < to; i++) {
        const op = ops[i];
        const size = sizes[i];
        if (op === ${Op.pair}) {
          const p = calls.malloc(size);
          if (p === 0) noRoom(size, i);
          checksum_${id} = (checksum_${id} + p) | 0;${write}
          calls.free(p);
        } else {
          const slot = slots[i];
          if (op === ${Op.free} || op === ${Op.replace}) calls.free(addresses[slot]);
          if (op === ${Op.free}) continue;
          const p = op === ${Op.realloc} ? calls.realloc(addresses[slot], size) : calls.malloc(size);
          if (p === 0) noRoom(size, i);
          checksum_${id} = (checksum_${id} + p) | 0;${write}
          addresses[slot] = p;
        }
      }
      return checksum_${id};
    }`)() as Driver;
}
