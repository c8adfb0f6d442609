// Rows for tables: every live block of a moment, or every event of the recording; as CSV, or in columns for Parquet.

import { formatAddress } from "@obmalloc/abi";
import { liveBlocks, Op, readEvents, type Stacks, TraceError, type TraceReader } from "@obmalloc/trace";
import type { Recording } from "../shared/recording.ts";

export type Cell = string | number | bigint | boolean | null;
type ColumnType = "STRING" | "INT32" | "INT64" | "BOOLEAN";

interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether it may hold any character. */
  readonly isFreeText?: boolean;
}

/** A table that is read once, row by row. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: Iterable<readonly Cell[]>;
}

const LINE_COLUMNS = [
  { name: "file", type: "STRING", isFreeText: true },
  { name: "line", type: "INT32" },
  { name: "function", type: "STRING", isFreeText: true },
] as const;

/** One row for each live block. Addresses are hexadecimal text: they may have more bits than a number holds. */
export function blocksTable({ replay, stacks }: Recording): Table {
  return {
    columns: [
      { name: "address", type: "STRING" },
      { name: "size", type: "INT64" },
      { name: "block_bytes", type: "INT64" },
      { name: "size_class", type: "INT32" },
      { name: "domain", type: "STRING" },
      { name: "arena", type: "STRING" },
      { name: "stack", type: "INT32" },
      ...LINE_COLUMNS,
    ],
    rows: blockRows(),
  };
  function* blockRows(): Generator<readonly Cell[]> {
    for (const { address, sizeBytes, blockBytes, szidx, domain, arena, stack } of liveBlocks(replay)) {
      const base = arena === null ? null : formatAddress(arena);
      const sizes = [BigInt(sizeBytes), BigInt(blockBytes), szidx];
      yield [formatAddress(address), ...sizes, domain, base, stack, ...lineCells(stacks, stack)];
    }
  }
}

const OPERATIONS = {
  [Op.malloc]: "malloc",
  [Op.calloc]: "calloc",
  [Op.realloc]: "realloc",
  [Op.free]: "free",
};
const DOMAINS = ["raw", "mem", "obj"];

/** One row for each event, to the end of the recording or to where it is damaged: then `onDamage` is told why. */
export function eventsTable(
  trace: TraceReader,
  stacks: Stacks,
  onDamage: (damage: TraceError) => void,
): Table {
  return {
    columns: [
      { name: "event", type: "INT64" },
      { name: "operation", type: "STRING" },
      { name: "domain", type: "STRING" },
      { name: "address", type: "STRING" },
      { name: "old", type: "STRING" },
      { name: "size", type: "INT64" },
      { name: "context", type: "INT32" },
      { name: "stack", type: "INT32" },
      ...LINE_COLUMNS,
    ],
    rows: soundRows(),
  };
  function* soundRows(): Generator<readonly Cell[]> {
    try {
      yield* eventRows();
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      onDamage(error);
    }
  }
  function* eventRows(): Generator<readonly Cell[]> {
    for (const item of readEvents(trace)) {
      if (item.kind !== "event") continue;
      const { event, op, domain, address, old, sizeBytes, context, stack } = item;
      const addresses = [formatAddress(address), old === 0 ? null : formatAddress(old)];
      const what = [BigInt(event), OPERATIONS[op], DOMAINS[domain]!];
      yield [...what, ...addresses, BigInt(sizeBytes), context, stack, ...lineCells(stacks, stack)];
    }
  }
}

function lineCells(stacks: Stacks, stack: number): Cell[] {
  const frame = stacks.innermost(stack);
  return frame === undefined ? [null, null, null] : [frame.file, frame.line, frame.function];
}

/**
 * As RFC 4180 has it, with a header; a line at a time. Free text is in quotes in every row: DuckDB looks at the first rows only to find out
 * whether a file has any.
 */
export function* csvLines({ columns, rows }: Table): Generator<string> {
  yield columns.map(({ name }) => name).join(",");
  for (const row of rows)
    yield row.map((cell, index) => csvCell(cell, columns[index]!.isFreeText === true)).join(",");
}

function csvCell(cell: Cell, isFreeText: boolean): string {
  if (cell === null) return "";
  return isFreeText ? `"${String(cell).replaceAll('"', '""')}"` : String(cell);
}
