// The three domains over one heap, with everything that can be put around them.

import type { Profile, RawAddress, Violation } from "@obmalloc/abi";
import { type ArenaAllocator, formatDebugMallocStats, type PyMalloc } from "@obmalloc/pymalloc";
import type { LinearMemory, RawAllocator } from "@obmalloc/raw-heap";
import { type DomainName, domainNames, type PyMemAllocatorEx, type StoredAllocator } from "./allocator.ts";
import { AllocatorTable } from "./allocator-table.ts";
import { ArenaSource } from "./arena-source.ts";
import { BlockLedger } from "./block-ledger.ts";
import { allocatorOf } from "./calls.ts";
import { BlockBytes } from "./debug/block-bytes.ts";
import { DebugDamage } from "./debug/damage.ts";
import type { DebugHost } from "./debug/debug-calls.ts";
import { makeKernel } from "./debug/kernel.ts";
import { debugLayout } from "./debug/layout.ts";
import { scanDebugBlocks } from "./debug/scan.ts";
import { Domain } from "./domain.ts";
import { ObjectDomain, RawDomain } from "./domain-face.ts";
import { checkRaw, engineBlockTest } from "./engine-blocks.ts";
import type { Settings } from "./environment.ts";
import { type FrameProvider, noFrames } from "./frames.ts";
import type { Gil } from "./gil/gil.ts";
import { type ObjectEngine, objectEngine, type ThreadsMode } from "./object-engine.ts";
import { checkOwners, type OwnedBlocks, ownersOf } from "./owners.ts";
import { ObjectPort, RawPort } from "./ports.ts";
import { domainsState } from "./state-layout.ts";
import { makePlace, type Place } from "./threads/place.ts";
import { tracedAllocator } from "./tracemalloc/hooks.ts";
import { Tracemalloc } from "./tracemalloc/tracemalloc.ts";

/** The parts that {@link Domains} are put together from. */
export interface DomainsOptions {
  readonly profile: Profile;
  /** Where everything lies; `raw` and `arenas` must give addresses in it. */
  readonly linear: LinearMemory;
  /** What the C library's malloc is here. */
  readonly raw: RawAllocator;
  readonly arenas: ArenaAllocator;
  readonly settings: Settings;
  /** Knows the stacks that tracemalloc keeps and fatal errors print. @defaultValue nothing is known */
  readonly frames?: FrameProvider | undefined;
  /** Takes what CPython writes to stderr. @defaultValue it is dropped */
  readonly stderr?: ((text: string) => void) | undefined;
  /** Modules that a fatal error lists as extension modules (3.10 on). @defaultValue none */
  readonly extensionModules?: readonly string[] | undefined;
  /** What the thread is called that runs this. @defaultValue "main" */
  readonly threadName?: string | undefined;
  /** As `Gil` takes it. */
  readonly lostAfterIntervals?: number | undefined;
  /** How threads share the domains; `raw` and `arenas` have locks of their own then. @defaultValue they do not */
  readonly threads?: ThreadsMode | undefined;
  /** Where the domains live, when that is made already. @defaultValue a new place, with the GIL held */
  readonly place?: Place | undefined;
}

/** The domains at one moment. */
export interface DomainsSnapshot {
  readonly version: string;
  readonly model: "lp64" | "ilp32";
  /** As `PYTHONMALLOC` would name it; null when it has no name for what is set. */
  readonly allocatorName: string | null;
  /** The allocators of each domain, from the one that is called to the one at the bottom, as far as is known. */
  readonly allocators: Readonly<Record<DomainName, readonly string[]>>;
  readonly allocatedBlocks: number;
  readonly owners: readonly OwnedBlocks[];
  readonly tracing: boolean;
}

