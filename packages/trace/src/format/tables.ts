// What the events refer to, read from TABLES chunks: code, stacks, arenas, threads; and what lies beside the events:
// samples, markers, other mappings. Ids count from 1 in the order of definition.

import { ByteReader } from "./byte-reader.ts";
import { TableRecord } from "./constants.ts";
import { GrowingInts } from "./growing-ints.ts";
import { Notes } from "./notes.ts";

/** How a code object's line table is encoded. */
export const LineTableKind = { none: 0, lnotab: 1, linetable310: 2, locations: 3 } as const;

/** A code object, copied when a frame of it was first seen. */
export interface Code {
  readonly file: string;
  /** The qualified name from 3.11 on, the plain name before. */
  readonly name: string;
  readonly firstLine: number;
  readonly lineTableKind: number;
  readonly lineTable: Uint8Array;
}

/** One mapping of an arena. The same base has a new id each time it is mapped. */
export interface ArenaMapping {
  readonly base: number;
  readonly sizeBytes: number;
  /** Number of the event that it was mapped inside of. */
  readonly mappedAt: number;
}

/** Who made the events that follow: a thread, and the pymalloc state that its interpreter allocates from. */
export interface Context {
  readonly threadId: number;
  readonly heap: number;
}

/** Memory that came from the arena allocator and is no arena: the chunks of Python's data stack (3.11 on). */
export interface Region {
  readonly event: number;
  readonly mapped: boolean;
  readonly base: number;
  readonly sizeBytes: number;
}

/** The process as the kernel saw it before event number `event`. */
export interface Sample {
  readonly event: number;
  readonly elapsedNs: number;
  readonly rssPages: number;
  readonly sizePages: number;
  readonly sharedPages: number;
}

/** Why a moment has a name: the program set it, the interpreter began to shut down, or the process became another program or two. */
export const MarkKind = { user: 1, shutdown: 2, exec: 3, fork: 4 } as const;

/** A named moment: the state after the events before `event`. */
export interface Mark {
  readonly event: number;
  readonly kind: number;
  readonly label: string;
  readonly elapsedNs: number;
  readonly rssPages: number;
  /** What `sys._debugmallocstats()` said of pymalloc at this moment; empty when it was not asked. */
  readonly evidence: string;
}

const text = new TextDecoder();

/** All definitions of a trace, or of as much of it as was read. */
export class Tables {
  readonly strings: string[] = [""];
  readonly codes: Code[] = [
    { file: "", name: "", firstLine: 0, lineTableKind: 0, lineTable: new Uint8Array(0) },
  ];
  readonly arenas: ArenaMapping[] = [{ base: 0, sizeBytes: 0, mappedAt: 0 }];
  readonly contexts: Context[] = [{ threadId: 0, heap: 0 }];
  /** By arena id: number of the event that follows its unmapping. */
  readonly arenaGoneAt = new Map<number, number>();
  readonly regions: Region[] = [];
  readonly samples: Sample[] = [];
  readonly marks: Mark[] = [];
  /** What holds memory besides the blocks. */
  readonly notes = new Notes();
  /** Stack nodes, by id: the caller's node (0: outermost), the code, and the byte offset of its instruction plus 2. */
  readonly nodeParent = new GrowingInts();
  readonly nodeCode = new GrowingInts();
  readonly nodeInstruction = new GrowingInts();

  constructor() {
    for (const column of [this.nodeParent, this.nodeCode, this.nodeInstruction]) column.push(0);
  }

  /**
   * Adds the definitions of one chunk.
   *
   * @throws {TraceDamagedError} at the first record that cannot be read; what came before it is kept.
   */
  read(payload: Uint8Array, fileOffset: number): void {
    const reader = new ByteReader(payload, fileOffset);
    while (!reader.atEnd) this.readRecord(reader);
  }

  /** Ids of the arenas that are mapped between event `event` - 1 and event `event`. */
  *arenasAt(event: number): Generator<number> {
    for (const [id, arena] of this.arenas.entries()) {
      const goneAt = this.arenaGoneAt.get(id) ?? Number.POSITIVE_INFINITY;
      if (id > 0 && arena.mappedAt <= event && goneAt > event) yield id;
    }
  }

