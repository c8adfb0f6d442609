import { expect, it } from "vitest";
import { tables } from "../src/tables/tables.ts";

const rowsOf = (name: string) => tables[name]!().rows;

it.each(Object.keys(tables))("%s: every row has every column", (name) => {
  const { columns, rows } = tables[name]!();
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(row.length).toBe(columns.length);
});

it("lists grow as in CPython: before 3.9, and since", () => {
  const rooms = rowsOf("list-growth").map(([, text]) => text!.split(", ").map(Number));
  expect(rooms[0]!.slice(0, 10)).toEqual([4, 8, 16, 25, 35, 46, 58, 72, 88, 106]);
  expect(rooms[1]!.slice(0, 10)).toEqual([4, 8, 16, 24, 32, 40, 52, 64, 76, 92]);
});

it("sizes are those that interpreters say", () => {
  const rows = new Map(rowsOf("sizes").map(([name, ...sizes]) => [name, sizes.map(Number)]));
  expect(rows.get("[]")).toEqual([72, 56, 56, 56, 56, 56, 56, 56, 56]);
  expect(rows.get("[1, 2, 3]")!.slice(0, 7)).toEqual([96, 80, 120, 88, 88, 88, 88]);
  expect(rows.get("instance")!.slice(0, 7)).toEqual([64, 48, 48, 48, 56, 48, 48]);
  expect(rows.get("''")!.slice(0, 7)).toEqual([49, 49, 49, 49, 49, 41, 41]);
});