/**
 * CPython's memory API over one heap: `raw`, `mem` and `obj`, the allocators behind them, and what can be put around these.
 *
 * Units. Sizes are bytes, addresses are byte addresses in {@link linear}; 0 is NULL.
 * State. Heaps, debug bytes, serial number and GIL lie in the memory. Which allocators are set belongs to the thread that
 * set them, as functions cannot lie in memory; and so do the traces of tracemalloc.
 * @see CPython 3.13 Objects/obmalloc.c
 */
export class Domains {
  readonly profile: Profile;
  readonly linear: LinearMemory;
  readonly raw: RawDomain;
  readonly mem: ObjectDomain;
  readonly obj: ObjectDomain;
  /** The pymalloc that this thread allocates from. */
  readonly pymalloc: PyMalloc;
  /** The heap behind the raw domain, without its hooks. */
  readonly rawHeap: RawAllocator;
  readonly tracemalloc: Tracemalloc;
  readonly gil: Gil;
  /** Where `domainsState` lies. */
  readonly stateAddress: RawAddress;

  /** How threads share the domains; null when they do not. */
  readonly threads: ThreadsMode | null;
  private readonly engine: ObjectEngine;
  private readonly place: Place;
  private readonly stderr: (text: string) => void;
  private readonly arenaSource: ArenaSource;
  private readonly table: AllocatorTable;
  private readonly ledger = new BlockLedger();
  private readonly settings: Settings;
  private readonly debugHost: DebugHost;
  /** What tracemalloc is around, while it traces. */
  private readonly untraced = new Map<DomainName, StoredAllocator>();

  /** @throws {OutOfMemoryError} when there is no room for the state. */
  constructor(options: DomainsOptions) {
    const { profile, linear, raw, settings } = options;
    this.profile = profile;
    this.linear = linear;
    this.rawHeap = raw;
    this.settings = settings;
    this.stderr = options.stderr ?? (() => {});
    const place = options.place ?? makePlace(raw, options);
    this.place = place;
    this.stateAddress = place.stateAddress;
    this.gil = place.gil;
    this.threads = options.threads ?? null;
    if (options.place === undefined) this.gil.acquire();

    const { model } = profile;
    this.arenaSource = new ArenaSource({
      linear,
      allocator: options.arenas,
      pointerBytes: model.pointerBytes,
    });
    const { alignmentBytes } = profile.pymalloc;
    const shared = { linear, model, alignmentBytes, ledger: this.ledger };
    const malloc = allocatorOf(raw, "malloc");
    const rawPort = new RawPort(raw);
    const arenas = this.arenaSource.asAllocator();
    const mode = options.threads ?? "gil";
    const { stateAddress } = place;
    const engine = objectEngine({ mode, linear, profile, raw: rawPort, arenas, stateAddress });
    const [memPort, objPort] = [new ObjectPort(engine.calls), new ObjectPort(engine.calls)];
    this.engine = engine;
    this.pymalloc = engine.pymalloc;
    this.raw = new RawDomain("raw", rawPort, model);
    this.mem = new ObjectDomain("mem", memPort, model);
    this.obj = new ObjectDomain("obj", objPort, model);
    const pymalloc = allocatorOf(engine.calls, engine.name);
    const domains = {
      raw: new Domain({
        ...shared,
        name: "raw",
        holders: [rawPort, this.raw],
        allocator: malloc,
      }),
      mem: new Domain({ ...shared, name: "mem", holders: [memPort, this.mem], allocator: pymalloc }),
      obj: new Domain({ ...shared, name: "obj", holders: [objPort, this.obj], allocator: pymalloc }),
    };

    const frames = options.frames ?? noFrames;
    this.debugHost = this.makeDebugHost(frames, options.extensionModules ?? []);
    this.table = new AllocatorTable({
      domains,
      malloc,
      pymalloc,
      ledger: this.ledger,
      debugHost: this.debugHost,
      isEngineBlock: () => engineBlockTest(engine.all(), raw),
    });
    this.tracemalloc = this.makeTracemalloc(frames);
    this.applySettings();
  }

