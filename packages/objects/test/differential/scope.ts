// What the makers of statements know: kinds of objects, and which variable holds which.

import type { Profile } from "@obmalloc/abi";
import { type Machine, VARIABLES } from "./machine.ts";

/** What a variable holds. */
export type Kind =
  | "none"
  | "list"
  | "tuple"
  | "dict"
  | "set"
  | "C"
  | "D"
  | "R"
  | "G"
  | "S"
  | "ref"
  | "func"
  | "method"
  | "generator"
  | "iterator"
  | "keyiterator"
  | "closure"
  | "module"
  | "builtin"
  | "slice"
  | "proxy"
  | "L"
  | "atom"
  | "bytearray";

/** One statement. */
export interface Statement {
  readonly python: string;
  readonly run: (machine: Machine) => void;
}

/** What stands in the variables at some place of a program, as far as the text says. */
export class Scope {
  readonly kinds: Kind[] = Array.from({ length: VARIABLES }, () => "none");
  readonly profile: Profile;

  constructor(profile: Profile) {
    this.profile = profile;
  }

  /** One of the variables of these kinds, chosen by a number; undefined when there is none. */
  choose(number: number, kinds: readonly Kind[]): number | undefined {
    const found = this.kinds.flatMap((kind, variable) => (kinds.includes(kind) ? [variable] : []));
    return found.length === 0 ? undefined : found[number % found.length];
  }
}

type Numbers = readonly [a: number, b: number, c: number];
/** Makes a statement of three numbers; undefined when there is nothing that it could be done with. */
export type Action = (scope: Scope, numbers: Numbers) => Statement | undefined;

const INSTANCES: readonly Kind[] = ["C", "D", "R", "G", "L"];
export const WITH_ATTRIBUTES: readonly Kind[] = [...INSTANCES, "S"];
export const any = (number: number) => number % VARIABLES;

/** A statement that puts a new object into a variable. */
export function assign(
  scope: Scope,
  target: number,
  kind: Kind,
  expression: string,
  make: (m: Machine) => number,
): Statement {
  scope.kinds[target] = kind;
  return {
    python: `v${target} = ${expression}`,
    run: (m) => m.set(target, make(m) as ReturnType<Machine["get"]>),
  };
}

const CALLABLES: readonly Kind[] = ["func", "closure", "builtin"];
export const HASHABLE: readonly Kind[] = [
  ...WITH_ATTRIBUTES.filter((kind) => kind !== "L"),
  "func",
  "closure",
  "generator",
  "iterator",
  "module",
];
export const REFERENCEABLE: readonly Kind[] = [
  ...WITH_ATTRIBUTES,
  ...CALLABLES,
  "set",
  "generator",
  "module",
];
const SIZED: readonly Kind[] = ["list", "tuple", "dict", "set"];
const ANY: readonly Kind[] = [
  ...WITH_ATTRIBUTES,
  ...SIZED,
  ...CALLABLES,
  "ref",
  "method",
  "generator",
  "iterator",
  "keyiterator",
  "module",
  "slice",
  "proxy",
  "none",
];
export const COLLECTED: readonly Kind[] = ANY.filter((kind) => kind !== "none");
