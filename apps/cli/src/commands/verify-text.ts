// A certificate as text: the verdict, then the figures, then what is wrong in full.

import { formatAddress } from "@obmalloc/abi";
import { type EvidenceCheck, MarkKind, type Mismatch, type Stacks } from "@obmalloc/trace";
import { frameText } from "../shared/frame-text.ts";
import { diffLines } from "../shared/line-diff.ts";
import type { Colors, Look } from "../shared/terminal.ts";
import { counted, formatBytes, formatCount } from "../shared/units.ts";
import type { Verified } from "../shared/verify-file.ts";

const STACKS_TEXT = { full: "whole stacks", innermost: "innermost frames", none: "no stacks" } as const;
const DOMAINS = ["raw", "mem", "obj"] as const;

export function* certificateText(verified: Verified, { colors }: Look): Generator<string> {
  const { trace, stacks, certificate } = verified;
  const { info } = trace;
  yield verdict(verified, colors);
  yield "";
  yield row("program", info.commandLine.join(" "));
  const size = formatBytes(trace.sizeBytes);
  yield row("recording", `CPython ${info.version}, ${info.allocator}, ${STACKS_TEXT[info.stacks]}, ${size}`);
  if (info.stacksNote !== null) yield row("", `no stacks: ${info.stacksNote}`);
  yield row("events", eventsText(verified));
  if (certificate.hasPools) {
    const { addressesCompared, mismatches } = certificate;
    yield row(
      "addresses",
      `${formatCount(addressesCompared)} compared, ${counted(mismatches, "mismatch", "mismatches")}`,
    );
    yield* evidenceRows(certificate.evidence);
    yield row(
      "arenas",
      `${formatCount(certificate.arenas)} at the end, ${formatCount(certificate.arenasTotal)} in all`,
    );
  }
  yield row("end", endText(verified));
  if (certificate.mismatch !== undefined) yield* mismatchText(certificate.mismatch, stacks);
  for (const check of certificate.evidence) if (!check.equal) yield* differenceText(check, colors);
}

function verdict({ exact, complete, certificate, trace }: Verified, colors: Colors): string {
  const { mismatch, damage, hasPools, evidence } = certificate;
  if (exact) {
    const scope = complete
      ? "every address came out as recorded"
      : "as far as the recording goes, every address came out";
    return colors.green(`exact: ${scope}`);
  }
  const { derivedFrom } = trace.info;
  if (derivedFrom !== undefined && mismatch === undefined && damage === undefined)
    return colors.yellow(
      `no verdict: made of a capture (${derivedFrom}), whose addresses are taken as they are`,
    );
  if (mismatch !== undefined) {
    return colors.red(
      `NOT EXACT: the replay parts from the recording at event ${formatCount(mismatch.event)}`,
    );
  }
  if (damage !== undefined) return colors.red(`DAMAGED: ${damage.message}`);
  if (!hasPools)
    return colors.yellow("no verdict: this program ran without pymalloc, there are no pools to replay");
  const unequal = evidence.filter((check) => !check.equal).length;
  return colors.red(`NOT EXACT: ${counted(unequal, "text")} of sys._debugmallocstats() with another content`);
}

const row = (name: string, text: string) => `  ${name.padEnd(11)}${text}`;

function eventsText({ certificate }: Verified): string {
  const { events, eventsReplayed, damage } = certificate;
  const where = damage === undefined ? "" : " before that place";
  return events === eventsReplayed
    ? `${formatCount(events)}${where}, all replayed`
    : `${formatCount(eventsReplayed)} of ${formatCount(events)} replayed`;
}

function* evidenceRows(evidence: readonly EvidenceCheck[]): Generator<string> {
  if (evidence.length === 0) yield row("evidence", "none: the process was not asked for its own account");
  for (const [index, { mark, equal }] of evidence.entries()) {
    const result = equal ? "equal" : "DIFFERENT";
    yield row(index === 0 ? "evidence" : "", `sys._debugmallocstats() at ${markText(mark)}: ${result}`);
  }
}

const markText = (mark: { readonly kind: number; readonly label: string }) =>
  mark.kind === MarkKind.shutdown ? "the start of shutdown" : `marker ${JSON.stringify(mark.label)}`;

const ENDS: Readonly<Record<string, string>> = {
  exit: "the program ended",
  _exit: "the program ended by _exit",
  "disk-full": "no room for the rest of the recording",
  "write-failed": "the rest of the recording could not be written",
};

function endText({ trace, certificate, exact, complete }: Verified): string {
  const { end } = trace;
  if (certificate.damage !== undefined && !exact) return "not reached";
  if (certificate.damage !== undefined && !complete) return certificate.damage.shortMessage;
  if (end !== undefined)
    return `${ENDS[end.reason] ?? end.reason}${end.detail === "" ? "" : `: ${end.detail}`}`;
  const lastMark = trace.tables.marks.at(-1);
  if (lastMark?.kind === MarkKind.exec) return `the process became another program: ${lastMark.label}`;
  return "not recorded: the process was killed or crashed";
}

function* mismatchText(mismatch: Mismatch, stacks: Stacks): Generator<string> {
  const { event, operation, domain, sizeBytes, recorded, replayed, reason, pool } = mismatch;
  const size = sizeBytes === 0 ? "" : ` of ${counted(sizeBytes, "byte")}`;
  yield "";
  yield `Event ${formatCount(event)}: ${operation}${size} in the ${DOMAINS[domain]} domain`;
  yield row("why", reason);
  yield row("recorded", formatAddress(recorded));
  yield row("replayed", replayed === 0 ? "no address" : formatAddress(replayed));
  if (pool !== undefined) {
    const state = `${pool.count} of ${pool.capacity} blocks of ${pool.blockBytes} bytes in use`;
    yield row("pool", `${formatAddress(pool.address)}: ${state}`);
    yield row("arena", formatAddress(pool.arena));
  }
  const frame = stacks.innermost(mismatch.stack);
  yield row(
    "line",
    frame === undefined ? "no Python code ran, or stacks were not recorded" : frameText(frame),
  );
}

function* differenceText({ mark, expected, replayed }: EvidenceCheck, colors: Colors): Generator<string> {
  yield "";
  yield `sys._debugmallocstats() at ${markText(mark)}: - what the process printed, + what the replay prints`;
  for (const { sign, line } of diffLines(expected.split("\n"), replayed.split("\n"))) {
    const text = `  ${sign}${line}`;
    yield sign === "-" ? colors.red(text) : sign === "+" ? colors.green(text) : text;
  }
}
