// What each owner of a shared heap has in the memory: a page with its name and the lists of blocks that it keeps.
// All of it is read and written under the heap's lock, but for an owner's own lists.

import { array, ilp32, OutOfMemoryError, type RawAddress, rawAddress, struct } from "@obmalloc/abi";
import { heapState, QUICK_LIST_COUNT, quickList } from "../heap/chunk-layout.ts";
import { PAGE_BYTES } from "../memory/mapper-layout.ts";
import type { PageMapper } from "../memory/page-mapper.ts";

/** A longer name is cut. */
const NAME_LENGTH_MAX = 32;

/**
 * A page for each owner, so that no two Workers write to one cache line. Pages stay until the memory goes; the next owner
 * takes one that nobody uses.
 */
const { offsets } = struct(ilp32, {
  next: "u32", // the page made before this one, 0 = none
  used: "u32",
  name: array("u32", NAME_LENGTH_MAX), // UTF-16, a word each, 0 behind the end
  quick: array(quickList, QUICK_LIST_COUNT),
});

/** From an owner's page to its lists. */
export const OWNER_LISTS_BYTES = offsets.quick;

export class OwnerPages {
  private readonly mapper: PageMapper;
  /** Word of the heap's state that leads to the newest page. */
  private readonly newest: number;

  constructor(mapper: PageMapper, stateAddress: RawAddress) {
    this.mapper = mapper;
    this.newest = (stateAddress + heapState.offsets.owners) / 4;
  }

  /** A page for an owner; `name` is made up when it has none. @throws {OutOfMemoryError} @throws {RangeError} when it is taken. */
  take(name: string | undefined): RawAddress {
    const pages = this.all();
    const used = pages.filter((page) => this.isUsed(page));
    if (name !== undefined && used.some((page) => this.nameOf(page) === cut(name))) {
      throw new RangeError(`The heap has an owner ${JSON.stringify(name)} already. Names tell them apart.`);
    }
    const page = pages.find((candidate) => !this.isUsed(candidate)) ?? this.makePage();
    const number = pages.includes(page) ? pages.length - pages.indexOf(page) : pages.length + 1;
    this.setName(page, name ?? this.freeName(number));
    this.words[(page + offsets.used) / 4] = 1;
    return page;
  }

  /** Somebody else may have the page. Its lists must be empty. */
  giveUp(page: RawAddress): void {
    this.words[(page + offsets.used) / 4] = 0;
  }

  /** All pages, the newest first; as far as the links can be followed. */
  all(): RawAddress[] {
    const pages: RawAddress[] = [];
    let page = this.words[this.newest]!;
    while (page !== 0 && this.mapper.isMapped(page, PAGE_BYTES) && !pages.includes(rawAddress(page))) {
      pages.push(rawAddress(page));
      page = this.words[(page + offsets.next) / 4]!;
    }
    return pages;
  }

  isUsed(page: RawAddress): boolean {
    return this.words[(page + offsets.used) / 4] === 1;
  }

  nameOf(page: RawAddress): string {
    const first = (page + offsets.name) / 4;
    const units = [...this.words.subarray(first, first + NAME_LENGTH_MAX)];
    const length = units.indexOf(0);
    return String.fromCharCode(...(length === -1 ? units : units.slice(0, length)));
  }

  private makePage(): RawAddress {
    const page = rawAddress(this.mapper.mmap(PAGE_BYTES));
    if (page === 0) throw new OutOfMemoryError("an owner's lists", PAGE_BYTES);
    this.words[(page + offsets.next) / 4] = this.words[this.newest]!;
    this.words[this.newest] = page;
    return page;
  }

  private freeName(number: number): string {
    const used = this.all()
      .filter((page) => this.isUsed(page))
      .map((page) => this.nameOf(page));
    for (let n = number; ; n++) if (!used.includes(`owner ${n}`)) return `owner ${n}`;
  }

  private setName(page: RawAddress, name: string): void {
    const first = (page + offsets.name) / 4;
    const units = Array.from(cut(name), (_, i) => name.charCodeAt(i));
    for (let i = 0; i < NAME_LENGTH_MAX; i++) this.words[first + i] = units[i] ?? 0;
  }

  private get words(): Uint32Array {
    return this.mapper.memory.u32;
  }
}

function cut(name: string): string {
  return name.slice(0, NAME_LENGTH_MAX);
}

/** Whether the heap of the default policy whose state is at `stateAddress` was made for several Workers: it has had an owner then. */
export function isSharedHeapAt({ memory }: PageMapper, stateAddress: number): boolean {
  return memory.u32[(stateAddress + heapState.offsets.owners) / 4] !== 0;
}
