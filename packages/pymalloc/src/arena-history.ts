// When each arena was mapped and given back. CPython does not remember that; it is kept on request, in the memory.

import { type ArenaAddress, arenaAddress, ilp32, type RawAddress, rawAddress, struct } from "@obmalloc/abi";
import type { LinearMemory, RawAllocator } from "@obmalloc/raw-heap";
import { CONTROL } from "./control-block.ts";

/** One arena came or went. */
export interface ArenaEvent {
  readonly kind: "mapped" | "released";
  /** Calls of malloc, calloc, realloc and free up to and including the one in which it happened. */
  readonly call: number;
  readonly base: ArenaAddress;
  /** Arenas after it. */
  readonly arenas: number;
  /** The largest number of arenas so far. */
  readonly highwater: number;
}

/**
 * One row of the table of arena events.
 *
 *      0      4           8      12     16
 *      ┌──────┬───────────┬──────┬──────┬────────┐
 *      │ call │ call_high │ kind │ base │ arenas │
 *      └──────┴───────────┴──────┴──────┴────────┘
 */
const eventRow = struct(ilp32, {
  call: "u32",
  call_high: "u32",
  kind: "u32", // 1 = mapped, 0 = released
  base: "u32",
  arenas: "u32",
});
const ROW_WORDS = eventRow.sizeBytes / 4;
const FIRST_CAPACITY = 64;

/** The table, which doubles in a block of the raw allocator, and the counter of calls. */
export class ArenaHistory {
  private readonly memory: LinearMemory;
  private readonly raw: RawAllocator;
  /** Word of the control block. */
  private readonly control: number;
  private words: Uint32Array;

  constructor(memory: LinearMemory, raw: RawAllocator, controlAddress: RawAddress) {
    this.memory = memory;
    this.raw = raw;
    this.control = controlAddress / 4;
    this.words = memory.u32;
    memory.onGrow(() => {
      this.words = memory.u32;
    });
  }

  get callCount(): number {
    return this.read("calls") + this.read("calls_high") * 2 ** 32;
  }

  /** Events for which there was no room. */
  get lostCount(): number {
    return this.read("history_lost");
  }

  /** Another call of the allocator begins. */
  countCall(): void {
    if (this.words.length === 0) this.memory.refresh(); // somebody else has grown the memory
    const calls = this.control + CONTROL.calls;
    if (++this.words[calls]! === 0) this.words[this.control + CONTROL.calls_high]!++;
  }

  /** An arena was mapped or given back; `arenas` there are now. */
  note(kind: ArenaEvent["kind"], base: number, arenas: number): void {
    const length = this.read("history_length");
    if (length === this.read("history_capacity") && !this.grow()) {
      this.words[this.control + CONTROL.history_lost]!++;
      return;
    }
    const row = this.read("history") / 4 + length * ROW_WORDS;
    this.words[row + eventRow.offsets.call / 4] = this.read("calls");
    this.words[row + eventRow.offsets.call_high / 4] = this.read("calls_high");
    this.words[row + eventRow.offsets.kind / 4] = kind === "mapped" ? 1 : 0;
    this.words[row + eventRow.offsets.base / 4] = base;
    this.words[row + eventRow.offsets.arenas / 4] = arenas;
    this.words[this.control + CONTROL.history_length] = length + 1;
  }

  /** All events, oldest first. */
  events(): readonly ArenaEvent[] {
    const table = this.read("history") / 4;
    const field = (row: number, name: keyof typeof eventRow.offsets) =>
      this.words[table + row * ROW_WORDS + eventRow.offsets[name] / 4] ?? 0;
    const present = Math.max(0, Math.floor((this.words.length - table) / ROW_WORDS));
    let highwater = 0;
    const events = Array.from({ length: Math.min(this.read("history_length"), present) }, (_, row) => {
      const arenas = field(row, "arenas");
      highwater = Math.max(highwater, arenas);
      return Object.freeze({
        kind: field(row, "kind") === 1 ? ("mapped" as const) : ("released" as const),
        call: field(row, "call") + field(row, "call_high") * 2 ** 32,
        base: arenaAddress(field(row, "base")),
        arenas,
        highwater,
      });
    });
    return Object.freeze(events);
  }

  private read(field: keyof typeof CONTROL): number {
    return this.words[this.control + CONTROL[field]]!;
  }

  private grow(): boolean {
    const capacity = this.read("history_capacity");
    const wanted = capacity === 0 ? FIRST_CAPACITY : 2 * capacity;
    const table = this.raw.realloc(rawAddress(this.read("history")), wanted * eventRow.sizeBytes);
    if (table === 0) return false;
    this.words = this.memory.u32;
    this.words[this.control + CONTROL.history] = table;
    this.words[this.control + CONTROL.history_capacity] = wanted;
    return true;
  }
}
