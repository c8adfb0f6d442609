// One workload on one interpreter: run as it is, run recorded, compare the two, verify the recording.

import { spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "./environment.ts";
import type { Workload } from "./workloads.ts";

export interface Measured {
  readonly events: number;
  readonly addresses: number;
  readonly mismatches: number;
  /** Accounts that the processes gave of themselves, and how many of them the replay reproduced to the byte. */
  readonly accounts: number;
  readonly accountsEqual: number;
  /** Processes recorded: more than one where forked children are followed. */
  readonly recordings: number;
  readonly traceBytes: number;
  readonly plainSeconds: number;
  readonly recordedSeconds: number;
  readonly verifySeconds: number;
  readonly exitCode: number;
  readonly outputCompared: boolean;
  /** What is wrong, in words; empty when nothing is. */
  readonly problems: readonly string[];
  /** Folder with the recording and what the program printed; undefined when all was well and it was deleted. */
  readonly kept: string | undefined;
}

/** The part of `obmalloc verify --json` that is looked at; the README of the command line has all of it. */
interface Certificate {
  readonly exact: boolean;
  readonly complete: boolean;
  readonly events: number;
  readonly addressesCompared: number;
  readonly mismatches: number;
  readonly mismatch: { readonly event: number; readonly reason: string } | null;
  readonly damage: { readonly message: string } | null;
  readonly evidence: readonly { readonly equal: boolean }[];
}

interface Run {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly seconds: number;
  readonly stdout: Buffer;
}

/** A run that takes longer hangs. */
const PATIENCE_MS = 10 * 60_000;

const cli = fileURLToPath(new URL("../../apps/cli/dist/index.js", import.meta.url));
const programs = fileURLToPath(new URL("workloads/", import.meta.url));

export async function measure(
  workload: Workload,
  environment: Environment,
  isQuick: boolean,
): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "obmalloc-long-"));
  const args = ((isQuick ? workload.quickArgs : undefined) ?? workload.args).map((argument) =>
    argument.endsWith(".py") ? join(programs, argument) : argument,
  );
  const traces = join(folder, "traces");
  mkdirSync(traces);
  const options = [
    "--quiet",
    "-o",
    join(traces, "main.obm"),
    ...(workload.followForks ? ["--follow-forks"] : []),
  ];
  const plain = await run(folder, "plain", environment.python, args);
  const recorded = await run(folder, "recorded", process.execPath, [
    cli,
    "record",
    ...options,
    "--",
    environment.python,
    ...args,
  ]);
  let problems = differences(workload, plain, recorded);
  // Some of CPython's tests fail now and then, untraced too: there, a second look decides.
  if (problems.length > 0)
    problems = differences(workload, await run(folder, "again", environment.python, args), recorded);
  const sums = {
    events: 0,
    addresses: 0,
    mismatches: 0,
    accounts: 0,
    accountsEqual: 0,
    traceBytes: 0,
    verifySeconds: 0,
  };
  const files = readdirSync(traces);
  for (const file of files) {
    const path = join(traces, file);
    const verified = await run(folder, `verify-${file}`, process.execPath, [cli, "verify", "--json", path]);
    sums.traceBytes += statSync(path).size;
    sums.verifySeconds += verified.seconds;
    const certificate = parse(verified.stdout);
    if (certificate === undefined) {
      problems.push(`${file}: verify ended with ${endOf(verified)} and no certificate`);
      continue;
    }
    sums.events += certificate.events;
    sums.addresses += certificate.addressesCompared;
    sums.mismatches += certificate.mismatches;
    sums.accounts += certificate.evidence.length;
    sums.accountsEqual += certificate.evidence.filter(({ equal }) => equal).length;
    const problem = problemOf(certificate, file === "main.obm");
    if (problem !== undefined) problems.push(`${file}: ${problem}`);
    else rmSync(path);
  }
  if (files.length === 0) problems.push("nothing was recorded");
  if (problems.length === 0) rmSync(folder, { recursive: true });
  return {
    ...sums,
    recordings: files.length,
    plainSeconds: plain.seconds,
    recordedSeconds: recorded.seconds,
    exitCode: plain.exitCode ?? -1,
    outputCompared: workload.isRepeatable,
    problems,
    kept: problems.length === 0 ? undefined : folder,
  };
}

/** What a user of the program would notice of the recorder. */
function differences(workload: Workload, plain: Run, recorded: Run): string[] {
  const problems: string[] = [];
  if (endOf(plain) !== endOf(recorded))
    problems.push(`ended with ${endOf(recorded)} instead of ${endOf(plain)}`);
  if (workload.isRepeatable && plain.exitCode !== 0) problems.push(`ended with ${endOf(plain)} untraced`);
  if (workload.isRepeatable && !plain.stdout.equals(recorded.stdout)) problems.push("printed something else");
  return problems;
}

/** A child that a signal ended leaves a recording without an end; the program itself has to be there to the last. */
function problemOf(certificate: Certificate, isMain: boolean): string | undefined {
  const { exact, complete, mismatch, damage, evidence } = certificate;
  if (mismatch !== null) return `mismatch at event ${mismatch.event}: ${mismatch.reason}`;
  if (evidence.some(({ equal }) => !equal)) return "another text of sys._debugmallocstats()";
  if (!exact || (isMain && !complete)) return damage?.message ?? "not verified to the end";
  return isMain && evidence.length === 0 ? "no account of the process to compare with" : undefined;
}

function parse(stdout: Buffer): Certificate | undefined {
  try {
    return JSON.parse(stdout.toString()) as Certificate;
  } catch {
    return undefined;
  }
}

const endOf = ({ exitCode, signal }: Run) => (signal === null ? `exit status ${exitCode}` : `${signal}`);

/** Runs a program in an empty folder of its own, its streams in files named `name`. */
async function run(folder: string, name: string, command: string, args: readonly string[]): Promise<Run> {
  const cwd = join(folder, `${name}-cwd`);
  mkdirSync(cwd);
  const out = join(folder, `${name}.out`);
  const streams = [openSync(out, "w"), openSync(join(folder, `${name}.err`), "w")];
  const startedAt = performance.now();
  const ended = await new Promise<Pick<Run, "exitCode" | "signal">>((fulfil, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PYTHONHASHSEED: "0", LC_ALL: "C.UTF-8" },
      stdio: ["ignore", ...streams],
      timeout: PATIENCE_MS,
    });
    child.once("error", reject);
    child.once("exit", (exitCode, signal) => fulfil({ exitCode, signal }));
  });
  const seconds = (performance.now() - startedAt) / 1000;
  for (const stream of streams) closeSync(stream);
  return { ...ended, seconds, stdout: readFileSync(out) };
}
