// What `obmalloc explain` prints when no report is asked for.

import { ExitCode } from "../shared/exit-codes.ts";
import { type Explained, explainFile } from "../shared/explain-file.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { lookOf } from "../shared/terminal.ts";
import { explanationJson } from "./explain-json.ts";
import { explanationText } from "./explain-text.ts";

export interface ExplainPrintedFlags {
  readonly at?: string;
  readonly json?: boolean;
  readonly stack?: boolean;
  readonly remedies?: "from-heap" | "all";
  readonly limit: number;
}

/** Loaded only where remedies are tried that take longer than the loading. */
async function withAllRemedies(explained: Explained): Promise<Explained> {
  if (!explained.explanation.replayedRemedies) return explained;
  const { withMallocRemedy } = await import("../what-if/malloc-remedy.ts");
  return withMallocRemedy(explained);
}

export async function explainPrinted(file: string, flags: ExplainPrintedFlags): Promise<ExitCode> {
  const { at, json, remedies } = flags;
  const explained = await withAllRemedies(explainFile(file, at, remedies === undefined ? {} : { remedies }));
  if (json) await writeJson(explanationJson(explained));
  else await writeLines(explanationText(explained, flags, lookOf(process.stdout)));
  return ExitCode.ok;
}
