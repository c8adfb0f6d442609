import { ObmallocError } from "@obmalloc/abi";

/** The GIL is used in a way that makes no sense: acquired twice, released without being held, by no attached thread. */
export class GilMisuseError extends ObmallocError {
  override readonly name: string = "GilMisuseError";
}

/**
 * The thread that holds the GIL will not give it back: it was terminated ("gone"), or it has shown no sign of life for so
 * long that it must be taken for dead ("silent"). What it was doing to the heap may be half done.
 */
export class GilLostError extends ObmallocError {
  override readonly name: string = "GilLostError";
  /** The holder. */
  readonly threadId: number;
  readonly threadName: string;
  readonly reason: "gone" | "silent";

  constructor(threadId: number, threadName: string, reason: "gone" | "silent", silentMs: number) {
    const who = `the thread "${threadName}" (${threadId})`;
    super(
      reason === "gone"
        ? `The GIL is lost: ${who} was terminated while it held it.`
        : `The GIL is lost: ${who} holds it and has shown no sign of life for ${silentMs} ms of waiting.`,
      {
        details: [
          reason === "gone"
            ? "The heap may be half changed: check() says so. recover() gives the lock free."
            : "It was terminated, or runs code that never calls checkpoint(). recover() takes the lock away from it.",
        ],
      },
    );
    this.threadId = threadId;
    this.threadName = threadName;
    this.reason = reason;
  }
}
