// The blocks that live at the moment a replay stands at.

import { classBytes, sizeClassOf } from "@obmalloc/abi";
import type { Domain } from "../format/constants.ts";
import type { Replay } from "../replay/replay.ts";

/** One live block. Addresses are those of the recorded process. */
export interface LiveBlock {
  readonly address: number;
  /** Requested bytes. */
  readonly sizeBytes: number;
  /** Bytes that it occupies in its pool; for a block outside of pools, the requested ones. */
  readonly blockBytes: number;
  /** Its size class; null outside of pools. */
  readonly szidx: number | null;
  readonly domain: "raw" | "mem" | "obj";
  /** Base of its arena; null outside of pools. */
  readonly arena: number | null;
  readonly stack: number;
}

const DOMAIN_NAMES = ["raw", "mem", "obj"] as const;

/** Blocks in pools first, arena by arena and by address in each, then those outside of pools. */
export function* liveBlocks(replay: Replay): Generator<LiveBlock> {
  const { live } = replay.machine;
  const { profile } = replay;
  for (const arena of replay.machine.arenas.all()) {
    for (const linear of live.within(arena.linear, arena.linear + profile.pymalloc.arenaBytes)) {
      const sizeBytes = live.sizeAt(linear);
      const szidx = sizeClassOf(profile, sizeBytes);
      yield {
        address: arena.base + (linear - arena.linear),
        sizeBytes,
        blockBytes: classBytes(profile, szidx),
        szidx,
        domain: DOMAIN_NAMES[live.domainAt(linear)],
        arena: arena.base,
        stack: live.stackAt(linear),
      };
    }
  }
  for (const { address, sizeBytes, domain, stack } of replay.machine.outsideBlocks.all()) {
    yield {
      address,
      sizeBytes,
      blockBytes: sizeBytes,
      szidx: null,
      domain: DOMAIN_NAMES[domain as Domain],
      arena: null,
      stack,
    };
  }
}
