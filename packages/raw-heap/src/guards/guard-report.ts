// What the guards know at one moment, as JSON and as text.

import { formatAddress, type Violation } from "@obmalloc/abi";
import { stackLines } from "./guard-errors.ts";
import type { GuardedBlock } from "./guarded-block.ts";

/** Live blocks that were allocated at one place of the program. */
export interface AllocationSite {
  readonly blocks: number;
  readonly bytes: number;
  /** Innermost call first. */
  readonly stack: readonly string[];
}

/** Plain frozen data, ready for `JSON.stringify`. */
export interface GuardReport {
  /** Allocations so far. */
  readonly allocations: number;
  readonly liveBlocks: number;
  readonly liveBytes: number;
  /** Blocks that were freed but are not given out yet. */
  readonly quarantine: { readonly blocks: number; readonly bytes: number; readonly limitBytes: number };
  /** All that `check()` finds. */
  readonly damage: readonly Violation[];
  /** By bytes, the most first. */
  readonly sites: readonly AllocationSite[];
  /** Live blocks, the oldest first. */
  readonly blocks: readonly GuardedBlock[];
}

/** Blocks summed up by the stacks of their allocation. */
export function sitesOf(blocks: Iterable<GuardedBlock>): AllocationSite[] {
  const sites = new Map<string, { blocks: number; bytes: number; stack: readonly string[] }>();
  for (const { sizeBytes, allocatedBy } of blocks) {
    const key = allocatedBy.join("\n");
    const site = sites.get(key) ?? { blocks: 0, bytes: 0, stack: allocatedBy };
    site.blocks++;
    site.bytes += sizeBytes;
    sites.set(key, site);
  }
  return [...sites.values()].sort((a, b) => b.bytes - a.bytes).map((site) => Object.freeze(site));
}

/** The report for people: sums, damage, then the places whose blocks are live. */
export function formatReport(report: GuardReport): string {
  const { allocations, liveBlocks, liveBytes, quarantine, damage, sites } = report;
  const lines = [
    `${allocations} allocations, ${liveBlocks} blocks live (${liveBytes} bytes), ${quarantine.blocks} in quarantine ` +
      `(${quarantine.bytes} of ${quarantine.limitBytes} bytes)`,
  ];
  for (const { rule, address, message } of damage)
    lines.push(`${formatAddress(address)} ${rule}: ${message}`);
  lines.push(...siteLines(sites));
  return lines.join("\n");
}

export function siteLines(sites: readonly AllocationSite[]): string[] {
  return sites.flatMap(({ blocks, bytes, stack }) => [
    `${bytes} bytes in ${blocks} block${blocks === 1 ? "" : "s"} allocated by`,
    ...stackLines(stack),
  ]);
}
