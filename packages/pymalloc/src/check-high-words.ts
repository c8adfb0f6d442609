// 64-bit pointers and sizes outside of pools: their high halves are 0 in a memory of 4 GiB.

import { type Field, formatAddress, type StructLayout } from "@obmalloc/abi";
import type { Report } from "./check-report.ts";
import type { StateView } from "./state-view.ts";

/** Verifies the state and every slot of `arenas[]`. */
export function checkHighWords(view: StateView, report: Report): void {
  if (view.profile.model.pointerBytes === 4) return;
  checkStruct(view, "the state", view.layout, view.stateAddress, report);
  for (const slot of view.slots)
    checkStruct(view, `slot ${slot.index}`, view.arenaLayout, slot.object, report);
}

function checkStruct(
  view: StateView,
  what: string,
  layout: StructLayout,
  address: number,
  report: Report,
): void {
  for (const field of layout.fields) {
    for (const low of wideWords(field).map((offset) => address + offset)) {
      const signed = field.type === "ssize" && (view.pointer(low) | 0) < 0;
      if (view.pointer(low + 4) === (signed ? 0xffff_ffff : 0)) continue;
      report(
        "high-word",
        low,
        `${field.name} of ${what}, at ${formatAddress(low)}, does not fit in 32 bits.`,
      );
    }
  }
}

/** Offsets of the 8-byte values of a field. The radix tree's root is verified with the tree. */
function wideWords({ name, type, offset, sizeBytes }: Field): number[] {
  const element = typeof type === "object" && "element" in type ? type.element : type;
  const wide = element === "ptr" || element === "size" || element === "ssize";
  if (!wide || name === "arena_map_root") return [];
  return Array.from({ length: sizeBytes / 8 }, (_, index) => offset + 8 * index);
}
