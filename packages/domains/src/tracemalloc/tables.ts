// How large the hash tables of CPython's `_tracemalloc` would be: what `get_tracemalloc_memory()` answers. The traces
// themselves lie elsewhere (block-traces.ts); only the tables' growth is followed.

import type { Profile, TracemallocTables } from "@obmalloc/abi";

const MIN_BUCKETS = 16;
const HIGH = 0.5;
const LOW = 0.1;
/** A table that is resized becomes so many times as large as it has entries, rounded up to a power of two. */
const REHASH_FACTOR = 2 / (LOW + HIGH);

/**
 * `_Py_hashtable_t` by its numbers alone.
 *
 * @see CPython 3.13 Python/hashtable.c
 */
export class TableSize {
  entries = 0;
  private buckets = MIN_BUCKETS;

  added(): void {
    if (++this.entries / this.buckets > HIGH) this.resize();
  }

  removed(): void {
    if (--this.entries / this.buckets < LOW) this.resize();
  }

  clear(): void {
    this.entries = 0;
    this.buckets = MIN_BUCKETS;
  }

  bytes(headBytes: number, bucketBytes: number, entryBytes: number): number {
    return headBytes + this.buckets * bucketBytes + this.entries * entryBytes;
  }

  private resize(): void {
    const wanted = this.entries * REHASH_FACTOR;
    let buckets = MIN_BUCKETS;
    while (buckets < wanted) buckets *= 2;
    this.buckets = buckets;
  }
}

/** All tables of one interpreter. */
export class TracemallocSize {
  readonly filenames = new TableSize();
  readonly tracebacks = new TableSize();
  private readonly wordBytes: number;
  private readonly facts: TracemallocTables;
  private readonly traces = new TableSize();
  private readonly domains = new Map<number, TableSize>();
  /** Up to 3.8: whether a domain other than 0 was ever traced. */
  private usesDomains = false;

  constructor({ model, domains }: Profile) {
    this.wordBytes = model.pointerBytes;
    this.facts = domains.tracemalloc.tables;
  }

  /** The table that the traces of a domain are in. */
  tableOf(domain: number): TableSize {
    if (domain === 0 || !this.facts.tablePerDomain) {
      this.usesDomains ||= domain !== 0;
      return this.traces;
    }
    let table = this.domains.get(domain);
    if (table === undefined) {
      table = new TableSize();
      this.domains.set(domain, table);
    }
    return table;
  }

  clear(): void {
    this.filenames.clear();
    this.tracebacks.clear();
    this.traces.clear();
    this.domains.clear();
  }

  /** `tracemalloc.get_tracemalloc_memory()`. */
  bytes(): number {
    const { wordBytes, facts } = this;
    const headBytes = facts.headWords * wordBytes;
    const nameBytes = facts.nameEntryWords * wordBytes;
    const traceBytes = facts.traceEntryWords * wordBytes + (this.usesDomains ? facts.domainBytes : 0);
    let bytes = 0;
    for (const table of [this.filenames, this.tracebacks])
      bytes += table.bytes(headBytes, wordBytes, nameBytes);
    for (const table of [this.traces, ...this.domains.values()]) {
      bytes += table.bytes(headBytes, wordBytes, traceBytes);
    }
    return bytes;
  }
}
