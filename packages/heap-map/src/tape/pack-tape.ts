// A tape as bytes, to be stored in a page: columns of differences, which compress well. The caller compresses them.

import { type BlockLives, type HeapTape, NEVER, type PoolFilm } from "./heap-tape.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

/** What is small, as JSON. */
interface Head {
  readonly geometry: HeapTape["geometry"];
  readonly firstEvent: number;
  readonly lastEvent: number;
  readonly marks: HeapTape["marks"];
  readonly lines: readonly string[];
  readonly bases: readonly number[];
  readonly mappings: number;
  readonly stacks: number;
  readonly lives: number;
  /** Sizes in bytes of the parts that follow, in order. */
  readonly parts: readonly number[];
  readonly film?: readonly { readonly event: number; readonly hasBlocks: boolean }[];
}

/**
 * Lives are stored in the order of their places, where neighbours are alike.
 *
 * @see unpackTape
 */
export function packTape(tape: HeapTape): Uint8Array {
  const { arenas, stacks, lives, film } = tape;
  const order = Uint32Array.from(lives.place.keys());
  order.sort((a, b) => lives.place[a]! - lives.place[b]! || lives.born[a]! - lives.born[b]!);
  const parts = [
    differences(interleave(arenas.row, arenas.mapped, arenas.unmapped)),
    differences(stacks.parent),
    differences(stacks.line),
    differences(order, lives.place),
    differences(order, lives.sizeBytes),
    differences(order, lives.classes),
    differences(order, lives.born),
    ends(order, lives),
    differences(order, lives.stack),
    ...(film?.moments.flatMap(({ fill, classes }) => [fill, classes]) ?? []),
  ];
  const head: Head = {
    geometry: tape.geometry,
    firstEvent: tape.firstEvent,
    lastEvent: tape.lastEvent,
    marks: tape.marks,
    lines: stacks.lines,
    bases: [...arenas.bases],
    mappings: arenas.row.length,
    stacks: stacks.parent.length,
    lives: lives.place.length,
    parts: parts.map(({ length }) => length),
    ...(film === undefined
      ? {}
      : { film: film.moments.map(({ event, hasBlocks }) => ({ event, hasBlocks })) }),
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const packed = new Uint8Array(4 + text.length + parts.reduce((sum, { length }) => sum + length, 0));
  new DataView(packed.buffer).setUint32(0, text.length, true);
  packed.set(text, 4);
  let at = 4 + text.length;
  for (const part of parts) {
    packed.set(part, at);
    at += part.length;
  }
  return packed;
}

/**
 * The tape that was packed.
 *
 * @throws {RangeError} {@link SyntaxError} when the bytes are no packed tape, or are cut.
 */
export function unpackTape(packed: Uint8Array): HeapTape {
  if (packed.length < 4) throw new RangeError("A packed tape has at least 4 bytes.");
  const headBytes = new DataView(packed.buffer, packed.byteOffset).getUint32(0, true);
  const text = new TextDecoder().decode(packed.subarray(4, 4 + headBytes));
  const head = JSON.parse(text) as Head;
  let at = 4 + headBytes;
  const parts = head.parts.map((length) => {
    at += length;
    return packed.subarray(at - length, at);
  });
  if (at > packed.length) throw new RangeError("A packed tape is cut.");
  const column = (part: number, count: number) => restored(parts[part]!, count);
  const mappings = column(0, head.mappings * 3);
  const third = (offset: number) =>
    Uint32Array.from({ length: head.mappings }, (_, i) => mappings[3 * i + offset]!);
  const film = head.film === undefined ? {} : { film: filmOf(head.film, parts.slice(9)) };
  return {
    geometry: head.geometry,
    firstEvent: head.firstEvent,
    lastEvent: head.lastEvent,
    marks: head.marks,
    arenas: { bases: Float64Array.from(head.bases), row: third(0), mapped: third(1), unmapped: third(2) },
    stacks: { parent: column(1, head.stacks), line: column(2, head.stacks), lines: head.lines },
    lives: livesOf(parts, head.lives),
    ...film,
  };
}

const filmOf = (moments: NonNullable<Head["film"]>, parts: readonly Uint8Array[]): PoolFilm => ({
  moments: moments.map((one, index) => ({ ...one, fill: parts[2 * index]!, classes: parts[2 * index + 1]! })),
});

function livesOf(parts: readonly Uint8Array[], count: number): BlockLives {
  const born = restored(parts[6]!, count);
  const died = restored(parts[7]!, count).map((value, i) => (value === 0 ? NEVER : born[i]! + value - 1));
  const order = byValue(count, (index) => born[index]!);
  const pick = (column: Uint32Array) => Uint32Array.from(order, (index) => column[index]!);
  const diedInOrder = pick(died);
  const ending = Uint32Array.from(diedInOrder.keys()).filter((index) => diedInOrder[index] !== NEVER);
  const deaths = byValue(ending.length, (index) => diedInOrder[ending[index]!]!).map(
    (index) => ending[index]!,
  );
  return {
    place: pick(restored(parts[3]!, count)),
    sizeBytes: Uint16Array.from(pick(restored(parts[4]!, count))),
    classes: Uint8Array.from(pick(restored(parts[5]!, count))),
    born: pick(born),
    died: diedInOrder,
    stack: pick(restored(parts[8]!, count)),
    deaths,
  };
}

/** Indexes in the order of their values; equal ones stay in theirs. */
const byValue = (count: number, value: (index: number) => number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, index) => index).sort((a, b) => value(a) - value(b) || a - b);

/** The differences from each value to the next; of a column in an order, when both are given. */
function differences(order: Uint32Array, column?: Uint32Array | Uint16Array | Uint8Array): Uint8Array {
  const writer = new VarintWriter();
  let before = 0;
  for (const index of order) {
    const value = column === undefined ? index : column[index]!;
    writer.signed(value - before);
    before = value;
  }
  return writer.finish();
}

/** How long each life lasts, 0 for those that do not end; as differences, too. */
function ends(order: Uint32Array, { born, died }: BlockLives): Uint8Array {
  return differences(order.map((life) => (died[life] === NEVER ? 0 : died[life]! - born[life]! + 1)));
}

function restored(part: Uint8Array, count: number): Uint32Array {
  const reader = new VarintReader(part);
  let value = 0;
  return Uint32Array.from({ length: count }, () => {
    value += reader.signed();
    return value;
  });
}

const interleave = (...columns: readonly Uint32Array[]): Uint32Array =>
  Uint32Array.from({ length: columns[0]!.length * columns.length }, (_, index) => {
    return columns[index % columns.length]![Math.floor(index / columns.length)]!;
  });
