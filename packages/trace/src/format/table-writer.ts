// From definitions to the bytes of a TABLES chunk: the other direction of tables.ts. Ids count from 1.

import { ByteWriter } from "./byte-writer.ts";
import { NoteKind, TableRecord } from "./constants.ts";
import {
  type Account,
  type ArenaResidency,
  type ClockReading,
  type Collection,
  type MappingResidency,
  type NativeMapping,
  notePayload,
} from "./notes.ts";
import type { ArenaMapping, Code, Context, Mark, Region, Sample } from "./tables.ts";

const utf8 = new TextEncoder();

/** Collects definitions; {@link take} ends a chunk. Strings and nodes are written once. */
export class TableWriter {
  private readonly out = new ByteWriter();
  private readonly strings = new Map<string, number>([["", 0]]);
  private readonly nodes = new Map<string, number>();
  private codes = 0;
  private readonly arenas: ArenaMapping[] = [];
  private contexts = 0;
  private mappings = 0;

  get byteLength(): number {
    return this.out.length;
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.out.takeBytes();
  }

  code(code: Code): number {
    const file = this.string(code.file);
    const name = this.string(code.name);
    this.record(TableRecord.code, file, name, code.firstLine);
    this.out.u8(code.lineTableKind);
    this.out.varint(code.lineTable.length);
    this.out.put(code.lineTable);
    return ++this.codes;
  }

  /** A stack: its caller's (0: none), its code, and the byte offset of its instruction (-2: not begun). */
  stack(parent: number, code: number, instructionOffset: number): number {
    const key = `${parent},${code},${instructionOffset}`;
    let id = this.nodes.get(key);
    if (id === undefined) {
      this.record(TableRecord.node, parent, code, instructionOffset + 2);
      id = this.nodes.size + 1;
      this.nodes.set(key, id);
    }
    return id;
  }

  arena(mapping: ArenaMapping): number {
    this.record(TableRecord.arena, mapping.base, mapping.sizeBytes, mapping.mappedAt);
    return this.arenas.push(mapping);
  }

  /** Arena `id` was unmapped before event number `event`. */
  arenaGone(id: number, event: number): void {
    this.record(TableRecord.arenaGone, id, event);
  }

  /** The arena that {@link arena} gave this id. */
  arenaOf(id: number): ArenaMapping {
    const arena = this.arenas[id - 1];
    if (arena === undefined)
      throw new RangeError(`There is no arena ${id}: the tables have ${this.arenas.length}.`);
    return arena;
  }

  context({ threadId, heap }: Context): number {
    this.record(TableRecord.context, threadId, heap);
    return ++this.contexts;
  }

  region({ event, mapped, base, sizeBytes }: Region): void {
    this.record(TableRecord.region, event);
    this.out.u8(mapped ? 1 : 0);
    this.out.varint(base);
    this.out.varint(sizeBytes);
  }

  sample({ event, elapsedNs, rssPages, sizePages, sharedPages }: Sample): void {
    this.record(TableRecord.sample, event, elapsedNs, rssPages, sizePages, sharedPages);
  }

  mark({ event, kind, label, elapsedNs, rssPages, evidence }: Mark): void {
    this.record(TableRecord.mark, event);
    this.out.u8(kind);
    this.out.varint(elapsedNs);
    this.out.varint(rssPages);
    this.text(label);
    this.text(evidence);
  }

  account(account: Account): void {
    this.note(NoteKind.account, account.event, (out) => notePayload.account(out, account));
  }

  arenaResidency({ event, pages }: ArenaResidency): void {
    this.note(NoteKind.arenaResidency, event, (out) => notePayload.pairs(out, pages));
  }

  /** A mapping that the program made itself. */
  mapping(mapping: NativeMapping): number {
    this.note(NoteKind.mapping, mapping.event, (out) => notePayload.mapping(out, mapping));
    return ++this.mappings;
  }

  /** The mapping that {@link mapping} gave this id was unmapped before event number `event`. */
  mappingGone(id: number, event: number): void {
    this.note(NoteKind.mappingGone, event, (out) => out.varint(id));
  }

  mappingResidency({ event, bytes }: MappingResidency): void {
    this.note(NoteKind.mappingResidency, event, (out) => notePayload.pairs(out, bytes));
  }

  collection(collection: Collection): void {
    this.note(NoteKind.collection, collection.event, (out) => notePayload.collection(out, collection));
  }

  clock(reading: ClockReading): void {
    this.note(NoteKind.clock, reading.event, (out) => notePayload.clock(out, reading));
  }

  private note(kind: number, event: number, write: (out: ByteWriter) => void): void {
    const payload = new ByteWriter(256);
    write(payload);
    this.out.u8(TableRecord.note);
    this.out.u8(kind);
    this.out.varint(event);
    this.out.varint(payload.length);
    this.out.put(payload.takeBytes());
  }

  private string(text: string): number {
    let id = this.strings.get(text);
    if (id === undefined) {
      id = this.strings.size;
      this.strings.set(text, id);
      this.record(TableRecord.string);
      this.text(text);
    }
    return id;
  }

  private text(text: string): void {
    const bytes = utf8.encode(text);
    this.out.varint(bytes.length);
    this.out.put(bytes);
  }

  private record(kind: number, ...numbers: number[]): void {
    this.out.u8(kind);
    for (const number of numbers) this.out.varint(number);
  }
}
