// What the debug hooks do when the marks around a block are not as they were written: say so, as CPython does, and end.

import { formatAddress, NotABlockError, type Profile } from "@obmalloc/abi";
import { type FatalKind, FatalMemoryError } from "../errors.ts";
import { asciiText, type FatalThread, fatalText } from "../fatal-text.ts";
import type { BlockBytes } from "./block-bytes.ts";
import { dumpBlock, tailOf } from "./dump.ts";
import { DEAD_BYTE, type DebugLayout, FORBIDDEN_BYTE } from "./layout.ts";
import { type NeighbourHost, neighboursOf, neighbourText } from "./neighbours.ts";

export interface DamageHost extends NeighbourHost {
  readonly profile: Profile;
  readonly bytes: BlockBytes;
  readonly layout: DebugLayout;
  /** Of the thread that found it. */
  readonly thread: FatalThread;
  /** What tracemalloc knows of a block, as CPython prints it. */
  traceText(p: number): string;
}

/** What was found, and where the damaged bytes are. */
interface Finding {
  readonly kind: FatalKind;
  /** What CPython says. */
  readonly message: string;
  /** Addresses of the bytes that are wrong. */
  readonly damaged: readonly number[];
}

/**
 * Looks closely at a block that did not pass the quick look, and throws what it finds.
 *
 * @see CPython 3.13 Objects/obmalloc.c, _PyMem_DebugCheckAddress
 */
export class DebugDamage {
  private readonly host: DamageHost;

  constructor(host: DamageHost) {
    this.host = host;
  }

  /**
   * @returns the size of the block at `p`, should nothing be wrong with it.
   * @throws {FatalMemoryError} with CPython's words, when something is.
   * @throws {NotABlockError} when `p` is no address in the memory.
   */
  examine(cFunction: string, letter: number, p: number): number {
    const { bytes, layout } = this.host;
    if (!bytes.contains(p - layout.headBytes, layout.headBytes)) {
      throw new NotABlockError(cFunction.endsWith("Free") ? "free" : "realloc", p);
    }
    const found = this.find(cFunction, letter, p);
    if (found === undefined) return Number(bytes.readNumber(p - layout.headBytes));
    throw this.fatal(cFunction, found, p);
  }

  /** @throws {FatalMemoryError} always: the caller does not hold the GIL. */
  withoutGil(cFunction: string): never {
    const { profile, thread } = this.host;
    const message = "Python memory allocator called without holding the GIL";
    throw new FatalMemoryError("without-gil", 0, fatalText(profile, cFunction, message, thread), []);
  }

  /** The first thing that is wrong, in CPython's order: letter, bytes in front, bytes behind. */
  private find(cFunction: string, letter: number, p: number): Finding | undefined {
    const { bytes, layout } = this.host;
    const { wordBytes } = layout;
    const id = bytes.u8[p - wordBytes]!;
    const pads = Array.from({ length: wordBytes - 1 }, (_, i) => p - wordBytes + 1 + i);
    const wrongPads = pads.filter((at) => bytes.u8[at] !== FORBIDDEN_BYTE);
    if (id !== letter) {
      const isDead = id === DEAD_BYTE && pads.every((at) => bytes.u8[at] === DEAD_BYTE);
      const [was, is] = [String.fromCharCode(id), String.fromCharCode(letter)];
      return {
        kind: isDead ? deadKind(cFunction) : "rmo".includes(was) && id !== 0 ? "wrong-domain" : "bad-id",
        message: `bad ID: Allocated using API '${was}', verified using API '${is}'`,
        damaged: isDead || "rmo".includes(was) ? [] : [p - wordBytes, ...wrongPads],
      };
    }
    if (wrongPads.length > 0)
      return { kind: "underflow", message: "bad leading pad byte", damaged: wrongPads };

    const tail = Number(tailOf(p, bytes, layout));
    if (!bytes.contains(tail, wordBytes)) return { kind: "underflow", message: "", damaged: [] };
    const behind = Array.from({ length: wordBytes }, (_, i) => tail + i);
    const wrong = behind.filter((at) => bytes.u8[at] !== FORBIDDEN_BYTE);
    return wrong.length === 0
      ? undefined
      : { kind: "overflow", message: "bad trailing pad byte", damaged: wrong };
  }

  private fatal(cFunction: string, { kind, message, damaged }: Finding, p: number): FatalMemoryError {
    const { bytes, layout, profile, thread } = this.host;
    const dump = dumpBlock(p, bytes, layout, this.host.traceText(p));
    const end = dump.leftMemory ? "" : fatalText(profile, cFunction, message, thread);
    const notes = [...this.whatHappened(kind, p, damaged), ...this.beside(kind, p)];
    if (dump.leftMemory) {
      const because = message === "" ? "the size in front of the block was written over" : asciiText(message);
      notes.push(
        `CPython crashes at this point of its text: it follows the size out of the memory. Found: ${because}.`,
      );
    }
    return new FatalMemoryError(kind, p, dump.text + end, notes);
  }

  private whatHappened(kind: FatalKind, p: number, damaged: readonly number[]): string[] {
    const block = formatAddress(p);
    if (kind === "double-free" || kind === "use-after-free") {
      return [
        `The block ${block} was freed before: its bytes are dead (0x${DEAD_BYTE.toString(16)}), and nobody has got it since.`,
      ];
    }
    if (damaged.length === 0) return [];
    const [first, last] = [damaged[0]!, damaged.at(-1)!];
    const range = first === last ? formatAddress(first) : `${formatAddress(first)} to ${formatAddress(last)}`;
    const place = kind === "overflow" ? "behind" : "in front of";
    const bytes = damaged.length === 1 ? "1 byte was" : `${damaged.length} bytes were`;
    return [`${bytes} written over ${place} the block ${block}, at ${range}.`];
  }

  /** The blocks next to the damage. */
  private beside(kind: FatalKind, p: number): string[] {
    const { before, behind } = neighboursOf(p - this.host.layout.headBytes, this.host);
    const texts: string[] = [];
    if (before !== undefined && kind !== "overflow") texts.push(neighbourText(before, "in front"));
    if (behind !== undefined && kind === "overflow") texts.push(neighbourText(behind, "behind"));
    return texts;
  }
}

function deadKind(cFunction: string): FatalKind {
  return cFunction.endsWith("Free") ? "double-free" : "use-after-free";
}
