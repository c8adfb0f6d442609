// XXH32, from the xxHash specification: the checksum of a chunk.

// Signed, and in loops without calls: most of a trace is summed before V8 has compiled anything.
const PRIME1 = 0x9e3779b1 | 0;
const PRIME2 = 0x85ebca77 | 0;
const PRIME3 = 0xc2b2ae3d | 0;
const PRIME4 = 0x27d4eb2f;
const PRIME5 = 0x165667b1;

const STRIPE_BYTES = 16;
/** Words for each call: a multiple of a stripe, and few, so that V8 compiles the function and not one run of its loop. */
const STEP_WORDS = 1 << 12;
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The four sums of the stripes so far. */
const lanes = new Int32Array(4);

/**
 * The 32-bit xxHash of `bytes`.
 *
 * @returns a whole number from 0 to 2^32 - 1.
 * @see the xxHash specification, section "XXH32 algorithm"
 */
export function checksum(bytes: Uint8Array, seed: number): number {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let p = length & -STRIPE_BYTES;
  let h = p === 0 ? (seed + PRIME5) | 0 : sumStripes(wordsOf(view, p), seed);
  h = (h + length) | 0;
  for (; p + 4 <= length; p += 4) {
    h = Math.imul(rotate((h + Math.imul(view.getInt32(p, true), PRIME3)) | 0, 17), PRIME4);
  }
  for (; p < length; p++) h = Math.imul(rotate((h + Math.imul(bytes[p]!, PRIME5)) | 0, 11), PRIME1);
  h = Math.imul(h ^ (h >>> 15), PRIME2);
  h = Math.imul(h ^ (h >>> 13), PRIME3);
  return (h ^ (h >>> 16)) >>> 0;
}

function sumStripes(words: Int32Array, seed: number): number {
  lanes[0] = seed + PRIME1 + PRIME2;
  lanes[1] = seed + PRIME2;
  lanes[2] = seed;
  lanes[3] = seed - PRIME1;
  for (let from = 0; from < words.length; from += STEP_WORDS) {
    addStripes(words, from, Math.min(words.length, from + STEP_WORDS));
  }
  return (rotate(lanes[0]!, 1) + rotate(lanes[1]!, 7) + rotate(lanes[2]!, 12) + rotate(lanes[3]!, 18)) | 0;
}

function addStripes(words: Int32Array, from: number, to: number): void {
  let a = lanes[0]!;
  let b = lanes[1]!;
  let c = lanes[2]!;
  let d = lanes[3]!;
  for (let at = from; at < to; at += 4) {
    a = (a + Math.imul(words[at]!, PRIME2)) | 0;
    b = (b + Math.imul(words[at + 1]!, PRIME2)) | 0;
    c = (c + Math.imul(words[at + 2]!, PRIME2)) | 0;
    d = (d + Math.imul(words[at + 3]!, PRIME2)) | 0;
    a = Math.imul((a << 13) | (a >>> 19), PRIME1);
    b = Math.imul((b << 13) | (b >>> 19), PRIME1);
    c = Math.imul((c << 13) | (c >>> 19), PRIME1);
    d = Math.imul((d << 13) | (d >>> 19), PRIME1);
  }
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
}

/** The first `sizeBytes` as little-endian words: in place where they lie well, as they do in a file that is read. */
function wordsOf(view: DataView, sizeBytes: number): Int32Array {
  if (IS_LITTLE_ENDIAN && view.byteOffset % 4 === 0)
    return new Int32Array(view.buffer, view.byteOffset, sizeBytes / 4);
  const words = new Int32Array(sizeBytes / 4);
  for (let index = 0; index < words.length; index++) words[index] = view.getInt32(index * 4, true);
  return words;
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}
