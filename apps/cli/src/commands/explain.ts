// `obmalloc explain`: why the memory stays, what pins it, what would help.

import { ExitCode } from "../shared/exit-codes.ts";
import { explainFile } from "../shared/explain-file.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { lookOf } from "../shared/terminal.ts";
import { explanationJson } from "./explain-json.ts";
import { explanationText } from "./explain-text.ts";

export interface ExplainFlags {
  readonly at?: string;
  readonly json?: boolean;
  readonly stack?: boolean;
  readonly remedies?: "from-heap" | "all";
  readonly limit: number;
}

export async function explainCommand(file: string, flags: ExplainFlags): Promise<ExitCode> {
  const explained = explainFile(
    file,
    flags.at,
    flags.remedies === undefined ? {} : { remedies: flags.remedies },
  );
  if (flags.json) await writeJson(explanationJson(explained));
  else await writeLines(explanationText(explained, flags, lookOf(process.stdout)));
  return ExitCode.ok;
}
