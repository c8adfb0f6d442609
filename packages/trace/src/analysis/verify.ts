// The certificate: whether a recording replays address by address.

import type { TraceError } from "../errors.ts";
import type { TraceReader } from "../format/reader.ts";
import type { Mismatch } from "../replay/mismatch.ts";
import { type EvidenceCheck, Replay, type ReplayOptions } from "../replay/replay.ts";

/** What a complete replay has proved, or where it stopped. */
export interface Certificate {
  /** Whether every event was replayed, every address came out, and every text of the process was reproduced. */
  readonly exact: boolean;
  /** Whether the recorded allocator has pools to replay; without, there is nothing to certify. */
  readonly hasPools: boolean;
  readonly events: number;
  readonly eventsReplayed: number;
  /** Addresses that were compared with the recorded ones. */
  readonly addressesCompared: number;
  readonly mismatches: number;
  readonly mismatch: Mismatch | undefined;
  readonly damage: TraceError | undefined;
  /** One entry for each moment at which the process was asked for its own account. */
  readonly evidence: readonly EvidenceCheck[];
  /** Arenas mapped at the end, and in all. */
  readonly arenas: number;
  readonly arenasTotal: number;
}

/** Replays all of `trace` and says how exact it was. */
export function verify(
  trace: TraceReader,
  options: Pick<ReplayOptions, "onProgress" | "events"> = {},
): Certificate {
  const replay = new Replay(trace, { ...options, stacks: false }).runTo();
  const replayed =
    replay.mismatch === undefined && replay.damage === undefined && replay.event === trace.eventCount;
  const heaps = [...replay.machine.allHeaps()].map(({ heap }) => heap);
  return {
    exact:
      replayed &&
      replay.hasPools &&
      trace.info.derivedFrom === undefined &&
      replay.evidence.every((check) => check.equal),
    hasPools: replay.hasPools,
    events: trace.eventCount,
    eventsReplayed: replay.event,
    addressesCompared: replay.machine.compared,
    mismatches: replay.mismatch === undefined ? 0 : 1,
    mismatch: replay.mismatch,
    damage: replay.damage,
    evidence: replay.evidence,
    arenas: heaps.reduce((sum, heap) => sum + heap.arenaCount, 0),
    arenasTotal: heaps.reduce((sum, heap) => sum + heap.arenasAllocatedTotal, 0),
  };
}
