// What a sweep tries: settings from a file, for each trace, at each moment; numbered in an order that every shard agrees on.

import { readFileSync } from "node:fs";
import { ObmallocError } from "@obmalloc/abi";
import { parseSize } from "../shared/sizes.ts";

/** The matrix of a sweep cannot be used; the message says where. */
export class MatrixError extends ObmallocError {
  override readonly name = "MatrixError";
}

/** One combination. Sizes are bytes; what is undefined is as it was recorded. */
export interface SweepSettings {
  readonly profile?: string;
  readonly arenaBytes?: number;
  readonly poolBytes?: number;
  readonly keptArenas?: number;
  readonly usableArenas?: "fullest-first" | "last-freed-first";
  readonly returnFreePools?: boolean;
}

/** One replay: a trace, a moment (undefined: the trace's default one), settings. */
export interface SweepJob {
  readonly index: number;
  readonly trace: string;
  readonly at: string | undefined;
  readonly settings: SweepSettings;
}

type Reader = (value: unknown) => unknown;

const size: Reader = (value) => (typeof value === "number" ? value : parseSize(String(value)));
const expected =
  (what: string, isRight: (value: unknown) => boolean): Reader =>
  (value) => {
    if (!isRight(value)) throw new Error(`${what} is needed`);
    return value;
  };
const text = expected("a text", (value) => typeof value === "string");
const count = expected("a number of arenas", (value) => Number.isInteger(value) && (value as number) >= 0);
const flag = expected("true or false", (value) => typeof value === "boolean");

/** Names in the file, what each becomes, and how its value is read. */
const FIELDS: Readonly<Record<string, readonly [keyof SweepSettings, Reader]>> = {
  profile: ["profile", text],
  arena: ["arenaBytes", size],
  pool: ["poolBytes", size],
  keptArenas: ["keptArenas", count],
  usableArenas: ["usableArenas", text],
  returnFreePools: ["returnFreePools", flag],
};

/**
 * Reads a matrix: JSON with `settings`, a list of combinations, or an object of lists whose product is taken; and with
 * `moments`, as `--at` takes them.
 *
 * @throws {MatrixError} when it is none.
 */
export function readMatrix(path: string): {
  readonly settings: readonly SweepSettings[];
  readonly moments: readonly (string | undefined)[];
} {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new MatrixError(`${path} is no matrix: ${(cause as Error).message}.`, { cause });
  }
  const { settings = [{}], moments = [] } = (value ?? {}) as { settings?: unknown; moments?: unknown };
  if (!Array.isArray(moments) || moments.some((moment) => typeof moment !== "string"))
    throw new MatrixError(`${path} is no matrix: "moments" has to be a list of texts.`);
  const combinations = Array.isArray(settings) ? settings : product(settings, path);
  return {
    settings: combinations.map((one, index) => readSettings(one, `${path}: settings[${index}]`)),
    moments: moments.length === 0 ? [undefined] : (moments as string[]),
  };
}

/** Every job of a sweep: traces outermost, then settings, then moments. */
export function sweepJobs(traces: readonly string[], matrix: ReturnType<typeof readMatrix>): SweepJob[] {
  const jobs: Omit<SweepJob, "index">[] = traces.flatMap((trace) =>
    matrix.settings.flatMap((settings) => matrix.moments.map((at) => ({ trace, at, settings }))),
  );
  return jobs.map((job, index) => ({ index, ...job }));
}

function product(lists: unknown, path: string): Record<string, unknown>[] {
  if (typeof lists !== "object" || lists === null)
    throw new MatrixError(`${path} is no matrix: "settings" is no list and no object.`);
  return Object.entries(lists).reduce<Record<string, unknown>[]>(
    (combinations, [name, values]) => {
      if (!Array.isArray(values)) throw new MatrixError(`${path}: settings.${name} has to be a list.`);
      return combinations.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
    },
    [{}],
  );
}

function readSettings(value: unknown, where: string): SweepSettings {
  if (typeof value !== "object" || value === null) throw new MatrixError(`${where} is no object.`);
  const settings: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(value)) {
    const field = FIELDS[name];
    if (field === undefined)
      throw new MatrixError(`${where}: ${name} is not known.`, {
        details: [`Known: ${Object.keys(FIELDS).join(", ")}.`],
      });
    try {
      settings[field[0]] = field[1](given);
    } catch (cause) {
      throw new MatrixError(
        `${where}: ${name} cannot be ${JSON.stringify(given)}: ${(cause as Error).message}`,
        { cause },
      );
    }
  }
  return settings as SweepSettings;
}
