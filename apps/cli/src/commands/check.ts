// `obmalloc check`: budgets for continuous integration, with an exit code and a report that its tools read.

import { type BudgetResult, type Budgets, checkBudgets } from "@obmalloc/insight";
import { momentOf, TraceQuestionError } from "@obmalloc/trace";
import { ExitCode } from "../shared/exit-codes.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { openTrace } from "../shared/recording.ts";
import { type Look, lookOf } from "../shared/terminal.ts";
import { formatBytes } from "../shared/units.ts";

export interface CheckFlags {
  readonly at?: string;
  readonly maxHeld?: number;
  readonly maxRss?: number;
  readonly maxLeverage?: number;
  readonly maxGrowth?: number;
  readonly between?: readonly string[];
  readonly junit?: boolean;
  readonly json?: boolean;
}

/** @returns 1 when a budget is exceeded. @throws {TraceQuestionError} when there is no budget, or no such moment. */
export async function checkCommand(file: string, flags: CheckFlags): Promise<ExitCode> {
  const budgets = budgetsOf(flags);
  const trace = openTrace(file);
  const results = checkBudgets(trace, momentOf(trace, flags.at), budgets);
  if (flags.json)
    await writeJson({ file, kept: results.every((one) => one.isKept), budgets: results.map(resultJson) });
  else if (flags.junit) await writeLines(junit(file, results));
  else await writeLines(checkText(results, lookOf(process.stdout)));
  return results.every((one) => one.isKept) ? ExitCode.ok : ExitCode.notExact;
}

function budgetsOf({ maxHeld, maxRss, maxLeverage, maxGrowth, between }: CheckFlags): Budgets {
  if ([maxHeld, maxRss, maxLeverage, maxGrowth].every((limit) => limit === undefined))
    throw new TraceQuestionError("There is no budget to check.", {
      details: [
        "Name one: --max-held 50MiB, --max-rss 200MiB, --max-leverage 20, --max-growth 1% --between MARK MARK",
      ],
    });
  if (
    (maxGrowth === undefined) !== (between === undefined) ||
    (between !== undefined && between.length !== 2)
  )
    throw new TraceQuestionError(
      "--max-growth and --between belong together: --max-growth 1% --between MARK MARK",
    );
  return {
    ...(maxHeld === undefined ? {} : { maxHeldBytes: maxHeld }),
    ...(maxRss === undefined ? {} : { maxResidentBytes: maxRss }),
    ...(maxLeverage === undefined ? {} : { maxLeverage }),
    ...(maxGrowth === undefined ? {} : { maxGrowth, between: [between![0]!, between![1]!] as const }),
  };
}

function* checkText(results: readonly BudgetResult[], { colors }: Look): Generator<string> {
  for (const one of results) {
    const verdict = one.isKept
      ? colors.green("kept    ")
      : colors.red(one.value === undefined ? "UNKNOWN " : "EXCEEDED");
    yield `${verdict}  ${one.budget.padEnd(9)} ${valueText(one.budget, one.value)} of ${valueText(one.budget, one.limit)}: ${one.detail}`;
  }
}

function valueText(budget: BudgetResult["budget"], value: number | undefined): string {
  if (value === undefined) return "unknown";
  if (budget === "leverage") return `${value.toFixed(1)}x`;
  return budget === "growth" ? `${(value * 100).toFixed(2)}%` : formatBytes(value);
}

const resultJson = ({ value, ...rest }: BudgetResult) => ({ ...rest, value: value ?? null });

/** As the Ant task JUnit writes it, which all tools read. */
function* junit(file: string, results: readonly BudgetResult[]): Generator<string> {
  const failed = results.filter((one) => !one.isKept).length;
  yield '<?xml version="1.0" encoding="UTF-8"?>';
  yield `<testsuite name="obmalloc check" tests="${results.length}" failures="${failed}" errors="0" skipped="0">`;
  for (const one of results) {
    const figures = `${valueText(one.budget, one.value)} of ${valueText(one.budget, one.limit)}: ${one.detail}`;
    yield `  <testcase classname="${escapeXml(file)}" name="max-${one.budget}">`;
    if (!one.isKept) yield `    <failure message="${escapeXml(figures)}"/>`;
    else yield `    <system-out>${escapeXml(figures)}</system-out>`;
    yield "  </testcase>";
  }
  yield "</testsuite>";
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Control characters have no place in XML at all. */
const escapeXml = (text: string) =>
  text
    .replace(/[&<>"]/g, (character) => ENTITIES[character]!)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\uffff]/gu, "?");
