// Tables as Parquet, a row group at a time: memory does not follow the length of the table.

import { fileWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import type { Cell, Table } from "./tables.ts";

const ROW_GROUP = 100_000;

/** Writes a table to a file. */
export async function writeParquet(path: string, { columns, rows }: Table): Promise<void> {
  const described = columns.map(({ name, type }) => ({ name, type, data: [] as Cell[], nullable: true }));
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: schemaFromColumnData({ columnData: described }),
    createdBy: "obmalloc",
  });
  const write = async () => {
    if (described[0]!.data.length === 0) return;
    await writer.write({ columnData: described, rowGroupSize: ROW_GROUP });
    for (const column of described) column.data = [];
  };
  for (const row of rows) {
    for (const [index, cell] of row.entries()) described[index]!.data.push(cell);
    if (described[0]!.data.length === ROW_GROUP) await write();
  }
  await write();
  await writer.finish(); // also of a table without rows: a file with its columns
}
