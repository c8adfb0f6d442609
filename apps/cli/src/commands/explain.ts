// `obmalloc explain`: why the memory stays, what pins it, what would help.

import { ExitCode } from "../shared/exit-codes.ts";
import { explainFile } from "../shared/explain-file.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { lookOf } from "../shared/terminal.ts";
import { verdictHeadline } from "../shared/verdict-text.ts";
import { explanationJson } from "./explain-json.ts";
import { explanationText } from "./explain-text.ts";

export interface ExplainFlags {
  readonly at?: string;
  readonly json?: boolean;
  readonly stack?: boolean;
  readonly html?: string;
  readonly remedies?: "from-heap" | "all";
  readonly limit: number;
}

export async function explainCommand(file: string, flags: ExplainFlags): Promise<ExitCode> {
  if (flags.html !== undefined) return explainAsHtml(file, flags.html, flags);
  const explained = explainFile(
    file,
    flags.at,
    flags.remedies === undefined ? {} : { remedies: flags.remedies },
  );
  if (flags.json) await writeJson(explanationJson(explained));
  else await writeLines(explanationText(explained, flags, lookOf(process.stdout)));
  return ExitCode.ok;
}

async function explainAsHtml(file: string, path: string, { at, remedies }: ExplainFlags): Promise<ExitCode> {
  const { explainWithFilm, writeReport } = await import("../report/page.ts");
  const filmed = explainWithFilm(file, at, remedies === undefined ? {} : { remedies });
  writeReport(path, filmed);
  await writeLines([verdictHeadline(filmed.explanation), `The report: ${path}`]);
  return ExitCode.ok;
}
