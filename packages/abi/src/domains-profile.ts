// What differs between CPython versions in the allocator domains: debug hooks, fatal errors, PYTHONMALLOC, tracemalloc.

/** How a fatal error is printed. */
export interface FatalText {
  /** Whether the first line names the C function: `Fatal Python error: _PyMem_DebugRawFree: bad ID: …` (3.9 on). */
  readonly namesFunction: boolean;
  /** Whether the message goes through a buffer of C's, so that a byte of 0 in it ends it (up to 3.8). */
  readonly endsAtNul: boolean;
  /** Whether a second line says how far the runtime is: `Python runtime state: initialized` (3.8 on). */
  readonly runtimeState: boolean;
  /** What stands below the thread when it runs no Python code; undefined: nothing (up to 3.8). */
  readonly noFrame: string | undefined;
  /** Whether the extension modules that are loaded are listed at the end (3.10 on). */
  readonly extensionModules: boolean;
}

/** The names that `PYTHONMALLOC` takes, and how any other is refused. */
export interface PythonMallocProfile {
  readonly names: readonly string[];
  /** The C function that the fatal error names. */
  readonly refusedBy: string;
  readonly refusal: string;
  /** The state of the runtime at that point. */
  readonly refusedWhile: string;
}

/** The hash tables of `_tracemalloc`, which make up `tracemalloc.get_tracemalloc_memory()`. Counted in pointers. */
export interface TracemallocTables {
  /** Of each table. */
  readonly headWords: number;
  /** Of an entry of the tables of file names and of tracebacks. */
  readonly nameEntryWords: number;
  /** Of an entry of a table of traces. */
  readonly traceEntryWords: number;
  /**
   * Whether each domain but the first has a table of its own (3.9 on). Before, all traces lie in one table, and their
   * entries are {@link domainBytes} longer from the first trace of another domain on.
   */
  readonly tablePerDomain: boolean;
  readonly domainBytes: number;
}

/** tracemalloc in one version. */
export interface TracemallocProfile {
  /** The most frames that can be kept of a traceback. */
  readonly maxFrames: number;
  /** The least that the environment may ask for: 0 stands for none from 3.8 on. */
  readonly minFrames: number;
  /** Whether a traceback knows how many frames there were before the limit cut them off (3.9 on). */
  readonly totalFrames: boolean;
  readonly tables: TracemallocTables;
  /** How the start of the interpreter fails when the number of frames is above {@link maxFrames}. */
  readonly refusal: string;
}

/** The allocator domains in one version. */
export interface DomainsProfile {
  /** Whether a debug block ends with a serial number: 3.7; later builds can be compiled so. */
  readonly debugSerialNumber: boolean;
  readonly fatalText: FatalText;
  readonly pythonMalloc: PythonMallocProfile;
  readonly tracemalloc: TracemallocProfile;
}

const names = ["default", "malloc", "malloc_debug", "pymalloc", "pymalloc_debug", "debug"] as const;

const v3_7: DomainsProfile = {
  debugSerialNumber: true,
  fatalText: {
    namesFunction: false,
    endsAtNul: true,
    runtimeState: false,
    noFrame: undefined,
    extensionModules: false,
  },
  pythonMalloc: {
    names,
    refusedBy: "_Py_InitializeCore_impl",
    refusal: "Unknown PYTHONMALLOC allocator",
    refusedWhile: "preinitializing",
  },
  tracemalloc: {
    maxFrames: 178_956_969,
    minFrames: 1,
    totalFrames: false,
    refusal: "can't initialize tracemalloc",
    tables: { headWords: 9, nameEntryWords: 3, traceEntryWords: 5, tablePerDomain: false, domainBytes: 4 },
  },
};

const v3_8: DomainsProfile = {
  ...v3_7,
  debugSerialNumber: false,
  fatalText: { ...v3_7.fatalText, runtimeState: true },
  pythonMalloc: {
    ...v3_7.pythonMalloc,
    refusedBy: "preconfig_init_allocator",
    refusal: "PYTHONMALLOC: unknown allocator",
  },
  tracemalloc: { ...v3_7.tracemalloc, minFrames: 0 },
};

const v3_9: DomainsProfile = {
  ...v3_8,
  fatalText: { ...v3_8.fatalText, namesFunction: true, endsAtNul: false, noFrame: "<no Python frame>" },
  tracemalloc: {
    ...v3_8.tracemalloc,
    maxFrames: 65_535,
    totalFrames: true,
    tables: { headWords: 10, nameEntryWords: 4, traceEntryWords: 4, tablePerDomain: true, domainBytes: 0 },
  },
};

const v3_10: DomainsProfile = {
  ...v3_9,
  fatalText: { ...v3_9.fatalText, noFrame: "  <no Python frame>", extensionModules: true },
};

const v3_12: DomainsProfile = {
  ...v3_10,
  tracemalloc: { ...v3_10.tracemalloc, refusal: "can't start tracemalloc" },
};

const v3_13: DomainsProfile = {
  ...v3_12,
  pythonMalloc: { ...v3_12.pythonMalloc, names: [...names, "mimalloc", "mimalloc_debug"] },
};

/** By version. */
export const domainsProfiles: Readonly<Record<string, DomainsProfile>> = {
  "3.7": v3_7,
  "3.8": v3_8,
  "3.9": v3_9,
  "3.10": v3_10,
  "3.11": v3_10,
  "3.12": v3_12,
  "3.13": v3_13,
  "3.14": v3_13,
  "3.15": v3_13,
};
