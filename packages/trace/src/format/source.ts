// Where the bytes of a trace come from.

/** Random access to bytes: a file, or an array in memory. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** The bytes from `offset`, exactly `length` of them; the result may be overwritten by the next call. */
  read(offset: number, length: number): Uint8Array;
}

/** A source over bytes that are in memory already. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return { sizeBytes: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
