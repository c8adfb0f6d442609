import { ObmallocError } from "@obmalloc/abi";

/** The bench cannot go on; the message says why. */
export class BenchError extends ObmallocError {
  override readonly name: string = "BenchError";
}

/** An allocator cannot take part on this machine; the message says what is missing. */
export class MissingPeerError extends BenchError {
  override readonly name = "MissingPeerError";
}