  /** The allocator of a domain (`PyMem_GetAllocator`): a frozen copy, to wrap and to put back. */
  getAllocator(domain: DomainName): PyMemAllocatorEx {
    return this.table.get(domain);
  }

  /**
   * Replaces the allocator of a domain (`PyMem_SetAllocator`). Blocks of the old one may be alive; the new one gets them when
   * they are freed, so it has to know them or pass them on.
   *
   * @throws {TypeError} when one of the four functions is missing.
   */
  setAllocator(domain: DomainName, allocator: PyMemAllocatorEx): void {
    this.table.set(domain, allocator);
  }

  /**
   * Puts an allocator around the one that is set.
   *
   * @param make gives the new allocator, for the one that is set.
   * @returns puts back the one that was set. Throws a `RangeError` when another one was put around this one and is still there.
   * @example const unwrap = memory.wrap("mem", (inner) => loggingAllocator(inner, console.log)); …; unwrap();
   */
  wrap(domain: DomainName, make: (inner: PyMemAllocatorEx) => PyMemAllocatorEx): () => void {
    const inner = this.table.get(domain);
    this.table.set(domain, make(inner));
    const outer = this.table.get(domain);
    return () => {
      const present = this.table.get(domain);
      if (present !== outer) {
        throw new RangeError(
          `${outer.name} is not what is set for ${domain}; ${present.name} is: take that away first.`,
        );
      }
      this.table.set(domain, inner);
    };
  }

  /** Where arenas come from (`PyObject_GetArenaAllocator`). */
  getArenaAllocator(): ArenaAllocator {
    return this.arenaSource.allocator;
  }

  /** Replaces it (`PyObject_SetArenaAllocator`). It has to take back the arenas that are mapped. */
  setArenaAllocator(allocator: ArenaAllocator): void {
    this.arenaSource.allocator = allocator;
  }

  /** Puts the debug hooks around every allocator that does not have them (`PyMem_SetupDebugHooks`). */
  setupDebugHooks(): void {
    this.table.setupDebugHooks();
  }

  /** What `PYTHONMALLOC` calls the allocators that are set; null when it has no name for them. */
  get allocatorName(): string | null {
    return this.table.name();
  }

  /** Blocks in use (`sys.getallocatedblocks`): those that went through pymalloc, of all threads. O(pools). */
  getAllocatedBlocks(): number {
    return this.engine.countBlocks();
  }

  /** pymalloc's part of `sys._debugmallocstats()`; "" when pymalloc is not behind the obj domain. */
  debugMallocStats(): string {
    if (!this.table.hasPymalloc()) return "";
    const stats = this.pymalloc.collectStats();
    const calls = this.table.hasDebugHooks("obj") ? { objectMallocCalls: this.serialNumber } : {};
    return formatDebugMallocStats(this.profile, { ...stats, ...calls });
  }

  /** The end of the program: what `PYTHONMALLOCSTATS` prints then. */
  finalize(): void {
    if (this.settings.mallocStats) this.stderr(this.debugMallocStats());
  }

  /** The end of a thread's part in domains that threads share: it may be called no more, and its place is free. */
  detach(): void {
    this.engine.leave();
    this.place.heap?.detach();
    if (this.gil.isHeld) this.gil.release();
    this.gil.detach();
  }

  /**
   * Everything that is wrong: in the heaps, around debug blocks, and blocks whose allocator is not set any more. O(heap).
   */
  check(): Violation[] {
    const { rawHeap } = this;
    this.linear.refresh();
    const pymallocs = this.engine.all();
    const violations = [
      ...checkRaw(rawHeap),
      ...pymallocs.flatMap((pymalloc) => pymalloc.check()),
      ...checkOwners(this.ledger, this.table, pymallocs, rawHeap),
    ];
    if (violations.length === 0 && domainNames.some((domain) => this.table.hasDebugHooks(domain))) {
      const { bytes, layout, resized } = this.debugHost;
      // What other threads have resized is not known.
      const isResized = (address: number) => this.threads !== null || resized.has(address);
      const sinceStart = this.settings.allocators.debugHooks;
      const returning = this.engine.returning();
      violations.push(
        ...scanDebugBlocks({ pymallocs, raw: rawHeap, bytes, layout, sinceStart, isResized, returning }),
      );
    }
    return violations;
  }

