// The allocators of one stream, opened: all with the same operations, those that would take for ever with fewer.

import type { Contender, Timing } from "./contender.ts";
import { cutScale, type Search } from "./cut-scale.ts";
import type { Candidate, Entrant, Origin, StreamOnDisk } from "./entrant.ts";
import type { StreamFacts } from "./result.ts";
import { streamOnDisk } from "./stream-file.ts";
import type { StreamKind, StreamScale } from "./streams/kind.ts";
import type { Stream } from "./streams/stream.ts";

/** An allocator that can take part. */
export interface Ready {
  readonly candidate: Candidate;
  readonly entrant: Entrant;
}

/** An allocator with one stream. */
export interface Participant {
  readonly name: string;
  readonly origin: Origin;
  readonly isControl: boolean;
  readonly facts: StreamFacts;
  readonly contender: Contender;
  readonly timings: Timing[];
}

/** Which stream, and a folder for its file. */
export interface StreamPlace {
  readonly kind: StreamKind;
  readonly scale: StreamScale;
  readonly seed: number;
  readonly folder: string;
}

/** Adds to `participants`, which has what is to be closed even when this fails. */
export async function openParticipants(
  participants: Participant[],
  { kind, scale, seed, folder }: StreamPlace,
  ready: readonly Ready[],
  controls: readonly Ready[],
  failed: (name: string, error: unknown) => void,
): Promise<void> {
  const make = (of: StreamScale) => streamOnDisk(kind.make({ ...of, seed }), folder);
  const whole = make(scale);
  const cuts = new Map<Search, StreamOnDisk>();
  const cut = (search: Search): StreamOnDisk => {
    if (!cuts.has(search)) cuts.set(search, make(cutScale(scale, search)));
    return cuts.get(search)!;
  };
  const add = async ({ candidate, entrant }: Ready, isControl: boolean) => {
    const { name, origin, searches } = candidate;
    const stream = searches === undefined ? whole : cut(searches);
    const facts = factsOf(stream.stream, whole.stream);
    try {
      const contender = await entrant.open(stream);
      participants.push({ name, origin, isControl, facts, contender, timings: [] });
    } catch (error) {
      failed(name, error);
    }
  };
  for (const one of ready) await add(one, false);
  for (const one of controls) await add(one, true);
}

export async function closeAll(participants: readonly Participant[]): Promise<void> {
  await Promise.all(participants.map(({ contender }) => contender.close()));
}

function factsOf(stream: Stream, whole: Stream): StreamFacts {
  const { ops, setup, timedCalls, liveSlots, liveBytesAtEnd, liveBytesAtPeak } = stream;
  return {
    operations: ops.length - setup,
    calls: timedCalls,
    liveBlocks: liveSlots.length,
    liveBytesAtEnd,
    liveBytesAtPeak,
    isCut: ops.length < whole.ops.length || stream.slotCount < whole.slotCount,
  };
}
