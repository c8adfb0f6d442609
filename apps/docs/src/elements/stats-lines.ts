// What each line of sys._debugmallocstats() says.

export interface ExplainedLine {
  readonly line: string;
  readonly meaning: string;
}

type Rule = readonly [pattern: RegExp, explain: (match: RegExpExecArray) => string];

const bytes = (text: string | undefined) => Number((text ?? "0").replaceAll(",", ""));
const shown = (count: number) => count.toLocaleString("en");

const RULES: readonly Rule[] = [
  [
    /^Small block threshold = (\d+), in (\d+) size classes/,
    ([, limit, classes]) =>
      `Requests of 1 to ${limit} bytes are pymalloc's; larger ones go to malloc. Sizes are rounded up to ${classes} classes, ${Number(limit) / Number(classes)} bytes apart.`,
  ],
  [
    /^Medium block threshold = (\d+)/,
    ([, limit]) =>
      `This is mimalloc's report. Up to ${shown(Number(limit))} bytes a block comes from a page of medium blocks.`,
  ],
  [
    /^Large object max size = (\d+)/,
    ([, limit]) => `Of mimalloc: larger blocks than ${shown(Number(limit))} bytes have pages of their own.`,
  ],
  [/^\s*Allocated Blocks: (\d+)/, () => "Of mimalloc: blocks in use."],
  [/^\s*Allocated Bytes: (\d+)/, () => "Of mimalloc: the bytes of these blocks, by their size class."],
  [
    /^\s*Allocated Bytes w\/ Overhead: (\d+)/,
    () => "Of mimalloc: the same with what it needs itself for each block.",
  ],
  [/^\s*Bytes Reserved: (\d+)/, () => "Of mimalloc: address space of the pages that it has cut into blocks."],
  [/^\s*Bytes Committed: (\d+)/, () => "Of mimalloc: as much of it as blocks were cut from so far."],
  [
    /^class\s+size\s+num pools/,
    () => "Head of the table: one row for each size class that has a pool with a block in use.",
  ],
  [/^-----/, () => "A rule below the head."],
  [
    /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*$/,
    ([, szidx, size, pools, used, free]) => {
      const all = Number(used) + Number(free);
      return `Class ${szidx}: blocks of ${size} bytes, in ${shown(Number(pools))} pools. ${shown(Number(used))} of ${shown(all)} are in use (${((Number(used) / all) * 100).toFixed(1)} %); the ${shown(Number(free))} others, ${shown(Number(free) * Number(size))} bytes, only serve this class.`;
    },
  ],
  [
    /^# times object malloc called\s+=\s+([\d,]+)/,
    () => "Calls of the debug hooks' malloc so far: the serial number of the last block.",
  ],
  [/^# arenas allocated total\s+=\s+([\d,]+)/, () => "Arenas that were ever taken from the system."],
  [
    /^# arenas reclaimed\s+=\s+([\d,]+)/,
    ([, n]) =>
      bytes(n) === 0 ? "None was given back so far." : "So many were given back: all their pools were free.",
  ],
  [/^# arenas highwater mark\s+=\s+([\d,]+)/, () => "The most arenas that were held at the same time."],
  [/^# arenas allocated current\s+=\s+([\d,]+)/, () => "Arenas held now."],
  [
    /^(\d+) arenas \* (\d+) bytes\/arena\s+=\s+([\d,]+)/,
    ([, , size, total]) =>
      `The address space of these arenas, ${shown(Number(size))} bytes each: ${shown(bytes(total))}. The next lines, up to the total, divide it up.`,
  ],
  [
    /^# bytes in allocated blocks\s+=\s+([\d,]+)/,
    () => "Blocks in use, by their class's size, not by what was asked for.",
  ],
  [
    /^# bytes in available blocks\s+=\s+([\d,]+)/,
    () =>
      "Free blocks in pools that have a block in use. No other class can use them, and they hold their pools: fragmentation.",
  ],
  [
    /^(\d+) unused pools \* (\d+) bytes\s+=\s+([\d,]+)/,
    () =>
      "Pools without a block in use, those included that were never cut into blocks. Any class may have them next. They go back to the system only when their whole arena is free.",
  ],
  [
    /^# bytes lost to pool headers\s+=\s+([\d,]+)/,
    () => "The heads of the pools in use: 48 bytes each on 64 bits, 32 on 32 bits.",
  ],
  [
    /^# bytes lost to quantization\s+=\s+([\d,]+)/,
    () => "What is left at the end of each pool in use, too small for another block.",
  ],
  [
    /^# bytes lost to arena alignment\s+=\s+([\d,]+)/,
    () => "Arenas that do not begin at a multiple of the pool size lose one pool.",
  ],
  [/^arena map counts/, () => "From 3.10 on: the radix tree that says which addresses are pymalloc's."],
  [
    /^# arena map (mid|bot) nodes\s+=\s+([\d,]+)/,
    ([, kind]) => (kind === "mid" ? "Inner nodes of that tree." : "Leaves of that tree."),
  ],
  [
    /^# bytes lost to arena map (root|mid|bot)\s+=\s+([\d,]+)/,
    ([, kind]) =>
      `Memory of the tree's ${{ root: "root", mid: "inner nodes", bot: "leaves" }[kind as "root"]}.`,
  ],
  [
    /^\s*(\d+) free (.+?)s? \* (\d+) bytes each\s+=\s+([\d,]+)/,
    ([, n, type, size]) =>
      `${n} dead objects of the type ${type}, kept for the next one of that type. ${Number(n) === 0 ? "None at present." : `They hold blocks of at least ${size} bytes; a full collection empties these lists.`}`,
  ],
];

const TOTAL = /^Total\s+=\s+([\d,]+)/;
/** The lines that a total adds up: of the arenas, and of the tree. */
const PART = /^(?:# bytes (?:in|lost to) .*|\d+ unused pools \* \d+ bytes\s+)=\s+([\d,]+)/;

function explainTotal(total: number, parts: readonly number[]): string {
  const sum = parts.reduce((all, one) => all + one, 0);
  if (sum === total)
    return `${parts.length === 1 ? "As the line of bytes above" : `The sum of the ${parts.length} lines of bytes above`}.`;
  return `The lines of bytes above add up to ${shown(sum)}, and not to this: a line is missing, or was changed.`;
}

function explainLine(line: string): string {
  for (const [pattern, explain] of RULES) {
    const match = pattern.exec(line);
    if (match !== null) return explain(match);
  }
  return "Not a line of sys._debugmallocstats() that this page knows.";
}

/** Explains each line that says something; a line that is not known is said to be so. */
export function explainStats(text: string): ExplainedLine[] {
  let parts: number[] = [];
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const part = PART.exec(line);
      if (part !== null) parts.push(bytes(part[1]));
      const total = TOTAL.exec(line);
      if (total === null) return { line, meaning: explainLine(line) };
      const meaning = explainTotal(bytes(total[1]), parts);
      parts = [];
      return { line, meaning };
    });
}
