// Source maps, version 3: from a place in a file that runs to the place in the file that somebody wrote.
// @see https://tc39.es/ecma426/

/** The JSON of a source map; with `sections`, one that is put together from others. */
export interface RawSourceMap {
  readonly version: number;
  readonly sources?: readonly (string | null)[];
  readonly sourceRoot?: string | null;
  readonly names?: readonly string[];
  readonly mappings?: string;
  readonly sections?: readonly {
    readonly offset: { readonly line: number; readonly column: number };
    readonly map: RawSourceMap;
  }[];
}

/** A place in a source file; line and column from 1. */
export interface OriginalPosition {
  readonly source: string;
  readonly line: number;
  readonly column: number;
  readonly name: string | undefined;
}

/** Where a piece of generated code begins, and what it was made of. */
interface Segment {
  /** From 0. */
  readonly column: number;
  /** Undefined for code that was made of nothing. */
  readonly original: OriginalPosition | undefined;
}

/** A source map, decoded when it is first asked. */
export class SourceMap {
  private readonly raw: RawSourceMap;
  /** By line of the generated file, from 0; segments by column. */
  private lines: Segment[][] | undefined;

  /** @throws {TypeError} when it is no source map of version 3. */
  constructor(raw: RawSourceMap) {
    if (raw?.version !== 3) throw new TypeError("This is no source map of version 3.");
    this.raw = raw;
  }

  /** What a place in the generated file was made of; undefined when the map does not say. Line and column from 1. */
  original(line: number, column: number): OriginalPosition | undefined {
    this.lines ??= decode(this.raw);
    const segments = this.lines[line - 1] ?? [];
    let low = 0;
    let high = segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (segments[middle]!.column < column) low = middle + 1;
      else high = middle;
    }
    return segments[low - 1]?.original;
  }
}

function decode(raw: RawSourceMap): Segment[][] {
  const lines: Segment[][] = [];
  if (raw.sections === undefined) {
    decodeInto(lines, raw, 0, 0);
  } else {
    for (const { offset, map } of raw.sections) decodeInto(lines, map, offset.line, offset.column);
  }
  for (const segments of lines) segments.sort((a, b) => a.column - b.column);
  return lines;
}

function decodeInto(lines: Segment[][], raw: RawSourceMap, firstLine: number, firstColumn: number): void {
  const root = raw.sourceRoot ?? "";
  const sources = (raw.sources ?? []).map(
    (source) => (root === "" ? "" : `${root.replace(/\/?$/, "/")}`) + (source ?? ""),
  );
  const names = raw.names ?? [];
  let [source, sourceLine, sourceColumn, name] = [0, 0, 0, 0];
  for (const [index, group] of (raw.mappings ?? "").split(";").entries()) {
    const segments: Segment[] = [];
    let column = index === 0 ? firstColumn : 0;
    for (const text of group === "" ? [] : group.split(",")) {
      const fields = decodeVlq(text);
      column += fields[0] ?? 0;
      if (fields.length < 4) {
        segments.push({ column, original: undefined });
        continue;
      }
      source += fields[1]!;
      sourceLine += fields[2]!;
      sourceColumn += fields[3]!;
      name += fields[4] ?? 0;
      const original = {
        source: sources[source] ?? "",
        line: sourceLine + 1,
        column: sourceColumn + 1,
        name: fields.length > 4 ? names[name] : undefined,
      };
      segments.push({ column, original });
    }
    while (lines.length <= firstLine + index) lines.push([]);
    lines[firstLine + index]!.push(...segments);
  }
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Numbers in groups of five bits, the lowest first; the lowest bit of a number is its sign. */
function decodeVlq(text: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    if (digit < 0)
      throw new TypeError(`A source map cannot have ${JSON.stringify(character)} in its mappings.`);
    value += (digit & 31) * scale;
    scale *= 32;
    if ((digit & 32) !== 0) continue;
    numbers.push(value % 2 === 1 ? -(value - 1) / 2 : value / 2);
    value = 0;
    scale = 1;
  }
  return numbers;
}
