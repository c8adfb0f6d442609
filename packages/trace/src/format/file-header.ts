import { NotATraceError, TraceVersionError } from "../errors.ts";
import { FILE_HEADER_BYTES, FILE_MAGIC, FORMAT_VERSION } from "./constants.ts";

/**
 * Checks the first 16 bytes of a file: the magic bytes, then the version as 16 bits.
 *
 * @throws {NotATraceError} {@link TraceVersionError}
 */
export function checkFileHeader(head: Uint8Array): void {
  if (head.length < FILE_HEADER_BYTES || FILE_MAGIC.some((byte, i) => head[i] !== byte)) {
    const what = head.length === 0 ? "The file is empty." : "This is not an obmalloc trace.";
    throw new NotATraceError(what, 0, { details: [adviceFor(head)] });
  }
  const version = head[8]! | (head[9]! << 8);
  if (version !== FORMAT_VERSION) {
    const what = `This trace has format version ${version}; this reader knows ${FORMAT_VERSION}.`;
    const newer = version > FORMAT_VERSION ? "a newer" : "the";
    throw new TraceVersionError(what, 8, {
      details: [
        `Read it with ${newer} obmalloc that recorded it, or record the program again with this one.`,
      ],
    });
  }
}

/** First bytes of files that are given by mistake, and what to do with them. */
const FOREIGN: readonly { readonly magic: readonly number[]; readonly advice: string }[] = [
  { magic: [0x1f, 0x8b], advice: "It is compressed by gzip: unpack it first, with gunzip." },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], advice: "It is compressed by zstd: unpack it first, with unzstd." },
  {
    magic: [0x6d, 0x65, 0x6d, 0x72, 0x61, 0x79], // "memray"
    advice: "It is a capture of memray: make a trace of it with obmalloc import memray FILE.",
  },
];

function adviceFor(head: Uint8Array): string {
  const known = FOREIGN.find(({ magic }) => magic.every((byte, i) => head[i] === byte));
  return known?.advice ?? "Record one with: obmalloc record -o FILE -- python3 program.py";
}
