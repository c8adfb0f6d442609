// What the command line asks of the bench.

import { ObmallocError } from "@obmalloc/abi";
import { givenCandidates } from "../allocators/given.ts";
import { candidates as known } from "../allocators/index.ts";
import type { Candidate } from "../entrant.ts";
import type { BenchOptions } from "../run.ts";
import { streamKinds } from "../streams/index.ts";
import type { SizeRange } from "../streams/kind.ts";

const DEFAULT_BASES = ["dlmalloc", "cpython-3.11"];

export interface BenchFlags {
  readonly streams?: readonly string[];
  readonly allocators?: readonly string[];
  readonly base?: readonly string[];
  readonly load?: readonly string[];
  readonly seed: number;
  readonly rounds: number;
  readonly live?: readonly number[];
  readonly operations?: number;
  readonly sizes?: SizeRange;
  readonly isolate?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** @throws {ObmallocError} when a name means nothing. */
export async function benchOptions(flags: BenchFlags): Promise<BenchOptions> {
  const given = (await Promise.all((flags.load ?? []).map(givenCandidates))).flat();
  const all: Candidate[] = [...given, ...known];
  const candidates = flags.allocators === undefined ? all : pick("allocator", flags.allocators, all);
  // Who loads a module means to see what is in it.
  if (!given.some((one) => candidates.includes(one))) candidates.push(...given);
  const bases = basesOf(flags, candidates);
  const lives = flags.live ?? [undefined];
  return {
    candidates,
    controls: controlsOf(bases, candidates),
    streams: flags.streams === undefined ? streamKinds : pick("stream", flags.streams, streamKinds),
    scales: lives.map((live) => ({
      ...(live === undefined ? {} : { live }),
      ...(flags.operations === undefined ? {} : { operations: flags.operations }),
      ...(flags.sizes === undefined ? {} : { sizes: flags.sizes }),
    })),
    seed: flags.seed,
    rounds: flags.rounds,
    isolate: flags.isolate ?? false,
    loads: flags.load ?? [],
    verify: flags.verify ?? false,
  };
}

/** The allocators that ratios refer to: those that are asked for, else of the usual ones those that are among `candidates`. */
export function basesOf({ base }: BenchFlags, candidates: readonly Candidate[]): string[] {
  if (base !== undefined) return pick("base", base, candidates).map(({ name }) => name);
  const usual = candidates.filter(({ name }) => DEFAULT_BASES.includes(name));
  return (usual.length > 0 ? usual : candidates.slice(0, 1)).map(({ name }) => name);
}

/** The first base, and the first that runs in this process: it is V8 that equal things may differ by. */
function controlsOf(bases: readonly string[], candidates: readonly Candidate[]): string[] {
  const inProcess = candidates.find(({ origin }) => origin === "given" || origin === "ours");
  return [...new Set([...bases.slice(0, 1), ...(inProcess === undefined ? [] : [inProcess.name])])];
}

function pick<T extends { readonly name: string }>(
  what: string,
  names: readonly string[],
  all: readonly T[],
): T[] {
  return names.map((name) => {
    const found = all.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    throw new ObmallocError(`There is no ${what} ${name}.`, {
      details: [`There are ${all.map((one) => one.name).join(", ")}.`],
    });
  });
}
