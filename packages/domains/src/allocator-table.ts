// Which allocator serves which domain: what CPython keeps in `_PyMem_Raw`, `_PyMem` and `_PyObject`.

import type { BlockAddress, RawAddress } from "@obmalloc/abi";
import { type DomainName, domainNames, type PyMemAllocatorEx, StoredAllocator } from "./allocator.ts";
import type { BlockLedger } from "./block-ledger.ts";
import type { DebugHost } from "./debug/debug-calls.ts";
import { debugAllocator, debuggedInner } from "./debug/hooks.ts";
import type { Domain, Origin } from "./domain.ts";
import { tracedInner } from "./tracemalloc/hooks.ts";

export interface AllocatorTableOptions {
  readonly domains: {
    readonly raw: Domain<RawAddress>;
    readonly mem: Domain<BlockAddress>;
    readonly obj: Domain<BlockAddress>;
  };
  /** `MALLOC_ALLOC`. */
  readonly malloc: StoredAllocator;
  /** `PYMALLOC_ALLOC`. */
  readonly pymalloc: StoredAllocator;
  readonly ledger: BlockLedger;
  readonly debugHost: DebugHost;
  /** Whether an address is that of a live block of the package's own engines. */
  isEngineBlock(): (address: number) => boolean;
}

/** Gets and sets the allocators of the domains. */
export class AllocatorTable {
  private readonly options: AllocatorTableOptions;

  constructor(options: AllocatorTableOptions) {
    this.options = options;
  }

  /** @throws {RangeError} when there is no such domain. */
  get(domain: DomainName): StoredAllocator {
    return this.domain(domain).allocator;
  }

  /**
   * @throws {RangeError} when there is no such domain.
   * @throws {TypeError} when `allocator` has not all of its functions.
   */
  set(domain: DomainName, allocator: PyMemAllocatorEx): void {
    const { ledger } = this.options;
    const target = this.domain(domain);
    const stored = StoredAllocator.of(allocator);
    const origin = this.originOf(stored);
    if (origin !== "foreign" && ledger.size > 0) ledger.settle(this.options.isEngineBlock());
    target.set(stored, origin);
  }

  /** Puts the debug hooks around every allocator that does not have them (`PyMem_SetupDebugHooks`). */
  setupDebugHooks(): void {
    for (const domain of domainNames) {
      const inner = this.get(domain);
      if (debuggedInner(inner) !== undefined) continue;
      this.set(domain, debugAllocator(domain, inner, this.options.debugHost));
    }
  }

  /** Sets what `PYTHONMALLOC` stands for. */
  setNatives(objects: "pymalloc" | "malloc"): void {
    const { malloc, pymalloc } = this.options;
    this.set("raw", malloc);
    for (const domain of ["mem", "obj"] as const)
      this.set(domain, objects === "pymalloc" ? pymalloc : malloc);
  }

  /** `_PyMem_GetCurrentAllocatorName`: null when it is none of those that have a name. */
  name(): string | null {
    const inner = (domain: DomainName) => debuggedInner(this.get(domain));
    if (domainNames.every((domain) => inner(domain) !== undefined)) {
      const name = this.nameOf((domain) => inner(domain)!);
      return name === null ? null : `${name}_debug`;
    }
    return this.nameOf((domain) => this.get(domain));
  }

  /** Whether pymalloc is behind the obj domain, with or without debug hooks (`_PyMem_PymallocEnabled`). */
  hasPymalloc(): boolean {
    const obj = this.get("obj");
    return (debuggedInner(obj) ?? obj).equals(this.options.pymalloc);
  }

  /** Whether the debug hooks are around the allocator of a domain, with tracemalloc's around them or not. */
  hasDebugHooks(domain: DomainName): boolean {
    const allocator = this.get(domain);
    return debuggedInner(tracedInner(allocator) ?? allocator) !== undefined;
  }

  /** The allocators of a domain from the one that is set to the one at the bottom, as far as the package can look. */
  chain(domain: DomainName): StoredAllocator[] {
    const chain: StoredAllocator[] = [];
    for (let at: StoredAllocator | undefined = this.get(domain); at !== undefined; at = innerOf(at))
      chain.push(at);
    return chain;
  }

  /** Whether one of the package's own allocators is behind a domain. */
  isInUse(name: "malloc" | "pymalloc"): boolean {
    const allocator = this.options[name];
    return domainNames.some((domain) => this.chain(domain).some((one) => one.equals(allocator)));
  }

  private domain(name: DomainName): Domain<RawAddress> | Domain<BlockAddress> {
    const { domains } = this.options;
    if (Object.hasOwn(domains, name)) return domains[name];
    throw new RangeError(`There is no domain ${String(name)}. The domains are ${domainNames.join(", ")}.`);
  }

  private nameOf(allocatorOf: (domain: DomainName) => StoredAllocator): string | null {
    const { malloc, pymalloc } = this.options;
    if (!allocatorOf("raw").equals(malloc)) return null;
    for (const [name, allocator] of [["malloc", malloc] as const, ["pymalloc", pymalloc] as const]) {
      if (allocatorOf("mem").equals(allocator) && allocatorOf("obj").equals(allocator)) return name;
    }
    return null;
  }

  private originOf(allocator: StoredAllocator): Origin {
    const inner = innerOf(allocator);
    if (inner !== undefined) return this.originOf(inner);
    const { malloc, pymalloc } = this.options;
    return allocator.equals(malloc) || allocator.equals(pymalloc) ? "ours" : "foreign";
  }
}

/** What one of the package's own hooks is put around. */
function innerOf(allocator: StoredAllocator): StoredAllocator | undefined {
  return debuggedInner(allocator) ?? tracedInner(allocator);
}
