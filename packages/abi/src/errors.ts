import { formatAddress } from "./addresses.ts";

/** What an error says beyond its first line. */
export interface ObmallocErrorOptions {
  /** Further lines under the first one: what was found, what to do. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/** Base of everything that this workspace throws. The first line says what is wrong, `details` follow it. */
export class ObmallocError extends Error {
  override readonly name: string = "ObmallocError";
  /** The first line of the message. */
  readonly shortMessage: string;
  readonly details: readonly string[];

  constructor(shortMessage: string, options: ObmallocErrorOptions = {}) {
    const details = options.details ?? [];
    super([shortMessage, ...details.map((line) => `  ${line}`)].join("\n"), { cause: options.cause });
    this.shortMessage = shortMessage;
    this.details = details;
  }
}

/** An error about one place in memory. */
export class MemoryError extends ObmallocError {
  override readonly name: string = "MemoryError";
  /** The byte address concerned. */
  readonly address: number;

  constructor(shortMessage: string, address: number, options: ObmallocErrorOptions = {}) {
    super(shortMessage, options);
    this.address = address;
  }
}

/** An address was given to `free` or `realloc` that this allocator did not hand out, or that is free already. */
export class NotABlockError extends MemoryError {
  override readonly name: string = "NotABlockError";

  constructor(operation: string, address: number, options: ObmallocErrorOptions = {}) {
    super(`${operation}: ${formatAddress(address)} is not a live block.`, address, options);
  }
}

/** The bytes that an engine keeps in memory are not what it wrote: somebody wrote over them. */
export class DamagedMemoryError extends MemoryError {
  override readonly name: string = "DamagedMemoryError";

  constructor(operation: string, address: number, what: string, options: ObmallocErrorOptions = {}) {
    super(`${operation}: the bytes at ${formatAddress(address)} are damaged: ${what}`, address, {
      details: ["Something wrote outside its block, or to memory that was freed. check() lists all damage."],
      ...options,
    });
  }
}

/** What an engine needs for its own state could not be allocated, so that it cannot be made at all. */
export class OutOfMemoryError extends ObmallocError {
  override readonly name: string = "OutOfMemoryError";
  /** Bytes that were asked for. */
  readonly sizeBytes: number;

  constructor(purpose: string, sizeBytes: number, options: ObmallocErrorOptions = {}) {
    super(`No room for ${sizeBytes} bytes of ${purpose}.`, options);
    this.sizeBytes = sizeBytes;
  }
}
