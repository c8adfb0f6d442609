// The arguments of `verify` and `explain`, read by Node's own parser: a library's would take as long to load as all the rest.
// Whatever is unusual (help, a report, a mistake) is left to the full parser in program.ts, which knows the same options; a
// test holds the two together.

import { parseArgs } from "node:util";
import type { ExplainPrintedFlags } from "../commands/explain-printed.ts";

/** Lines that explain shows of each list. */
export const EXPLAIN_LIMIT = 5;

const VERIFY_OPTIONS = { json: { type: "boolean" } } as const;
const EXPLAIN_OPTIONS = {
  ...VERIFY_OPTIONS,
  stack: { type: "boolean" },
  at: { type: "string" },
  limit: { type: "string" },
} as const;

/** What is asked of which file. */
export type Question =
  | { readonly command: "verify"; readonly file: string; readonly flags: { readonly json?: boolean } }
  | { readonly command: "explain"; readonly file: string; readonly flags: ExplainPrintedFlags };

/** The question that `argv`, all after `obmalloc`, asks; undefined for the full parser to look at. */
export function parseQuestion([command, ...argv]: readonly string[]): Question | undefined {
  if (command !== "verify" && command !== "explain") return undefined;
  const parsed = parseOptions(argv, command === "verify" ? VERIFY_OPTIONS : EXPLAIN_OPTIONS);
  const [file, ...others] = parsed?.positionals ?? [];
  if (parsed === undefined || file === undefined || file === "" || others.length > 0) return undefined;
  const { limit, at, ...switches } = parsed.values;
  if (command === "verify") return { command, file, flags: switches };
  if (limit !== undefined && !/^[1-9]\d*$/.test(limit)) return undefined;
  const flags = { ...switches, ...(at === undefined ? {} : { at }) };
  return { command, file, flags: { ...flags, limit: limit === undefined ? EXPLAIN_LIMIT : Number(limit) } };
}

type Parsed = ReturnType<typeof parseArgs<{ options: typeof EXPLAIN_OPTIONS; allowPositionals: true }>>;

function parseOptions(argv: readonly string[], options: Partial<typeof EXPLAIN_OPTIONS>): Parsed | undefined {
  if (argv.includes("--")) return undefined;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true }) as Parsed;
  } catch {
    return undefined; // the full parser says what is wrong
  }
}
