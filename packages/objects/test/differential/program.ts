// Random programs over objects: how they are made of numbers, what they look like in Python, and how they run here.

import type { Profile } from "@obmalloc/abi";
import fc from "fast-check";
import { actions } from "./actions.ts";
import { generatorSources } from "./generator-sources.ts";
import { Machine, VARIABLES } from "./machine.ts";
import { Scope, type Statement } from "./scope.ts";

/** An action and three numbers that choose what it is done with. */
export type RawStatement = readonly [action: number, a: number, b: number, c: number];

/** Programs as numbers, of up to so many statements. */
export function rawPrograms(maxLength: number): fc.Arbitrary<RawStatement[]> {
  const number = fc.nat({ max: 255 });
  const statement = fc.tuple(fc.nat({ max: actions.length - 1 }), number, number, number);
  return fc.array(statement, { maxLength, size: "max" });
}

/** The statements of a program for one version. */
export function statementsOf(raw: readonly RawStatement[], profile: Profile): Statement[] {
  const scope = new Scope(profile);
  return raw.flatMap(([action, ...numbers]) => actions[action]!(scope, numbers) ?? []);
}

const PROLOGUE = `
import gc, sys, json
from weakref import ref, proxy
sys._getframe()
M = type(sys)
gc.disable()
out = []
emit = out.append
kept = []
keep = kept.append
class C:
    def method(self): pass
class D:
    def __del__(self): emit(self.n)
class R:
    def __del__(self): emit(self.n); keep(self)
class G:
    def __del__(self): emit(gc.collect(0))
class S: __slots__ = ('x', 'y', '__weakref__')
${generatorSources.map(({ python }) => python).join("\n")}
class L(list): pass
def closing(a):
    def inner(): return a
    return inner
def callback(r): emit(-1)
def collector(r): emit(gc.collect())
r3, r10, r40 = range(3), range(10), range(40)
i = _ = frozen = base = None
${Array.from({ length: VARIABLES }, (_, i) => `v${i}`).join(" = ")} = None
gc.collect()
base = gc.get_stats()
gc.freeze()
frozen = gc.get_freeze_count()
gc.collect()
`;

const EPILOGUE = `
gc.disable()
def shown(x):
    if not isinstance(x, list): return x
    names = 'collections', 'collected', 'uncollectable'
    return [[s[n] - b[n] for n in names] for s, b in zip(x, base)]
print(json.dumps([shown(x) for x in out]))
import os
sys.stdout.flush()
os._exit(0)
`;

/** A program as a Python script that prints what was emitted, as JSON. */
export function scriptOf(statements: readonly Statement[]): string {
  return `${PROLOGUE}${statements.map(({ python }) => python).join("\n")}\n${EPILOGUE}`;
}

/** What a program emits here. */
export function emittedHere(statements: readonly Statement[], profile: Profile): unknown[] {
  const machine = new Machine(profile);
  for (const { run } of statements) run(machine);
  return machine.emitted;
}
