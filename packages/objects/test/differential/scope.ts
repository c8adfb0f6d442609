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
  | "generator";

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

const INSTANCES: readonly Kind[] = ["C", "D", "R", "G"];
export const WITH_ATTRIBUTES: readonly Kind[] = [...INSTANCES, "S"];
export const HASHABLE: readonly Kind[] = [...WITH_ATTRIBUTES, "func", "generator"];
export const REFERENCEABLE: readonly Kind[] = [...WITH_ATTRIBUTES, "func", "set", "generator"];
const SIZED: readonly Kind[] = ["list", "tuple", "dict", "set"];
const ANY: readonly Kind[] = [...WITH_ATTRIBUTES, ...SIZED, "ref", "func", "method", "generator", "none"];
export const COLLECTED: readonly Kind[] = ANY.filter((kind) => kind !== "none");
