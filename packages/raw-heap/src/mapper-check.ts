// The page mapper's invariants, verified from its bytes. Every walk is bounded by the number of free ranges.

import { formatAddress, type Violation } from "@obmalloc/abi";
import type { LinearMemory } from "./linear-memory.ts";
import {
  BIN_COUNT,
  binOf,
  MAPPER,
  PAGE_BYTES,
  type PageRange,
  RANGE,
  WORDS_PER_PAGE,
} from "./mapper-layout.ts";

type Report = (rule: string, address: number, message: string) => void;

/** All violated invariants; `ranges` is what the map of mapped pages says. */
export function checkMapper(memory: LinearMemory, ranges: readonly PageRange[]): Violation[] {
  const violations: Violation[] = [];
  const report: Report = (rule, address, message) => {
    violations.push(Object.freeze({ rule, address, message }));
  };
  const words = memory.u32;
  const frontier = words[MAPPER.frontier]!;
  if (
    frontier > words[MAPPER.limit]! ||
    frontier * PAGE_BYTES > memory.byteLength ||
    frontier < words[MAPPER.first]!
  ) {
    report("frontier", MAPPER.frontier * 4, `The frontier is page ${frontier}, outside the memory.`);
    return violations;
  }
  const mappedPages =
    ranges.reduce((sum, { mapped, sizeBytes }) => sum + (mapped ? sizeBytes : 0), 0) / PAGE_BYTES;
  if (words[MAPPER.mapped] !== mappedPages) {
    report(
      "mapped-pages",
      MAPPER.mapped * 4,
      `${words[MAPPER.mapped]} pages are counted, ${mappedPages} are mapped.`,
    );
  }
  if (words[MAPPER.peak]! < mappedPages) {
    report(
      "mapped-pages",
      MAPPER.peak * 4,
      `The peak is ${words[MAPPER.peak]} pages, ${mappedPages} are mapped.`,
    );
  }
  const free = ranges.filter(({ mapped }) => !mapped);
  checkBins(words, free, report);
  for (const range of free) checkContent(words, range, report);
  reportFirstByte(words, 0, WORDS_PER_PAGE, "null-page", report);
  return violations;
}

/** Each free range is in the bin of its length, once, and nothing else is. */
function checkBins(words: Uint32Array, free: readonly PageRange[], report: Report): void {
  const expected = new Map(
    free.map(({ address, sizeBytes }) => [address / PAGE_BYTES, sizeBytes / PAGE_BYTES]),
  );
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    let previous = 0;
    for (
      let range = words[MAPPER.bins + bin]!;
      range !== 0;
      range = words[range * WORDS_PER_PAGE + RANGE.next]!
    ) {
      const address = range * PAGE_BYTES;
      const pages = expected.get(range);
      if (pages === undefined) {
        report(
          "bins",
          address,
          `Bin ${bin} leads to ${formatAddress(address)}: no free range, or one met before.`,
        );
        break;
      }
      expected.delete(range);
      if (binOf(pages) !== bin) report("bins", address, `A free range of ${pages} pages is in bin ${bin}.`);
      if (words[range * WORDS_PER_PAGE + RANGE.previous] !== previous) {
        report("bins", address, `The free range at ${formatAddress(address)} has a wrong link back.`);
      }
      previous = range;
    }
  }
  for (const page of expected.keys()) {
    report("bins", page * PAGE_BYTES, `The free range at ${formatAddress(page * PAGE_BYTES)} is in no bin.`);
  }
}

/** A free range names its length at both ends, and every other byte is 0. */
function checkContent(words: Uint32Array, { address, sizeBytes }: PageRange, report: Report): void {
  const first = address / 4;
  const last = first + sizeBytes / 4 - 1;
  const pages = sizeBytes / PAGE_BYTES;
  if (words[first + RANGE.count] !== pages || words[last] !== pages) {
    report("free-range", address, `A free range of ${pages} pages does not say so at both ends.`);
  }
  reportFirstByte(words, first + 3, last, "write-after-unmap", report);
}

function reportFirstByte(words: Uint32Array, start: number, end: number, rule: string, report: Report): void {
  for (let word = start; word < end; word++) {
    if (words[word] === 0) continue;
    report(rule, word * 4, `Something wrote to ${formatAddress(word * 4)}, which is not mapped.`);
    return;
  }
}
