// A certificate as JSON; schemas/verify.schema.json describes it.

import { formatAddress } from "@obmalloc/abi";
import { MarkKind, type Mismatch, type Stacks, type TraceInfo } from "@obmalloc/trace";
import type { Verified } from "../shared/verify-file.ts";

const DOMAINS = ["raw", "mem", "obj"] as const;
const KINDS: Readonly<Record<number, string>> = {
  [MarkKind.user]: "marker",
  [MarkKind.shutdown]: "shutdown",
  [MarkKind.exec]: "exec",
  [MarkKind.fork]: "fork",
};

export function certificateJson({ file, trace, stacks, certificate, exact, complete }: Verified) {
  const { damage, mismatch } = certificate;
  return {
    file,
    exact,
    complete,
    hasPools: certificate.hasPools,
    events: certificate.events,
    eventsReplayed: certificate.eventsReplayed,
    addressesCompared: certificate.addressesCompared,
    mismatches: certificate.mismatches,
    mismatch: mismatch === undefined ? null : mismatchJson(mismatch, stacks),
    damage: damage === undefined ? null : { message: damage.shortMessage, byteOffset: damage.byteOffset },
    evidence: certificate.evidence.map(({ mark, equal, expected, replayed }) => ({
      kind: KINDS[mark.kind] ?? "unknown",
      label: mark.label,
      event: mark.event,
      equal,
      ...(equal ? {} : { expected, replayed }),
    })),
    arenas: certificate.arenas,
    arenasTotal: certificate.arenasTotal,
    end: trace.end === undefined ? null : { reason: trace.end.reason, detail: trace.end.detail },
    sizeBytes: trace.sizeBytes,
    recording: recordingJson(trace.info),
  };
}

function recordingJson({ version, allocator, stacks, commandLine, pid }: TraceInfo) {
  return { version, allocator, stacks, commandLine, pid };
}

function mismatchJson(mismatch: Mismatch, stacks: Stacks) {
  const { event, operation, domain, sizeBytes, recorded, replayed, reason, stack, pool } = mismatch;
  return {
    event,
    operation,
    domain: DOMAINS[domain],
    sizeBytes,
    recorded: formatAddress(recorded),
    replayed: replayed === 0 ? null : formatAddress(replayed),
    reason,
    frame: stacks.innermost(stack) ?? null,
    pool:
      pool === undefined
        ? null
        : { ...pool, address: formatAddress(pool.address), arena: formatAddress(pool.arena) },
  };
}
