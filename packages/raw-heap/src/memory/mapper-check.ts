// The page mapper's invariants, verified from its bytes. Every walk is bounded by the number of free ranges.

import { formatAddress, type Violation } from "@obmalloc/abi";
import type { LinearMemory } from "./linear-memory.ts";
import { BIN_COUNT, binOf, PAGE_BYTES, type PageRange, RANGE, WORDS_PER_PAGE } from "./mapper-layout.ts";
import { firstPageFor, fixedFields, type HeaderField, type PageBooks } from "./page-books.ts";

type Report = (rule: string, address: number, message: string) => void;

/** All violated invariants; `ranges` is what the map of mapped pages says. */
export function checkMapper(
  memory: LinearMemory,
  books: PageBooks,
  ranges: readonly PageRange[],
): Violation[] {
  const violations: Violation[] = [];
  const report: Report = (rule, address, message) => {
    violations.push(Object.freeze({ rule, address, message }));
  };
  const words = memory.u32;
  const { magic, header, limit } = fixedFields(memory);
  const fixed: [HeaderField, number][] = [
    ["magic", magic],
    ["header", header],
    ["limit", Math.min(books.get("limit"), limit)],
    ["first", firstPageFor(header, books.get("limit"))],
  ];
  for (const [field, expected] of fixed) {
    const found = books.get(field);
    if (found === expected) continue;
    report("header", books.addressOf(field), `The header's ${field} is ${found}, not ${expected}.`);
    return violations;
  }
  const frontier = books.get("frontier");
  if (
    frontier > books.get("limit") ||
    frontier * PAGE_BYTES > memory.byteLength ||
    frontier < books.get("first")
  ) {
    report("frontier", books.addressOf("frontier"), `The frontier is page ${frontier}, outside the memory.`);
    return violations;
  }
  const pagesOf = (wanted: readonly PageRange[]) =>
    wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / PAGE_BYTES;
  const mapped = pagesOf(ranges.filter((range) => range.mapped));
  const counted = books.get("mapped");
  if (counted !== mapped) {
    report("mapped-pages", books.addressOf("mapped"), `${counted} pages are counted, ${mapped} are mapped.`);
  }
  const peak = books.get("peak");
  if (peak < mapped) {
    report("mapped-pages", books.addressOf("peak"), `The peak is ${peak} pages, ${mapped} are mapped.`);
  }
  const foreign = pagesOf(ranges.filter((range) => range.foreign === true));
  if (books.get("foreignPages") !== foreign) {
    report(
      "foreign-pages",
      books.addressOf("foreignPages"),
      `${books.get("foreignPages")} pages are counted as foreign, ${foreign} are noted.`,
    );
  }
  const free = ranges.filter((range) => !range.mapped && range.foreign !== true);
  checkBins(words, books, free, report);
  for (const range of free) checkContent(words, range, report);
  if (memory.startAddress === 0) reportFirstByte(words, 0, WORDS_PER_PAGE, "null-page", report);
  return violations;
}

/** Each free range is in the bin of its length, once, and nothing else is. */
function checkBins(words: Uint32Array, books: PageBooks, free: readonly PageRange[], report: Report): void {
  const expected = new Map(
    free.map(({ address, sizeBytes }) => [address / PAGE_BYTES, sizeBytes / PAGE_BYTES]),
  );
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    let previous = 0;
    for (let range = books.firstOf(bin); range !== 0; range = words[range * WORDS_PER_PAGE + RANGE.next]!) {
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
