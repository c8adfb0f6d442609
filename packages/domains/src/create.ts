import { type Profile, profileFor } from "@obmalloc/abi";
import { mappedArenas } from "@obmalloc/pymalloc";
import { LinearMemory, PageMapper, RawHeap } from "@obmalloc/raw-heap";
import { Domains, type DomainsOptions } from "./domains.ts";
import { type Environment, readSettings, type XOptions } from "./environment.ts";

export interface CreateDomainsOptions
  extends Pick<
    DomainsOptions,
    "frames" | "stderr" | "extensionModules" | "threadName" | "lostAfterIntervals"
  > {
  /** @defaultValue CPython 3.13, lp64 */
  readonly profile?: Profile;
  /** The most that all of it may occupy, in bytes. @defaultValue 4 GiB */
  readonly maxBytes?: number;
  /** Variables such as `PYTHONMALLOC`; pass `process.env` to obey the real ones. @defaultValue none is set */
  readonly environment?: Environment;
  /** What Python's command line takes as `-X`. */
  readonly xOptions?: XOptions;
}

/**
 * The domains with everything that they need: a memory, a system to map pages from, a raw heap, pymalloc.
 *
 * @throws {FatalStartError} in CPython's words, for a variable or option that it refuses.
 * @throws {RangeError} when `maxBytes` is above 4 GiB or too small for the page mapper.
 * @throws {OutOfMemoryError} when it is too small for what the allocators keep for themselves.
 * @example const memory = createDomains({ environment: { PYTHONMALLOC: "debug" } });
 */
export function createDomains(options: CreateDomainsOptions = {}): Domains {
  const { profile = profileFor("3.13"), environment = {}, xOptions = {}, maxBytes } = options;
  const settings = readSettings(environment, xOptions, profile);
  const linear = new LinearMemory(maxBytes === undefined ? {} : { maxBytes });
  const mapper = PageMapper.create(linear);
  const raw = RawHeap.create(mapper, { model: profile.model });
  const arenas = mappedArenas(mapper, profile.pymalloc.poolBytes);
  return new Domains({ ...options, profile, linear, raw, arenas, settings });
}