  private readRecord(r: ByteReader): void {
    const kind = r.u8("a definition's kind");
    if (kind === TableRecord.node) this.readNodes(r);
    else if (kind === TableRecord.string) this.strings.push(readText(r, "a string"));
    else if (kind === TableRecord.code) this.readCode(r);
    else if (kind === TableRecord.arena) this.readArena(r);
    else if (kind === TableRecord.arenaGone) this.readArenaGone(r);
    else if (kind === TableRecord.context)
      this.contexts.push({ threadId: r.varint("a thread"), heap: r.varint("a heap") });
    else if (kind === TableRecord.region) this.readRegion(r);
    else if (kind === TableRecord.sample) this.readSample(r);
    else if (kind === TableRecord.mark) this.readMark(r);
    else if (kind === TableRecord.note) this.readNote(r);
    else throw r.damage(`a definition of the unknown kind ${kind}`);
  }

  /** A node, and those that follow it: most definitions are nodes. */
  private readNodes(r: ByteReader): void {
    do {
      const parent = r.varint("a stack's caller");
      const code = r.varint("a stack's code");
      if (parent >= this.nodeParent.length || code >= this.codes.length) {
        throw r.damage("a stack refers to something that is not defined");
      }
      this.nodeInstruction.push(r.varint("an instruction"));
      this.nodeParent.push(parent);
      this.nodeCode.push(code);
    } while (r.passes(TableRecord.node));
  }

  private readCode(r: ByteReader): void {
    const file = this.strings[r.varint("a file's name")];
    const name = this.strings[r.varint("a function's name")];
    if (file === undefined || name === undefined)
      throw r.damage("a code object refers to a string that is not defined");
    const firstLine = r.varint("a first line") | 0;
    const lineTableKind = r.u8("a line table's kind");
    const lineTable = new Uint8Array(r.take(r.varint("a line table's length"), "a line table"));
    this.codes.push({ file, name, firstLine, lineTableKind, lineTable });
  }

  private readArena(r: ByteReader): void {
    const base = r.varint("an arena's base");
    const sizeBytes = r.varint("an arena's size");
    this.arenas.push({ base, sizeBytes, mappedAt: r.varint("an event number") });
  }

  private readArenaGone(r: ByteReader): void {
    const id = r.varint("an arena");
    if (id === 0 || id >= this.arenas.length) throw r.damage("an arena goes that is not defined");
    this.arenaGoneAt.set(id, r.varint("an event number"));
  }

  private readRegion(r: ByteReader): void {
    const event = r.varint("an event number");
    const mapped = r.u8("a mapping's direction") !== 0;
    this.regions.push({ event, mapped, base: r.varint("a base"), sizeBytes: r.varint("a size") });
  }

  private readSample(r: ByteReader): void {
    const event = r.varint("an event number");
    const elapsedNs = r.varint("a time");
    const rssPages = r.varint("a resident set");
    this.samples.push({
      event,
      elapsedNs,
      rssPages,
      sizePages: r.varint("a size"),
      sharedPages: r.varint("shared pages"),
    });
  }

  private readNote(r: ByteReader): void {
    const kind = r.u8("a note's kind");
    const event = r.varint("an event number");
    const payload = r.take(r.varint("a note's length"), "a note");
    this.notes.read(kind, event, new ByteReader(payload, r.fileOffset + r.position - payload.length));
  }

  private readMark(r: ByteReader): void {
    const event = r.varint("an event number");
    const kind = r.u8("a marker's kind");
    const elapsedNs = r.varint("a time");
    const rssPages = r.varint("a resident set");
    const label = readText(r, "a label");
    this.marks.push({
      event,
      kind,
      label,
      elapsedNs,
      rssPages,
      evidence: readText(r, "a marker's evidence"),
    });
  }
}

function readText(r: ByteReader, what: string): string {
  return text.decode(r.take(r.varint(`${what}'s length`), what));
}
