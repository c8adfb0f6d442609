// Making domains with everything that they need, and joining those that another thread has made.

import { OutOfMemoryError, type Profile, profileFor, type RawAddress, rawAddress } from "@obmalloc/abi";
import { type ArenaAllocator, mappedArenas } from "@obmalloc/pymalloc";
import { LinearMemory, type MemorySource, PageMapper, RawHeap, SharedHeap } from "@obmalloc/raw-heap";
import { Domains, type DomainsOptions } from "./domains.ts";
import { type Environment, readSettings, type Settings, type XOptions } from "./environment.ts";
import type { ThreadsMode } from "./object-engine.ts";
import { domainsState } from "./state-layout.ts";
import { joinPlace, type Place } from "./threads/place.ts";

/** What belongs to a thread, not to the memory. */
type ThreadOptions = Pick<
  DomainsOptions,
  "frames" | "stderr" | "extensionModules" | "threadName" | "lostAfterIntervals"
>;

/** What domains are made of: version, memory, environment. */
export interface CreateDomainsOptions extends ThreadOptions {
  /** @defaultValue CPython 3.13, lp64 */
  readonly profile?: Profile;
  /** The most that all of it may occupy, in bytes. @defaultValue 4 GiB */
  readonly maxBytes?: number;
  /** Variables such as `PYTHONMALLOC`; pass `process.env` to obey the real ones. @defaultValue none is set */
  readonly environment?: Environment;
  /** What Python's command line takes as `-X`. */
  readonly xOptions?: XOptions;
}

/** What a Worker needs to join domains: plain data for `postMessage` or `workerData`. */
export interface DomainsHandle {
  readonly threads: ThreadsMode;
  readonly source: MemorySource;
  readonly maxBytes: number;
  readonly stateAddress: RawAddress;
  readonly profile: Profile;
  readonly settings: Settings;
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
  const { profile = profileFor("3.13"), maxBytes } = options;
  const settings = settingsOf(options, profile);
  const linear = new LinearMemory(maxBytes === undefined ? {} : { maxBytes });
  const mapper = PageMapper.create(linear);
  const raw = RawHeap.create(mapper, { model: profile.model });
  const arenas = mappedArenas(mapper, profile.pymalloc.poolBytes);
  return new Domains({ ...options, profile, linear, raw, arenas, settings });
}

/**
 * Domains in shared memory, which other threads can join.
 *
 * With `threads: "gil"` all threads have one heap: mem and obj belong to the one that holds the GIL, which is the calling
 * thread at first: `release` it before you wait for others. With "own-heaps" nobody needs it: each thread has a pymalloc
 * of its own, and frees what it finds. The raw domain has a lock of its own in both.
 * @throws as {@link createDomains} does.
 * @example
 * const shared = createSharedDomains({ threads: "gil" });
 * new Worker(file, { workerData: shared.handle }); // there: const memory = joinDomains(workerData, { threadName: "worker" });
 */
export function createSharedDomains(options: CreateDomainsOptions & { readonly threads: ThreadsMode }): {
  readonly memory: Domains;
  readonly handle: DomainsHandle;
} {
  const { profile = profileFor("3.13"), maxBytes, threads } = options;
  const settings = settingsOf(options, profile);
  const linear = new LinearMemory({ shared: true, ...(maxBytes === undefined ? {} : { maxBytes }) });
  const mapper = PageMapper.create(linear);
  const heap = asShared(RawHeap.create(mapper, { model: profile.model, name: options.threadName ?? "main" }));
  const { sizeBytes } = domainsState(profile);
  const stateAddress = rawAddress(heap.calloc(1, sizeBytes));
  if (stateAddress === 0) throw new OutOfMemoryError("domains state", sizeBytes);
  const handle = {
    threads,
    source: linear.source,
    maxBytes: linear.maxBytes,
    stateAddress,
    profile,
    settings,
  };
  const place = joinPlace(stateAddress, { ...options, profile, linear });
  if (threads === "gil") place.gil.acquire();
  return { memory: sharedDomains(handle, mapper, { ...place, heap }, options), handle };
}

/**
 * The domains that another thread has made, for the calling thread. Neither the GIL nor anything else is held then.
 *
 * @throws {GilMisuseError} when there are 64 threads already.
 * @example const memory = joinDomains(workerData, { threadName: "worker 1" }); memory.gil.run(() => memory.obj.malloc(64));
 */
export function joinDomains(handle: DomainsHandle, options: ThreadOptions = {}): Domains {
  const { source, maxBytes, profile, stateAddress } = handle;
  const linear = new LinearMemory({ source, maxBytes });
  const mapper = PageMapper.attach(linear);
  const threadName = options.threadName ?? "worker";
  const place = joinPlace(stateAddress, { ...options, threadName, profile, linear });
  const heap = attachHeap(mapper, `${threadName} (${place.gil.threadId})`);
  return sharedDomains(handle, mapper, { ...place, heap }, options);
}

/** Another thread's heap, under a name for messages; without one, should a terminated thread of the same name have left it. */
function attachHeap(mapper: PageMapper, name: string): SharedHeap {
  try {
    return asShared(RawHeap.attach(mapper, { name }));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return asShared(RawHeap.attach(mapper));
  }
}

function asShared(heap: RawHeap): SharedHeap {
  if (heap instanceof SharedHeap) return heap;
  throw new TypeError("The raw heap in this memory has no lock: it was not made for several threads.");
}

function sharedDomains(
  { threads, profile, settings }: DomainsHandle,
  mapper: PageMapper,
  place: Place & { readonly heap: SharedHeap },
  options: ThreadOptions,
): Domains {
  const { heap: raw } = place;
  const arenas = lockedArenas(raw, mappedArenas(mapper, profile.pymalloc.poolBytes));
  return new Domains({ ...options, profile, linear: mapper.memory, raw, arenas, settings, threads, place });
}

/** Arenas from the pages that the heap takes its own from: these have the heap's lock. */
function lockedArenas(heap: SharedHeap, arenas: ArenaAllocator): ArenaAllocator {
  return {
    ctx: arenas.ctx,
    alloc: (ctx, sizeBytes) => heap.locked(() => arenas.alloc(ctx, sizeBytes)),
    free: (ctx, address, sizeBytes) => heap.locked(() => arenas.free(ctx, address, sizeBytes)),
  };
}

function settingsOf({ environment = {}, xOptions = {} }: CreateDomainsOptions, profile: Profile): Settings {
  return readSettings(environment, xOptions, profile);
}
