// What a decoder hands its events to, one call for each.

import type { Domain, Op } from "./constants.ts";

/**
 * Receives decoded events. Each method returns whether to go on; false stops the decoder after this event.
 *
 * `address` and `old` of the first three are linear addresses inside an arena, as the decoder's address space gives
 * them; `sizeBytes` is 1 to 512; `stack` is a stack id, 0 where no Python code ran. Everything else is `outside`,
 * with addresses as they were recorded (0: NULL, the operation failed, or the realloc was of NULL).
 */
export interface EventSink {
  /** A malloc, a calloc or a realloc of NULL; `domainBit` 0: obj, 1: mem. */
  allocate(address: number, sizeBytes: number, domainBit: number, stack: number, op: Op): boolean;
  free(address: number, domainBit: number, stack: number): boolean;
  /** A realloc of a block; `old` is `address` itself for one that stayed. */
  reallocate(address: number, old: number, sizeBytes: number, domainBit: number, stack: number): boolean;
  /** An operation outside of arenas, or one that failed. */
  outside(op: Op, domain: Domain, address: number, old: number, sizeBytes: number, stack: number): boolean;
  /** What follows is of this context (an id of the tables). Not an event. */
  context(id: number): boolean;
  /** An arena was mapped, inside the event that follows. Not an event. */
  arenaMapped(id: number): boolean;
  /** An arena was unmapped, inside the event before. Not an event. */
  arenaUnmapped(id: number): boolean;
}
