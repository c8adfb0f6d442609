// Blocks that go from hand to hand: whoever comes to a slot of the table takes the block that is there, looks whether it is
// as its maker left it, and resizes or frees it; and leaves a new one.

import type { DomainName, Domains } from "@obmalloc/domains";

/** Words in front of a block's own data: where it lies, its bytes, its domain, who made it. */
const HEAD_WORDS = 4;
const HEAD_BYTES = HEAD_WORDS * 4;

export interface ExchangeOptions {
  readonly table: SharedArrayBuffer;
  readonly domains: readonly DomainName[];
  readonly operations: number;
  readonly seed: number;
}

export interface ExchangeResult {
  readonly operations: number;
  /** Blocks that were resized, and blocks of other threads that were freed. */
  readonly moved: number;
  readonly foreign: number;
}

/** @throws {Error} when a block is not as it was left. */
export function exchange(memory: Domains, options: ExchangeOptions): ExchangeResult {
  const { domains, operations } = options;
  const table = new Int32Array(options.table);
  const me = memory.gil.threadId;
  let random = options.seed >>> 0;
  const below = (n: number) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return Math.floor((random / 2 ** 32) * n);
  };
  let moved = 0;
  let foreign = 0;
  let left = operations;
  while (left > 0) {
    memory.gil.checkpoint();
    const domain = below(domains.length);
    const fresh = make(memory, domains[domain]!, domain, sizeOf(below), me);
    left--;
    let p = Atomics.exchange(table, below(table.length), fresh) >>> 0;
    if (p === 0) continue;
    const { owner, domain: its } = look(memory, p);
    if (owner !== me) foreign++;
    if (below(5) === 0) {
      p = resize(memory, domains[its]!, p, sizeOf(below));
      moved++;
      left--;
    }
    look(memory, p);
    memory[domains[its]!].c.free(p as never);
    left--;
  }
  return { operations: operations - left, moved, foreign };
}

/** Frees all that is left in the table. */
export function drain(memory: Domains, table: SharedArrayBuffer, domains: readonly DomainName[]): void {
  const slots = new Int32Array(table);
  for (let slot = 0; slot < slots.length; slot++) {
    const p = Atomics.exchange(slots, slot, 0) >>> 0;
    if (p !== 0) memory[domains[look(memory, p).domain]!].c.free(p as never);
  }
}

/** Mostly small, some of the raw heap, a few with pages of their own, which make the memory grow. */
function sizeOf(below: (n: number) => number): number {
  const kind = below(10_000);
  const limit = kind === 0 ? 2 * 1024 * 1024 : kind < 300 ? 20_000 : 560;
  return HEAD_BYTES + 4 * below(limit / 4);
}

function make(memory: Domains, name: DomainName, domain: number, sizeBytes: number, me: number): number {
  const p = memory[name].malloc(sizeBytes);
  write(memory, p, sizeBytes, domain, me);
  return p;
}

function resize(memory: Domains, name: DomainName, p: number, sizeBytes: number): number {
  const { domain, owner } = look(memory, p);
  const moved = memory[name].realloc(p as never, sizeBytes);
  const word = moved >>> 2;
  if (wordsOf(memory, moved, HEAD_BYTES)[word] !== p)
    throw new Error(`The block ${p} lost its data when it moved.`);
  write(memory, moved, sizeBytes, domain, owner);
  return moved;
}

function write(memory: Domains, p: number, sizeBytes: number, domain: number, owner: number): void {
  const words = wordsOf(memory, p, sizeBytes);
  words[(p + sizeBytes) / 4 - 1] = ~p;
  words.set([p, sizeBytes, domain, owner], p / 4);
}

function look(memory: Domains, p: number): { readonly domain: number; readonly owner: number } {
  const [address, sizeBytes, domain, owner] = wordsOf(memory, p, HEAD_BYTES).subarray(
    p / 4,
    p / 4 + HEAD_WORDS,
  );
  const end = (p + sizeBytes!) / 4 - 1;
  const last = sizeBytes === HEAD_BYTES ? owner : wordsOf(memory, p, sizeBytes!)[end];
  if (address !== p || last !== (sizeBytes === HEAD_BYTES ? owner : ~p >>> 0)) {
    throw new Error(
      `The block ${p} says that it is ${address}, of ${sizeBytes} bytes, and ends with ${last}.`,
    );
  }
  return { domain: domain!, owner: owner! };
}

/** The memory's words, fresh when another thread has made it grow. */
function wordsOf({ linear }: Domains, p: number, sizeBytes: number): Uint32Array {
  if (p + sizeBytes > linear.u8.length) linear.refresh();
  return linear.u32;
}
