// What a program's environment says about memory: PYTHONMALLOC, PYTHONMALLOCSTATS, PYTHONTRACEMALLOC, -X dev, -X tracemalloc.

import type { Profile } from "@obmalloc/abi";
import { FatalStartError } from "./errors.ts";
import { startErrorText } from "./fatal-text.ts";
import { type AllocatorChoice, allocatorChoice } from "./python-malloc.ts";

/** Environment variables; a variable that is missing or empty is not set. */
export interface Environment {
  readonly PYTHONMALLOC?: string | undefined;
  readonly PYTHONMALLOCSTATS?: string | undefined;
  readonly PYTHONTRACEMALLOC?: string | undefined;
  readonly PYTHONDEVMODE?: string | undefined;
}

/** Options that Python's command line takes as `-X`. */
export interface XOptions {
  /** The same as `PYTHONMALLOC=debug`, which an explicit `PYTHONMALLOC` overrides. */
  readonly dev?: boolean;
  /** `true` for 1 frame, else what stands behind `-X tracemalloc=`. Overrides `PYTHONTRACEMALLOC`. */
  readonly tracemalloc?: boolean | number | string;
}

/** What the environment variables of CPython come to. */
export interface Settings {
  readonly allocators: AllocatorChoice;
  /** Whether statistics are printed before each new arena and at the end. */
  readonly mallocStats: boolean;
  /** Frames that tracemalloc keeps from the start on; 0: it does not trace. */
  readonly traceFrames: number;
}

/** Digits as C's `strtol` takes them. */
const NUMBER = /^\s*[+-]?\d+$/;

/**
 * The settings for the domains.
 *
 * @throws {FatalStartError} in CPython's words, for a value that it refuses.
 * @see CPython 3.13 Python/initconfig.c, config_init_tracemalloc; Python/preconfig.c
 */
export function readSettings(environment: Environment, xOptions: XOptions, profile: Profile): Settings {
  const isDev = xOptions.dev ?? isSet(environment.PYTHONDEVMODE);
  const name = environment.PYTHONMALLOC || (isDev ? "debug" : "default");
  return {
    allocators: allocatorChoice(name, profile),
    mallocStats: isSet(environment.PYTHONMALLOCSTATS),
    traceFrames: traceFrames(environment.PYTHONTRACEMALLOC, xOptions.tracemalloc, profile),
  };
}

function traceFrames(
  variable: string | undefined,
  option: XOptions["tracemalloc"],
  profile: Profile,
): number {
  if (option !== undefined && option !== false) {
    const text = option === true ? "1" : String(option);
    return checkedFrames(text, "-X tracemalloc=NFRAME", profile);
  }
  return isSet(variable) ? checkedFrames(variable, "PYTHONTRACEMALLOC", profile) : 0;
}

function checkedFrames(text: string, source: string, profile: Profile): number {
  const frames = Number(text);
  const { minFrames, maxFrames, refusal } = profile.domains.tracemalloc;
  if (!NUMBER.test(text) || frames < minFrames || frames > 2 ** 31 - 1) {
    const message = `${source}: invalid number of frames`;
    throw new FatalStartError(startErrorText(profile, "config_init_tracemalloc", message, "preinitialized"), {
      details: [`It is ${JSON.stringify(text)}.`],
    });
  }
  if (frames > maxFrames) {
    const text = startErrorText(profile, "init_interp_main", refusal, "core initialized").trimEnd();
    const reason = `ValueError: the number of frames must be in range [1; ${maxFrames}]`;
    throw new FatalStartError(`${text}\n${reason}\n\n`);
  }
  return frames;
}

function isSet(variable: string | undefined): variable is string {
  return variable !== undefined && variable !== "";
}
