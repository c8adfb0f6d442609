// A verdict as sentences.

import type { Explanation } from "../answer/explain.ts";
import type { Culprit, Verdict, VerdictKind } from "../answer/verdict.ts";
import { shortFrameText } from "./frame-text.ts";
import { NO_FRAME } from "./pins-headline.ts";
import { formatBytes, formatCount, formatPercent } from "./units.ts";

const TITLES: Readonly<Record<VerdictKind, string>> = {
  leak: "leak",
  "retention-in-pymalloc": "retention in pymalloc",
  "retention-in-c-library": "retention in the C library",
  "native-or-file-backed": "native or file-backed memory",
  "interpreter-overhead": "interpreter overhead",
  "nothing-wrong": "nothing wrong",
};

const verdictTitle = (kind: VerdictKind): string => TITLES[kind];

/** The line that is to blame, `app.py:12 work`, with the program's own line where another one asked. */
function culpritText({ frame, calledFrom }: Culprit): string {
  if (frame === undefined) return NO_FRAME;
  return (
    shortFrameText(frame) + (calledFrom === undefined ? "" : `, called from ${shortFrameText(calledFrom)}`)
  );
}

/** The verdict and the reason for it, in one sentence; of a damaged recording, with how far it goes. */
export function verdictHeadline(explanation: Explanation): string {
  const { certificate, moment } = explanation;
  const headline = headlineOf(explanation);
  if (certificate.eventsReplayed >= moment.event) return headline;
  return `as far as event ${formatCount(certificate.eventsReplayed)}, where the recording is damaged: ${headline}`;
}

function headlineOf(explanation: Explanation): string {
  const { verdict } = explanation;
  const { kind, bytes, culprits } = verdict;
  const title = verdictTitle(kind);
  const share = shareText(verdict);
  const line = listText(culprits.map(culpritText));
  if (kind === "leak") {
    const by = line === "" ? "" : `; ${line} made most of what grew`;
    return `${title}: live memory grew by ${formatBytes(bytes)}${share}, ${growthText(explanation)}${by}`;
  }
  if (kind === "retention-in-pymalloc") {
    const by = line === "" ? "" : `; blocks of ${line} pin it`;
    return `${title}: ${formatBytes(bytes)} are free, but held in arenas that still have live blocks${share}${by}`;
  }
  if (kind === "retention-in-c-library") {
    const by = line === "" ? "" : `; ${line} had most of it at the peak`;
    return `${title}: ${formatBytes(bytes)} are free, but kept by malloc${share}${by}`;
  }
  if (kind === "native-or-file-backed") {
    const by = line === "" ? "" : `; ${line} mapped most of it`;
    return `${title}: ${formatBytes(bytes)} are not Python's blocks, but mapped files, mappings and native code${share}${by}`;
  }
  if (kind === "interpreter-overhead")
    return `${title}: ${formatBytes(bytes)} of live blocks came with the interpreter and the imports${share}`;
  return `${title}: what is resident is in use, ${heldText(verdict)}, and ${quietText(explanation)}`;
}

/** What is held free though it is no matter; from this share on its size is said. */
const SAID_SHARE = 0.1;

function heldText({ weighed, rssBytes }: Verdict): string {
  const held = weighed
    .filter(({ kind }) => kind === "retention-in-pymalloc" || kind === "retention-in-c-library")
    .reduce((sum, one) => sum + one.bytes, 0);
  const size =
    rssBytes === undefined || held < rssBytes * SAID_SHARE
      ? ""
      : ` (${formatBytes(held)}, ${formatPercent(held / rssBytes)})`;
  return `little is held free${size}`;
}

/** How sure it is that growth does not end: what speaks for it, or what would tell. */
function growthText({ growth: { pattern, stretches } }: Explanation): string {
  if (pattern === "between-markers") return `in each of the last ${stretches} stretches between markers`;
  if (pattern === "call-by-call") return "and was still growing: call after call left something";
  if (pattern === "among-temporaries") return "and was still growing, a little of all that was made";
  return "and was still growing: a leak, unless the program was building something that it needs";
}

/** Why growth is no leak. */
function quietText({ growth: { pattern, bytes }, verdict: { culprits } }: Explanation): string {
  if (pattern !== "one-go") return "live memory does not keep growing";
  const by = culprits.length === 0 ? "" : ` by ${listText(culprits.map(culpritText))}`;
  return `the ${formatBytes(bytes)} that it grew by were built in one go${by}: were they meant to be gone, that is where they come from`;
}

/** `a`, `a and b`, `a; b; and c`: the texts hold commas. */
function listText(texts: readonly string[]): string {
  const last = texts.at(-1) ?? "";
  if (texts.length < 3) return texts.join(" and ");
  return `${texts.slice(0, -1).join("; ")}; and ${last}`;
}

function shareText({ bytes, rssBytes }: Verdict): string {
  return rssBytes === undefined
    ? ""
    : `, ${formatPercent(bytes / rssBytes)} of the resident ${formatBytes(rssBytes)}`;
}
