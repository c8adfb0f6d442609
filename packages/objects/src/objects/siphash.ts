// SipHash over bytes, the hash of Python's strings, with 64-bit words as pairs of 32-bit ones.

/** The state of one run, four words as pairs; module-level, since runs never interleave. */
const v = new Uint32Array(8);

/**
 * SipHash-c-d of `bytes[start, end)` with a key of zeros, which is what `PYTHONHASHSEED=0` gives.
 *
 * @param rounds c and d.
 * @param out receives the low and the high word.
 * @see CPython 3.13 Python/pyhash.c, siphash13; Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012)
 */
export function sipHash(
  bytes: Uint8Array,
  start: number,
  end: number,
  rounds: readonly [number, number],
  out: Uint32Array,
): void {
  v.set([0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462]);
  const [between, final] = rounds;
  let at = start;
  for (; at + 8 <= end; at += 8) mix(word(bytes, at), word(bytes, at + 4), between);
  const rest = new Uint8Array(8);
  rest.set(bytes.subarray(at, end));
  rest[7] = end - start;
  mix(word(rest, 0), word(rest, 4), between);
  v[4]! ^= 0xff;
  for (let i = 0; i < final; i++) round();
  out[0] = v[0]! ^ v[2]! ^ v[4]! ^ v[6]!;
  out[1] = v[1]! ^ v[3]! ^ v[5]! ^ v[7]!;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function mix(low: number, high: number, rounds: number): void {
  v[6]! ^= low;
  v[7]! ^= high;
  for (let i = 0; i < rounds; i++) round();
  v[0]! ^= low;
  v[1]! ^= high;
}

function round(): void {
  half(0, 2, 13);
  swap(0);
  half(4, 6, 16);
  half(0, 6, 21);
  half(4, 2, 17);
  swap(4);
}

/** `a += b; b = rotl(b, bits) ^ a` on the words at those places. */
function half(a: number, b: number, bits: number): void {
  const low = v[a]! + v[b]!;
  v[a + 1] = v[a + 1]! + v[b + 1]! + (low > 0xffff_ffff ? 1 : 0);
  v[a] = low;
  const bLow = v[b]!;
  const bHigh = v[b + 1]!;
  v[b] = ((bLow << bits) | (bHigh >>> (32 - bits))) ^ v[a]!;
  v[b + 1] = ((bHigh << bits) | (bLow >>> (32 - bits))) ^ v[a + 1]!;
}

/** Rotates a word by 32 bits. */
function swap(a: number): void {
  const low = v[a]!;
  v[a] = v[a + 1]!;
  v[a + 1] = low;
}
