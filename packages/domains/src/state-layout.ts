// What the domains themselves keep in memory, so that another thread, or a copy of the bytes, finds it.

import { type Profile, struct } from "@obmalloc/abi";
import { gilState } from "./gil/layout.ts";

/**
 * The state of the domains, from the raw heap. `serialno` counts the debug blocks that were made (builds with serial
 * numbers); `obmalloc` is the address of pymalloc's state.
 *
 *     ┌────────┬───────┬──────────┬──────────┬ ─ ─ ─
 *     │ magic  │ hooks │ obmalloc │ serialno │ gil
 *     └────────┴───────┴──────────┴──────────┴ ─ ─ ─
 */
export const domainsState = ({ model }: Profile) =>
  struct(model, {
    magic: "u32",
    hooks: "u32",
    obmalloc: "ptr",
    serialno: "size",
    gil: gilState,
  });
