// Each carved pool: its header, its free list, its place in a ring of used pools.

import {
  classBytes,
  formatAddress,
  type PoolAddress,
  poolCapacity,
  poolHeader,
  poolOverheadBytes,
  sizeClassCount,
} from "@obmalloc/abi";
import type { Report } from "./check-report.ts";
import type { PoolView, StateView } from "./state-view.ts";

/** Verifies every carved pool and every ring. */
export function checkPools(view: StateView, report: Report): void {
  const inRing = checkRings(view, report);
  for (const arena of view.arenas()) {
    for (const address of view.carvedPools(arena)) {
      const pool = view.pool(address);
      if (pool.arenaindex !== arena.index) {
        report("pool-arena", address, `A pool of slot ${arena.index} names slot ${pool.arenaindex}.`);
      }
      if (!view.isSizeClass(pool.szidx)) {
        report("pool-class", address, `A pool has the size class ${pool.szidx}, which does not exist.`);
        continue;
      }
      checkOffsets(view, pool, report);
      checkFreeList(view, pool, report);
      checkHighWords(view, pool, report);
      const used = pool.ref !== 0 && pool.freeblock !== 0;
      if (used !== (inRing.get(address) === pool.szidx)) {
        report(
          "ring-members",
          address,
          `A pool that is ${used ? "" : "not "}in use is in the wrong ring or in none.`,
        );
      }
    }
  }
}

/** Walks all rings; returns the size class of the ring that each pool was met in. */
function checkRings(view: StateView, report: Report): Map<PoolAddress, number> {
  const inRing = new Map<PoolAddress, number>();
  for (let szidx = 0; szidx < sizeClassCount(view.profile); szidx++) {
    const { items: pools, badLink } = view.ring(szidx);
    if (badLink !== undefined) {
      const to = formatAddress(badLink.to);
      report("ring-links", badLink.at, `The ring of class ${szidx} leads to ${to}: no pool, or a cycle.`);
    }
    let previous = view.ringAnchor(szidx);
    for (const pool of pools) {
      inRing.set(pool, szidx);
      if (view.pool(pool).prevpool !== previous) {
        report("ring-links", pool, `prevpool of a pool of class ${szidx} is not the pool before it.`);
      }
      previous = pool;
    }
    const lastAt = view.ringAnchor(szidx) + poolHeader(view.profile.model).offsets.prevpool;
    if (badLink === undefined && view.pointer(lastAt) !== previous) {
      report("ring-links", lastAt, `The ring of class ${szidx} does not end with its last pool.`);
    }
  }
  return inRing;
}

function checkOffsets(view: StateView, pool: PoolView, report: Report): void {
  const sizeBytes = classBytes(view.profile, pool.szidx);
  const largest = view.profile.pymalloc.poolBytes - sizeBytes;
  if (pool.maxnextoffset !== largest) {
    report("pool-offsets", pool.pool, `maxnextoffset is ${pool.maxnextoffset}, expected ${largest}.`);
  }
  const carved = carvedBlocks(view, pool);
  if (!Number.isInteger(carved) || carved < 2 || carved > poolCapacity(view.profile, pool.szidx)) {
    report("pool-offsets", pool.pool, `nextoffset is ${pool.nextoffset}, which no block begins at.`);
  }
}

function checkFreeList(view: StateView, pool: PoolView, report: Report): void {
  const { items: blocks, badLink } = view.freeList(pool);
  if (badLink !== undefined) {
    const where = `the pool at ${formatAddress(pool.pool)}`;
    report("free-list", badLink.at, `The free list of ${where} leads to ${formatAddress(badLink.to)}.`);
    return;
  }
  const early = blocks.find((block) => block >= pool.pool + pool.nextoffset);
  if (early !== undefined) {
    report("free-list", early, "A block is on a free list and has never been handed out.");
  }
  const capacity = poolCapacity(view.profile, pool.szidx);
  const carved = carvedBlocks(view, pool);
  if (pool.ref + blocks.length !== carved) {
    report(
      "pool-count",
      pool.pool,
      `${pool.ref} blocks in use and ${blocks.length} free ones do not add up to the ${carved} carved.`,
    );
  }
  if (blocks.length === 0 && pool.ref !== capacity) {
    report("pool-count", pool.pool, `${pool.ref} of ${capacity} blocks are in use and none is free.`);
  }
}

/** Pointers are 64 bits wide where the model says so; their high halves are 0 in a memory of 4 GiB. */
function checkHighWords(view: StateView, pool: PoolView, report: Report): void {
  if (view.profile.model.pointerBytes === 4) return;
  const { freeblock, nextpool, prevpool } = poolHeader(view.profile.model).offsets;
  for (const offset of [freeblock, nextpool, prevpool]) {
    if (view.pointer(pool.pool + offset + 4) !== 0) {
      report("high-word", pool.pool + offset, "A pointer of a pool header leads above 4 GiB.");
    }
  }
  for (const block of view.freeList(pool).items) {
    if (view.pointer(block + 4) !== 0) report("high-word", block, "A link of a free list leads above 4 GiB.");
  }
}

function carvedBlocks(view: StateView, pool: PoolView): number {
  return (pool.nextoffset - poolOverheadBytes(view.profile)) / classBytes(view.profile, pool.szidx);
}
