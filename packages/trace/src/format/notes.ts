// What a recorder tells of the process's memory beside the events: the kernel's and the C library's accounts, how much of
// each arena is resident, and the mappings that the program made itself.

import { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { AccountField, NoteKind } from "./constants.ts";

/** The name of a field of an {@link Account}. */
export type AccountFieldName = keyof typeof AccountField;

/** How the process's memory was divided before event number `event`; bytes, 0 where the system does not tell. */
export interface Account extends Readonly<Record<AccountFieldName, number>> {
  readonly event: number;
  readonly elapsedNs: number;
}

/** Resident pages of the arenas that were mapped before event number `event`, by arena id. */
export interface ArenaResidency {
  readonly event: number;
  readonly pages: ReadonlyMap<number, number>;
}

/** The time before event number `event`, and the most that had been resident until then; 0 where the system does not tell. */
export interface ClockReading {
  readonly event: number;
  readonly elapsedNs: number;
  readonly peakRssBytes: number;
}

/** A mapping of 64 KiB or more that the program made itself, through Python's mmap module or in native code. */
export interface NativeMapping {
  readonly event: number;
  /** Of a file, rather than anonymous; visible to other processes, rather than private. */
  readonly isFile: boolean;
  readonly isShared: boolean;
  /** The Python code that ran: a stack id. */
  readonly stack: number;
  readonly base: number;
  readonly sizeBytes: number;
}

/** Resident bytes of such mappings before event number `event`, by mapping id. */
export interface MappingResidency {
  readonly event: number;
  readonly bytes: ReadonlyMap<number, number>;
}

/** A collection of cyclic garbage by the main interpreter. What it freed are the frees from `firstEvent` on and before `event`. */
export interface Collection {
  /** Number of the event that follows its end, and of the first one within it; equal where it freed nothing. */
  readonly event: number;
  readonly firstEvent: number;
  readonly generation: number;
  /** Since the start of the recording: when it began, and how long it took at most; 0 where its beginning went unseen. */
  readonly startNs: number;
  readonly elapsedNs: number;
  /** Objects that it freed, and those that it could not. */
  readonly collected: number;
  readonly uncollectable: number;
  /** Net containers made that begin a collection of generation 0, as it was set then; 0 where that was switched off. */
  readonly threshold: number;
}

/** All notes of a trace. */
export class Notes {
  readonly accounts: Account[] = [];
  readonly arenaResidency: ArenaResidency[] = [];
  /** By mapping id, from 1. */
  readonly mappings: NativeMapping[] = [
    { event: 0, isFile: false, isShared: false, stack: 0, base: 0, sizeBytes: 0 },
  ];
  /** By mapping id: number of the event that follows its unmapping. */
  readonly mappingGoneAt = new Map<number, number>();
  readonly mappingResidency: MappingResidency[] = [];
  /** In the order of their ends. */
  readonly collections: Collection[] = [];
  /** Between the samples, in the order of time. */
  readonly clocks: ClockReading[] = [];

  /** Takes in one note; `reader` holds its payload and no more. */
  read(kind: number, event: number, reader: ByteReader): void {
    if (kind === NoteKind.account) this.accounts.push(readAccount(event, reader));
    else if (kind === NoteKind.arenaResidency) this.arenaResidency.push(new NotedResidency(event, reader));
    else if (kind === NoteKind.mapping) this.mappings.push(readMapping(event, reader));
    else if (kind === NoteKind.mappingGone) this.mappingGoneAt.set(reader.varint("a mapping"), event);
    else if (kind === NoteKind.mappingResidency)
      this.mappingResidency.push({ event, bytes: readPairs(reader, "a mapping's resident bytes") });
    else if (kind === NoteKind.collection) this.collections.push(readCollection(event, reader));
    else if (kind === NoteKind.clock) this.clocks.push(readClock(event, reader));
  }
}

/** A long recording has thousands of these, each with all its arenas, and few of them are asked: kept as they were written. */
class NotedResidency implements ArenaResidency {
  readonly event: number;
  private readonly bytes: Uint8Array;
  private readonly fileOffset: number;

  constructor(event: number, reader: ByteReader) {
    this.event = event;
    this.fileOffset = reader.fileOffset + reader.position;
    this.bytes = new Uint8Array(
      reader.take(reader.bytes.length - reader.position, "an arena's resident pages"),
    );
  }

  /** @throws {TraceDamagedError} when they are no pairs. */
  get pages(): ReadonlyMap<number, number> {
    return readPairs(new ByteReader(this.bytes, this.fileOffset), "an arena's resident pages");
  }
}

const FIELDS = Object.entries(AccountField) as [AccountFieldName, number][];
const NAME_OF_FIELD = new Map(FIELDS.map(([name, number]) => [number, name]));
const NOTHING = Object.fromEntries(FIELDS.map(([name]) => [name, 0])) as Record<AccountFieldName, number>;

function readAccount(event: number, reader: ByteReader): Account {
  const account = { ...NOTHING, event, elapsedNs: reader.varint("a time") };
  for (const [number, bytes] of readPairs(reader, "a field of an account")) {
    const name = NAME_OF_FIELD.get(number);
    if (name !== undefined) account[name] = bytes;
  }
  return account;
}

function readMapping(event: number, reader: ByteReader): NativeMapping {
  const flags = reader.u8("a mapping's flags");
  const stack = reader.varint("a stack");
  const base = reader.varint("a base");
  const sizeBytes = reader.varint("a size");
  return { event, isFile: (flags & 1) !== 0, isShared: (flags & 2) !== 0, stack, base, sizeBytes };
}

function readCollection(event: number, reader: ByteReader): Collection {
  const generation = reader.varint("a generation");
  const firstEvent = reader.varint("an event");
  const startNs = reader.varint("a time");
  const elapsedNs = reader.varint("a time");
  const collected = reader.varint("a count of objects");
  const uncollectable = reader.varint("a count of objects");
  const threshold = reader.varint("a threshold");
  return { event, firstEvent, generation, startNs, elapsedNs, collected, uncollectable, threshold };
}

function readClock(event: number, reader: ByteReader): ClockReading {
  const elapsedNs = reader.varint("a time");
  return { event, elapsedNs, peakRssBytes: reader.varint("a peak") };
}

function readPairs(reader: ByteReader, what: string): Map<number, number> {
  const pairs = new Map<number, number>();
  while (!reader.atEnd) {
    const key = reader.varint(what);
    pairs.set(key, reader.varint(what));
  }
  return pairs;
}

/** The payload of a note, ready to be written. */
export const notePayload = {
  account(out: ByteWriter, account: Account): void {
    out.varint(account.elapsedNs);
    for (const [name, number] of FIELDS) if (account[name] !== 0) writePair(out, number, account[name]);
  },
  pairs(out: ByteWriter, pairs: ReadonlyMap<number, number>): void {
    for (const [key, value] of pairs) writePair(out, key, value);
  },
  mapping(out: ByteWriter, { isFile, isShared, stack, base, sizeBytes }: NativeMapping): void {
    out.u8((isFile ? 1 : 0) | (isShared ? 2 : 0));
    for (const number of [stack, base, sizeBytes]) out.varint(number);
  },
  collection(out: ByteWriter, one: Collection): void {
    const { generation, firstEvent, startNs, elapsedNs, collected, uncollectable, threshold } = one;
    for (const number of [generation, firstEvent, startNs, elapsedNs, collected, uncollectable, threshold])
      out.varint(number);
  },
  clock(out: ByteWriter, { elapsedNs, peakRssBytes }: ClockReading): void {
    out.varint(elapsedNs);
    out.varint(peakRssBytes);
  },
};

function writePair(out: ByteWriter, key: number, value: number): void {
  out.varint(key);
  out.varint(value);
}
