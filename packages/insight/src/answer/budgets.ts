// Limits that a recording has to keep: for continuous integration.

import { type Moment, momentOf, type TraceReader } from "@obmalloc/trace";
import { sideOf } from "./compare.ts";
import { explain } from "./explain.ts";
import { HELD_PARTS, type Waterfall } from "./waterfall.ts";

/** What is allowed; what is undefined is not looked at. */
export interface Budgets {
  /** Bytes that are free but held, by pymalloc and by the C library. */
  readonly maxHeldBytes?: number;
  /** Bytes held alone by a line for each live byte of it, of lines that hold an arena. */
  readonly maxLeverage?: number;
  /** Growth of live bytes from one moment to another, as a share: 0.01 is one percent. */
  readonly maxGrowth?: number;
  readonly between?: readonly [from: string, to: string];
  /** The resident set. */
  readonly maxResidentBytes?: number;
}

/** What can be limited: bytes held free, bytes held for each live one, growth of live bytes, resident bytes. */
export type Budget = "held" | "leverage" | "growth" | "resident";

/** A budget, what it allows, and what it is. */
export interface BudgetResult {
  readonly budget: Budget;
  readonly limit: number;
  /** Undefined where the recording cannot tell: then the budget is not kept. */
  readonly value: number | undefined;
  readonly isKept: boolean;
  /** What the value is about, or why there is none. */
  readonly detail: string;
}

/**
 * Compares a recording at a moment with budgets.
 *
 * @throws {TraceQuestionError} when `between` names a moment that there is not.
 */
export function checkBudgets(trace: TraceReader, moment: Moment, budgets: Budgets): BudgetResult[] {
  const { maxHeldBytes, maxLeverage, maxGrowth, maxResidentBytes, between } = budgets;
  const results: BudgetResult[] = [];
  if (maxHeldBytes !== undefined || maxLeverage !== undefined || maxResidentBytes !== undefined) {
    const { waterfall, pins, certificate, shortcomings } = explain(trace, moment, { remedies: "none" });
    if (certificate.eventsReplayed < moment.event) {
      const why = shortcomings[0] ?? "the recording is damaged";
      if (maxHeldBytes !== undefined) results.push(result("held", maxHeldBytes, undefined, why));
      if (maxLeverage !== undefined) results.push(result("leverage", maxLeverage, undefined, why));
      if (maxResidentBytes !== undefined) results.push(result("resident", maxResidentBytes, undefined, why));
      return maxGrowth === undefined ? results : [...results, growthResult(trace, maxGrowth, between)];
    }
    const held = waterfall.parts.reduce((sum, part) => sum + (HELD_PARTS.has(part.key) ? part.bytes : 0), 0);
    const top = pins.filter((pin) => pin.heldBytes > 0).sort((a, b) => b.leverage - a.leverage)[0];
    const line = top?.frame === undefined ? "no line" : `${top.frame.file}:${top.frame.line}`;
    const when = earlierText(waterfall);
    const noArenas = ofOtherTool(trace);
    if (maxHeldBytes !== undefined && noArenas !== undefined)
      results.push(result("held", maxHeldBytes, undefined, noArenas));
    else if (maxHeldBytes !== undefined) {
      const holders = waterfall.hasAccount
        ? "pymalloc and the C library"
        : "pymalloc; the C library was not asked";
      results.push(result("held", maxHeldBytes, held, `bytes free but held by ${holders}${when}`));
    }
    if (maxLeverage !== undefined) {
      const why = noLines(trace);
      const [value, detail] =
        why === undefined
          ? [top?.leverage ?? 0, `bytes held for each live one, of ${line}`]
          : [undefined, why];
      results.push(result("leverage", maxLeverage, value, detail));
    }
    if (maxResidentBytes !== undefined) {
      const isKnown = waterfall.rssBytes !== undefined;
      const detail = isKnown
        ? `bytes of the resident set${when}`
        : "the resident set was not recorded up to there";
      results.push(result("resident", maxResidentBytes, waterfall.rssBytes, detail));
    }
  }
  if (maxGrowth !== undefined) results.push(growthResult(trace, maxGrowth, between));
  return results;
}

/** Where the resident set was not read at the moment itself. */
function earlierText({ measuredBefore: { events } }: Waterfall): string {
  return events === 0 ? "" : `, measured ${events} events earlier`;
}

/** Why nothing is known of pymalloc, though it was there: another tool's capture without its blocks. */
function ofOtherTool({ info }: TraceReader): string | undefined {
  const isMissing = info.derivedFrom !== undefined && !hasPools(info);
  return isMissing ? `the capture (${info.derivedFrom}) has no blocks of pymalloc` : undefined;
}

const hasPools = ({ allocator }: TraceReader["info"]) =>
  allocator === "pymalloc" || allocator === "pymalloc_debug";

/** Why a recording cannot say which line holds an arena; undefined where it can. */
function noLines(trace: TraceReader): string | undefined {
  const { info } = trace;
  if (!hasPools(info))
    return ofOtherTool(trace) ?? `the allocator ${info.allocator} has no arenas that a line could hold`;
  return info.stacks === "none" ? "there are no stacks, so no line is known" : undefined;
}

function growthResult(trace: TraceReader, maxGrowth: number, between: Budgets["between"]): BudgetResult {
  if (between === undefined) return result("growth", maxGrowth, undefined, "needs two moments to compare");
  const [from, to] = between.map((at) => momentOf(trace, at));
  const before = sideOf(trace, from!).liveBytes;
  const after = sideOf(trace, to!).liveBytes;
  const value = before === 0 ? undefined : after / before - 1;
  return result(
    "growth",
    maxGrowth,
    value,
    `live bytes from ${from!.name} (${before}) to ${to!.name} (${after})`,
  );
}

function result(budget: Budget, limit: number, value: number | undefined, detail: string): BudgetResult {
  const isKept = value !== undefined && value <= limit;
  return { budget, limit, value, isKept, detail: value === undefined ? `cannot be told: ${detail}` : detail };
}