  /** Which live blocks belong to which allocator. O(heap). */
  owners(): OwnedBlocks[] {
    return ownersOf(this.ledger, this.table, this.engine.all(), this.rawHeap);
  }

  /** Everything at this moment as plain frozen data. O(heap). */
  inspect(): DomainsSnapshot {
    const names = (domain: DomainName) => Object.freeze(this.table.chain(domain).map(({ name }) => name));
    return Object.freeze({
      version: this.profile.version,
      model: this.profile.model.name,
      allocatorName: this.allocatorName,
      allocators: Object.freeze({ raw: names("raw"), mem: names("mem"), obj: names("obj") }),
      allocatedBlocks: this.getAllocatedBlocks(),
      owners: Object.freeze(this.owners()),
      tracing: this.tracemalloc.isTracing(),
    });
  }

  private get serialNumber(): number {
    return this.linear.u32[this.serialWord]!;
  }

  private get serialWord(): number {
    return (this.stateAddress + domainsState(this.profile).offsets.serialno) >>> 2;
  }

  /** What the hooks ask whether the thread may allocate. Without a lock, it is enough to be attached. */
  private get permission(): { readonly isHeld: boolean; run<T>(action: () => T): T } {
    const { gil } = this;
    if (this.threads !== "own-heaps") return gil;
    return {
      get isHeld() {
        return gil.threadId !== 0;
      },
      run: (action) => action(),
    };
  }

  private makeDebugHost(frames: FrameProvider, extensionModules: readonly string[]): DebugHost {
    const { profile, linear } = this;
    const layout = debugLayout(profile);
    const bytes = new BlockBytes(linear, layout.wordBytes);
    const damage = new DebugDamage({
      profile,
      bytes,
      layout,
      engines: () => this.engine.all(),
      raw: this.rawHeap,
      thread: { id: this.gil.threadId, frames, extensionModules },
      traceText: (p) => this.tracemalloc.dumpText(p),
    });
    const word = this.serialWord;
    const nextSerialNumber = this.linear.shared
      ? () => Atomics.add(linear.u32, word, 1) + 1
      : () => ++linear.u32[word]!;
    const kernel = makeKernel(linear, layout.wordBytes) ?? bytes;
    const resized = new Set<number>();
    return {
      bytes,
      kernel,
      layout,
      gil: this.permission,
      damage,
      resized,
      nextSerialNumber,
      model: profile.model,
    };
  }

  private makeTracemalloc(frames: FrameProvider): Tracemalloc {
    const tracer: Tracemalloc = new Tracemalloc({
      profile: this.profile,
      gil: this.permission,
      frames,
      install: () => {
        for (const domain of domainNames) {
          const inner = this.table.get(domain);
          this.untraced.set(domain, inner);
          this.table.set(domain, tracedAllocator(domain, inner, tracer, this.profile.model));
        }
      },
      uninstall: () => {
        for (const [domain, inner] of this.untraced) this.table.set(domain, inner);
        this.untraced.clear();
      },
    });
    return tracer;
  }

  private applySettings(): void {
    const { allocators, mallocStats, traceFrames } = this.settings;
    this.table.setNatives(allocators.objects);
    if (allocators.debugHooks) this.setupDebugHooks();
    if (mallocStats) this.arenaSource.onNewArena = () => this.stderr(this.debugMallocStats());
    if (traceFrames > 0) this.tracemalloc.start(traceFrames);
  }
}
