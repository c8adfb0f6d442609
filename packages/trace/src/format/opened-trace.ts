// An opened trace as plain data: another thread decodes its events without reading its definitions again.

import type { ChunkHeader } from "./chunk.ts";
import type { TraceInfo } from "./info.ts";
import { type ArenaMapping, type Context, Tables } from "./tables.ts";

/** What the events of a trace refer to, and where they are. */
export interface OpenedTrace {
  readonly info: TraceInfo;
  /** By id, the one that stands for none included. */
  readonly arenas: readonly ArenaMapping[];
  /** By arena id: number of the event that follows its unmapping. */
  readonly arenaGoneAt: ReadonlyMap<number, number>;
  /** By id, the one that stands for none included. */
  readonly contexts: readonly Context[];
  /** How many stacks there are, the empty one included. */
  readonly stacks: number;
  readonly eventChunks: readonly ChunkHeader[];
  /** Whether something is wrong with the file behind those chunks. */
  readonly isDamaged: boolean;
}

/** Tables with as many definitions, of stacks only their number. */
export function tablesOf({ arenas, arenaGoneAt, contexts, stacks }: OpenedTrace): Tables {
  const tables = new Tables();
  tables.arenas.splice(0, 1, ...arenas);
  tables.contexts.splice(0, 1, ...contexts);
  for (const [id, event] of arenaGoneAt) tables.arenaGoneAt.set(id, event);
  for (const column of [tables.nodeParent, tables.nodeCode, tables.nodeInstruction]) column.lengthen(stacks);
  return tables;
}
