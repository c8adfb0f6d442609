// The arguments of `verify` and `explain`, read without a library, which would take as long to load as all the rest. Whatever
// is unusual (help, a report, a mistake) is left to the full parser in program.ts, which knows the same options; a test holds
// the two together.

import type { ExplainPrintedFlags } from "../commands/explain-printed.ts";

/** Lines that explain shows of each list. */
export const EXPLAIN_LIMIT = 5;

/** What is asked of which file. */
export type Question =
  | { readonly command: "verify"; readonly file: string; readonly flags: { readonly json?: boolean } }
  | { readonly command: "explain"; readonly file: string; readonly flags: ExplainPrintedFlags };

/** The question that `argv`, all after `obmalloc`, asks; undefined for the full parser to look at. */
export function parseQuestion([command, ...argv]: readonly string[]): Question | undefined {
  if (command !== "verify" && command !== "explain") return undefined;
  const files: string[] = [];
  const flags: { -readonly [Flag in keyof ExplainPrintedFlags]: ExplainPrintedFlags[Flag] } = {
    limit: EXPLAIN_LIMIT,
  };
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument === "--json") flags.json = true;
    else if (!argument.startsWith("-")) files.push(argument);
    else if (command === "verify") return undefined;
    else if (argument === "--stack") flags.stack = true;
    else if (argument === "--at" && argv[i + 1]?.startsWith("-") === false) flags.at = argv[++i]!;
    else if (argument === "--limit" && /^[1-9]\d*$/.test(argv[i + 1] ?? "")) flags.limit = Number(argv[++i]);
    else return undefined;
  }
  const [file] = files;
  if (file === undefined || file === "" || files.length > 1) return undefined;
  const { json } = flags;
  if (command === "explain") return { command, file, flags };
  return { command, file, flags: json === undefined ? {} : { json } };
}
