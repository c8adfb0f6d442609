// Containers, and the tables that they keep outside of themselves. The head is added by object-layouts.ts.

import { array, type StructLayout } from "../struct.ts";

/** `PyTupleObject` up to 3.13: the items follow. */
export const tupleObject = { ob_size: "ssize", ob_item: array("ptr", 0) } as const;

/** `PyTupleObject` since 3.14, with the hash. */
export const hashedTupleObject = { ob_size: "ssize", ob_hash: "ssize", ob_item: array("ptr", 0) } as const;

/** `PyListObject`: `ob_item` points to room for `allocated` items. */
export const listObject = { ob_size: "ssize", ob_item: "ptr", allocated: "ssize" } as const;

/** `PyDictObject` up to 3.13: `ma_values` is 0 unless the keys are shared. */
export const dictObject = {
  ma_used: "ssize",
  ma_version_tag: "u64",
  ma_keys: "ptr",
  ma_values: "ptr",
} as const;

/** `PyDictObject` since 3.14, which counts no versions. */
export const watchedDictObject = {
  ma_used: "ssize",
  _ma_watcher_tag: "u64",
  ma_keys: "ptr",
  ma_values: "ptr",
} as const;

/**
 * `PyDictKeysObject` up to 3.10 (lp64: 40 bytes), followed by `dk_size` indices and the entries.
 *
 * @see CPython 3.9 Objects/dict-common.h
 */
export const dictKeys = {
  dk_refcnt: "ssize",
  dk_size: "ssize",
  dk_lookup: "ptr", // a function: lookdict, lookdict_unicode, ..._nodummy, lookdict_split
  dk_usable: "ssize",
  dk_nentries: "ssize",
} as const;

/**
 * `PyDictKeysObject` since 3.11 (lp64: 32 bytes).
 *
 *      lp64   0           8               9                     10        12           16          24            32
 *             ┌───────────┬───────────────┬─────────────────────┬─────────┬────────────┬───────────┬─────────────┐
 *             │ dk_refcnt │ dk_log2_size  │ dk_log2_index_bytes │ dk_kind │ dk_version │ dk_usable │ dk_nentries │
 *             └───────────┴───────────────┴─────────────────────┴─────────┴────────────┴───────────┴─────────────┘
 *
 * @see CPython 3.13 Include/internal/pycore_dict.h
 */
export const logDictKeys = {
  dk_refcnt: "ssize",
  dk_log2_size: "u8",
  dk_log2_index_bytes: "u8",
  dk_kind: "u8", // 0 general, 1 unicode, 2 split
  dk_version: "u32",
  dk_usable: "ssize",
  dk_nentries: "ssize",
} as const;

/** `PyDictKeyEntry`. */
export const dictEntry = { me_hash: "ssize", me_key: "ptr", me_value: "ptr" } as const;

/** `PyDictUnicodeEntry`, in tables whose keys are all strings, since 3.11. */
export const unicodeDictEntry = { me_key: "ptr", me_value: "ptr" } as const;

/**
 * `PyDictValues` since 3.13: a small header, the values, and behind them the order of insertion, a byte for each.
 *
 * In 3.11 and 3.12 the values stand alone, and the order lies in front of them, growing downwards.
 */
export const dictValues = {
  capacity: "u8",
  size: "u8",
  embedded: "u8",
  valid: "u8",
  values: array("ptr", 0),
} as const;

/** `setentry`. */
export const setEntry = { key: "ptr", hash: "ssize" } as const;

/** Slots that lie inside of each set (`PySet_MINSIZE`). */
const PySet_MINSIZE = 8;

/** `PySetObject`: `table` points to `smalltable` until the set outgrows it. */
export const setObject = (entry: StructLayout) =>
  ({
    fill: "ssize", // slots that are or were in use
    used: "ssize",
    mask: "ssize",
    table: "ptr",
    hash: "ssize",
    finger: "ssize", // where pop() goes on looking
    smalltable: array(entry, PySet_MINSIZE),
    weakreflist: "ptr",
  }) as const;
