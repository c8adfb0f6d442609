// XXH32, from the xxHash specification: the checksum of a chunk.

const PRIME1 = 0x9e3779b1;
const PRIME2 = 0x85ebca77;
const PRIME3 = 0xc2b2ae3d;
const PRIME4 = 0x27d4eb2f;
const PRIME5 = 0x165667b1;

/**
 * The 32-bit xxHash of `bytes`.
 *
 * @returns a whole number from 0 to 2^32 - 1.
 * @see the xxHash specification, section "XXH32 algorithm"
 */
export function checksum(bytes: Uint8Array, seed: number): number {
  const length = bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let p = 0;
  let h: number;
  if (length >= 16) {
    let a = (seed + PRIME1 + PRIME2) | 0;
    let b = (seed + PRIME2) | 0;
    let c = seed | 0;
    let d = (seed - PRIME1) | 0;
    for (const last = length - 16; p <= last; p += 16) {
      a = lane(a, view.getUint32(p, true));
      b = lane(b, view.getUint32(p + 4, true));
      c = lane(c, view.getUint32(p + 8, true));
      d = lane(d, view.getUint32(p + 12, true));
    }
    h = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  } else {
    h = (seed + PRIME5) | 0;
  }
  h = (h + length) | 0;
  for (; p + 4 <= length; p += 4) {
    h = Math.imul(rotate((h + Math.imul(view.getUint32(p, true), PRIME3)) | 0, 17), PRIME4);
  }
  for (; p < length; p++) h = Math.imul(rotate((h + Math.imul(bytes[p]!, PRIME5)) | 0, 11), PRIME1);
  h = Math.imul(h ^ (h >>> 15), PRIME2);
  h = Math.imul(h ^ (h >>> 13), PRIME3);
  return (h ^ (h >>> 16)) >>> 0;
}

function lane(state: number, word: number): number {
  return Math.imul(rotate((state + Math.imul(word, PRIME2)) | 0, 13), PRIME1);
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}
