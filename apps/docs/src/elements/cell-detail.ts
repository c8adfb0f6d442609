// What is known of one cell: its place, its fields, its bytes, its life so far.

import { type Cell, type Frame, hex, KINDS } from "../scenes/scene.ts";
import { html, table } from "./dom.ts";

const BYTES_PER_LINE = 16;

export function cellDetail(cell: Cell, seen: readonly Frame[]): Node[] {
  const parts: Node[] = [
    html(
      "p",
      {},
      html("strong", {}, cell.label),
      ` at ${hex(cell.address)}, ${cell.sizeBytes} bytes: ${KINDS[cell.kind]}. ${lifeOf(cell, seen)}`,
    ),
  ];
  if (cell.fields !== undefined) {
    const rows = cell.fields.map(({ name, offset, sizeBytes, value }) => [
      String(offset),
      String(sizeBytes),
      name,
      value,
    ]);
    parts.push(table(`Fields of ${cell.label}`, ["offset", "bytes", "field", "value"], rows));
  }
  if (cell.bytes !== undefined) {
    const attributes = { tabindex: 0, role: "region", "aria-label": `Bytes of ${cell.label}` };
    parts.push(html("pre", attributes, hexDump(cell.address, cell.bytes)));
  }
  return parts;
}

function hexDump(address: number, bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += BYTES_PER_LINE) {
    const line = [...bytes.subarray(start, start + BYTES_PER_LINE)];
    const numbers = line.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    lines.push(`${hex(address + start)}  ${numbers}`);
  }
  return lines.join("\n");
}

/** When the cell at this address changed, over the steps seen so far. */
function lifeOf({ address }: Cell, seen: readonly Frame[]): string {
  const changes: string[] = [];
  let before: string | undefined;
  for (const [step, { regions = [] }] of seen.entries()) {
    const cell = regions.flatMap(({ cells }) => cells).find((one) => one.address === address);
    const state = cell === undefined ? undefined : KINDS[cell.kind];
    if (state !== before && state !== undefined) changes.push(`${state} from step ${step}`);
    before = state;
  }
  return changes.length === 0 ? "" : `Its life: ${changes.join("; ")}.`;
}
