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
    /^class\s+size\s+num pools/,
    () => "Head of the table: one row for each size class that has a pool with a block in use.",
  ],
  [/^-----/, () => "A rule below the head."],
  [
    /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/,
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
      `The address space of these arenas, ${shown(Number(size))} bytes each: ${shown(bytes(total))}. The next seven lines divide it up.`,
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
      "Pools without a block in use. Any class may have them next. They go back to the system only when their whole arena is free.",
  ],
  [
    /^# bytes lost to pool headers\s+=\s+([\d,]+)/,
    () => "The heads of the pools in use, 48 bytes each on 64 bits.",
  ],
  [
    /^# bytes lost to quantization\s+=\s+([\d,]+)/,
    () => "What is left at the end of each pool in use, too small for another block.",
  ],
  [
    /^# bytes lost to arena alignment\s+=\s+([\d,]+)/,
    () => "Arenas that do not begin at a multiple of the pool size lose one pool.",
  ],
  [/^Total\s+=\s+([\d,]+)/, () => "The sum of the lines above."],
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

/** Explains each line that says something; a line that is not known is said to be so. */
export function explainStats(text: string): ExplainedLine[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => {
      for (const [pattern, explain] of RULES) {
        const match = pattern.exec(line);
        if (match !== null) return { line, meaning: explain(match) };
      }
      return { line, meaning: "Not a line of sys._debugmallocstats() that this page knows." };
    });
}
