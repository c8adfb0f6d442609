import { ObmallocError } from "@obmalloc/abi";

/** The bench cannot go on; the message says why. */
export class BenchError extends ObmallocError {
  override readonly name: string = "BenchError";
}

/** An allocator cannot take part on this machine; the message says what is missing. */
export class MissingPeerError extends BenchError {
  override readonly name = "MissingPeerError";
}

/** An allocator has no room for a block of a stream. */
export class NoRoomError extends BenchError {
  override readonly name = "NoRoomError";
}

export const noRoomText = (sizeBytes: number, operation: number): string =>
  `no room for ${sizeBytes} bytes, at operation ${operation}`;
