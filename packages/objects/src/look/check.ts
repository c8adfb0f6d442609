// Walks all objects and says what does not fit together.

import { formatAddress, type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";

/** One broken rule. */
export interface ObjectViolation {
  readonly rule:
    | "type"
    | "count"
    | "reference"
    | "list-links"
    | "list-member"
    | "list-missing"
    | "collecting";
  readonly address: number;
  readonly message: string;
}

/**
 * Checks every live object and every list of the collector.
 *
 * Rules: an object's type is a live type; its count is above 0 and at least the number of references to it; what it refers
 * to is a live object; the collector's lists are linked both ways and hold tracked objects, each in one list; every tracked
 * object is in a list; nothing is marked as being collected. Not to be called during a collection.
 *
 * @param internTable the dict of interned strings, whose references do not count.
 */
export function checkObjects(core: Core, internTable: number): ObjectViolation[] {
  const found: ObjectViolation[] = [];
  const report = (rule: ObjectViolation["rule"], address: number, message: string) => {
    found.push({ rule, address, message: `${message} (at ${formatAddress(address)})` });
  };
  const typed = checkTypes(core, report);
  checkReferences(
    core,
    typed.filter((o) => o !== internTable),
    report,
  );
  checkLists(core, report);
  return found;
}

type Report = (rule: ObjectViolation["rule"], address: number, message: string) => void;

/** The objects whose types can be trusted. */
function checkTypes({ ground, types }: Core, report: Report): ObjectAddress[] {
  const typed: ObjectAddress[] = [];
  for (const o of ground.index.objects()) {
    const type = types.of(o);
    const metatype = ground.index.has(type) ? types.of(type) : 0;
    if (metatype !== 0 && types.isSubtype(metatype, types.builtin.type)) typed.push(objectAddress(o));
    else report("type", o, `its type ${formatAddress(type)} is no live type`);
  }
  return typed;
}

function checkReferences(core: Core, typed: readonly ObjectAddress[], report: Report): void {
  const { counts, ground, traversal, types } = core;
  const inside = new Map<number, number>();
  for (const o of typed) {
    let count = 0;
    try {
      count = traversal.gather(o, 0);
    } catch (error) {
      report("reference", o, String(error));
      continue;
    }
    for (const referent of traversal.found.subarray(0, count)) {
      inside.set(referent, (inside.get(referent) ?? 0) + 1);
      if (ground.index.has(referent)) continue;
      report(
        "reference",
        o,
        `a ${types.nameOf(types.of(o))} refers to ${formatAddress(referent)}, which is no live object`,
      );
    }
  }
  for (const o of typed) {
    if (counts.isImmortal(o) || types.specs.has(o)) continue;
    const count = counts.count(o) | 0;
    const known = inside.get(o) ?? 0;
    const name = types.nameOf(types.of(o));
    if (count <= 0) report("count", o, `a live ${name} has a count of ${count}`);
    else if (count < known)
      report("count", o, `a ${name} has a count of ${count}, but ${known} references lead to it`);
  }
}

function checkLists({ ground, heads, state, types }: Core, report: Report): void {
  const listed = new Set<number>();
  for (const list of [...state.lists, state.permanent]) {
    let previous = list;
    for (let head = heads.next(list); head !== list; head = heads.next(head)) {
      const o = heads.object(head);
      if (!ground.index.has(o) || !ground.index.isCollected(o)) {
        report("list-member", o, "a list of the collector leads to what is no live object");
        break;
      }
      if (heads.previous(head) !== previous) report("list-links", o, "the link backwards leads elsewhere");
      if (!heads.isTracked(o)) report("list-member", o, "an object in a list is not tracked");
      if (heads.isCollecting(head)) report("collecting", o, "marked as being collected");
      if (listed.has(o)) {
        report("list-member", o, "the object is in two lists, or twice in one");
        break;
      }
      listed.add(o);
      previous = head;
    }
    if (heads.previous(list) !== previous)
      report("list-links", list, "the list's end is not its last object");
  }
  for (const o of ground.index.objects()) {
    if (!ground.index.isCollected(o) || !heads.isTracked(o) || listed.has(o)) continue;
    report("list-missing", o, `a tracked ${types.nameOf(types.of(o))} is in no list`);
  }
}
