// `obmalloc explain`: why the memory stays, what pins it, what would help.

import { ExitCode } from "../shared/exit-codes.ts";
import { writeLines } from "../shared/output.ts";
import { verdictHeadline } from "../shared/verdict-text.ts";
import { type ExplainPrintedFlags, explainPrinted } from "./explain-printed.ts";

export interface ExplainFlags extends ExplainPrintedFlags {
  readonly html?: string;
}

export async function explainCommand(file: string, flags: ExplainFlags): Promise<ExitCode> {
  return flags.html === undefined ? explainPrinted(file, flags) : explainAsHtml(file, flags.html, flags);
}

async function explainAsHtml(file: string, path: string, { at, remedies }: ExplainFlags): Promise<ExitCode> {
  const { explainWithFilm, writeReport } = await import("../report/page.ts");
  const { withMallocRemedy } = await import("../what-if/malloc-remedy.ts");
  const options = remedies === undefined ? {} : { remedies };
  const filmed = await withMallocRemedy(explainWithFilm(file, at, options));
  writeReport(path, filmed);
  await writeLines([verdictHeadline(filmed.explanation), `The report: ${path}`]);
  return ExitCode.ok;
}
