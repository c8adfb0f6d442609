import { formatAddress, MemoryError, ObmallocError, type ObmallocErrorOptions } from "@obmalloc/abi";
import type { AllocatorCall, DomainName } from "./allocator.ts";

/** Which call failed, for messages and for programs. */
export interface FailedCall {
  readonly domain: DomainName;
  readonly call: AllocatorCall;
  /** As they were given, the address first. */
  readonly args: readonly number[];
}

/** `mem.realloc(0x1010, 32)`. */
export function callText({ domain, call, args }: FailedCall): string {
  const hasAddress = call === "realloc" || call === "free";
  const shown = args.map((arg, index) => (hasAddress && index === 0 ? formatAddress(arg) : String(arg)));
  return `${domain}.${call}(${shown.join(", ")})`;
}

/** A domain has no memory to give: its allocator returned NULL. What Python raises as `MemoryError`. */
export class NoMemoryError extends MemoryError {
  override readonly name: string = "MemoryError";
  readonly domain: DomainName;
  readonly call: AllocatorCall;
  /** Bytes that were asked for. */
  readonly sizeBytes: number;

  constructor(failed: FailedCall, sizeBytes: number) {
    const address = failed.call === "realloc" ? failed.args[0]! : 0;
    super(`${callText(failed)}: no memory: the domain's allocator returned NULL.`, address);
    this.domain = failed.domain;
    this.call = failed.call;
    this.sizeBytes = sizeBytes;
  }
}

/**
 * How an allocator broke the contract of `PyMemAllocatorEx`: it threw, it returned something that is no address
 * ("not-an-address"), one that is not aligned, one outside the memory ("foreign"), or it called its own domain without end
 * ("re-entered"); or a block was given to a domain whose allocator it does not belong to ("not-its-block").
 */
export type AllocatorFault =
  | "threw"
  | "not-an-address"
  | "misaligned"
  | "foreign"
  | "re-entered"
  | "not-its-block";

/** An allocator that was set by the program misbehaves. The domain's own state is as it was before the call. */
export class BadAllocatorError extends MemoryError {
  override readonly name: string = "BadAllocatorError";
  /** "arena" for the arena allocator. */
  readonly domain: DomainName | "arena";
  readonly call: AllocatorCall | "alloc";
  readonly fault: AllocatorFault;

  constructor(
    at: {
      readonly domain: DomainName | "arena";
      readonly call: AllocatorCall | "alloc";
      readonly text: string;
    },
    fault: AllocatorFault,
    what: string,
    address: number,
    options: ObmallocErrorOptions = {},
  ) {
    super(`${at.text}: ${what}`, address, options);
    this.domain = at.domain;
    this.call = at.call;
    this.fault = fault;
  }
}

/** What the debug hooks found. */
export type FatalKind =
  /** The byte that names the domain says another one. */
  | "wrong-domain"
  /** It says none. */
  | "bad-id"
  /** The block to be freed is filled with dead bytes: it was freed before. */
  | "double-free"
  /** The block to be resized is. */
  | "use-after-free"
  /** Bytes in front of the block were written over. */
  | "underflow"
  /** Bytes behind the block were written over. */
  | "overflow"
  /** A call of the mem or obj domain by a thread that does not hold the GIL. */
  | "without-gil";

/**
 * The debug hooks found damage, or a call without the GIL: where CPython prints its text and aborts.
 *
 * {@link text} is CPython's, byte for byte (one character for each byte); {@link notes} is what we know beyond it.
 */
export class FatalMemoryError extends MemoryError {
  override readonly name: string = "FatalMemoryError";
  readonly kind: FatalKind;
  /** What CPython writes to stderr, the dump of the block and the traceback included. */
  readonly text: string;
  /** Our own findings, one sentence each: the neighbouring blocks, where CPython itself would crash. */
  readonly notes: readonly string[];

  constructor(kind: FatalKind, address: number, text: string, notes: readonly string[]) {
    super(text, address, { details: notes });
    this.kind = kind;
    this.text = text;
    this.notes = notes;
  }
}

/** The runtime cannot start, for a reason that CPython prints as `Fatal Python error`. */
export class FatalStartError extends ObmallocError {
  override readonly name: string = "FatalStartError";
  /** What CPython writes to stderr. */
  readonly text: string;

  constructor(text: string, options: ObmallocErrorOptions = {}) {
    super(text.trimEnd(), options);
    this.text = text;
  }
}
