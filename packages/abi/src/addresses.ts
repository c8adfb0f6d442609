// Byte addresses in a linear memory. They are plain numbers at run time; the types keep a pool from being
// freed as if it were a block. 0 is NULL in every kind.

declare const kind: unique symbol;

/** A byte address of the kind `K`. */
export type Address<K extends string> = number & { readonly [kind]: { readonly [P in K]: true } };

/** First byte of a pool, where its `struct pool_header` lies. */
export type PoolAddress = Address<"pool">;
/** First byte of a block that an object allocator handed out. */
export type BlockAddress = Address<"block">;
/** First byte of an arena. */
export type ArenaAddress = Address<"arena">;
/** First byte of a block that a raw allocator handed out. */
export type RawAddress = Address<"raw">;
/** First byte of mapped pages. */
export type PageAddress = Address<"page">;

/** First byte of an object, where its `ob_refcnt` lies. What the collector needs lies in front of it. */
export type ObjectAddress = Address<"object">;

/** The null pointer, of every kind at once. */
export const NULL = 0 as PoolAddress & BlockAddress & ArenaAddress & RawAddress & PageAddress & ObjectAddress;

/** Says that `n` is the address of a block: for addresses that come from data, such as a recorded trace. */
export function blockAddress(n: number): BlockAddress {
  return n as BlockAddress;
}

/** Says that `n` is the address of a pool. */
export function poolAddress(n: number): PoolAddress {
  return n as PoolAddress;
}

/** Says that `n` is the address of an arena. */
export function arenaAddress(n: number): ArenaAddress {
  return n as ArenaAddress;
}

/** Says that `n` is the address of a raw block. */
export function rawAddress(n: number): RawAddress {
  return n as RawAddress;
}

/** Says that `n` is the address of mapped pages. */
export function pageAddress(n: number): PageAddress {
  return n as PageAddress;
}

/** Says that `n` is the address of an object. */
export function objectAddress(n: number): ObjectAddress {
  return n as ObjectAddress;
}

/** `0x…` in lower case, as messages and JSON show addresses. */
export function formatAddress(address: number): string {
  return Number.isInteger(address) && address >= 0 ? `0x${address.toString(16)}` : String(address);
}
