// Where the chunks of a trace begin, to cut and damage it.

/** Each chunk has four letters, its kind at 4 (2 tables, 3 events), and its stored length at 8. */
export function chunkOffsets(trace: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = 16; trace.toString("latin1", at, at + 4) === "OBCK"; at += 32 + trace.readUInt32LE(at + 8))
    offsets.push(at);
  return offsets;
}
