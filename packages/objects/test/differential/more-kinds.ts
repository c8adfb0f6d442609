// Statements that make objects of the kinds beside containers, instances and generators.

import type { Machine } from "./machine.ts";
import { type Action, any, assign, type Kind, REFERENCEABLE } from "./scope.ts";

/** A number as an operand that the compiler does not fold: `r40[n]`. */
const operand = (n: number) => `r40[${n % 40}]`;

/** Strings of all four kinds, one character for each. */
const CHARACTERS = ["a", "\u00e9", "\u20ac", "\u{1f600}"];

function atom(python: (n: number) => string, make: (m: Machine, n: number) => number): Action {
  return (scope, [a, b]) => assign(scope, any(a), "atom", python(b), (m) => make(m, b % 40));
}

const atoms: readonly Action[] = [
  (scope, [a, b, c]) => {
    const character = CHARACTERS[c % 4]!;
    const code = character.codePointAt(0)!;
    return assign(scope, any(a), "atom", `chr(${code}) * ${operand(b)}`, (m) => {
      m.called();
      return m.py.strings.new(character.repeat(b % 40));
    });
  },
  atom(
    (n) => `10 ** ${operand(n)}`,
    (m, n) => m.py.ints.new(10n ** BigInt(n)),
  ),
  atom(
    (n) => `1.5 * ${operand(n)}`,
    (m, n) => m.py.floats.new(1.5 * n),
  ),
  atom(
    (n) => `b'x' * ${operand(n)}`,
    (m, n) => m.py.bytes.new(new Uint8Array(n).fill(120)),
  ),
  (scope, [a, b]) =>
    assign(scope, any(a), "bytearray", `bytearray(${operand(b)})`, (m) => {
      const n = m.py.ints.new(b % 40);
      const o = m.withArguments([n], () => m.py.bytes.newArray(new Uint8Array(b % 40)));
      m.called();
      return o;
    }),
];

function iterator(kinds: readonly Kind[], kind: Kind): Action {
  return (scope, [a, b]) => {
    const x = scope.choose(b, kinds);
    if (x === undefined) return undefined;
    return assign(scope, any(a), kind, `iter(v${x})`, (m) => {
      const o = m.withArgumentsUpTo(7, [m.get(x)], () => m.py.iterators.of(m.get(x)));
      m.called();
      return o;
    });
  };
}

export const moreKinds: readonly Action[] = [
  ...atoms,
  iterator(["list", "tuple"], "iterator"),
  iterator(["dict", "set"], "keyiterator"),
  iterator(["generator"], "generator"),
  (scope, [a]) => {
    const x = scope.choose(a, ["iterator"]);
    if (x === undefined) return undefined;
    return {
      python: `next(v${x}, None)`,
      run: (m) => {
        const item = m.py.iterators.next(m.get(x));
        m.called();
        if (item !== 0) m.py.decref(item);
      },
    };
  },
  (scope, [a, b]) => {
    const x = any(b);
    return assign(scope, any(a), "closure", `closing(v${x})`, (m) => m.py.calls.call(m.closing, [m.get(x)]));
  },
  (scope, [a, b]) => {
    const x = scope.choose(b, ["list"]);
    if (x === undefined) return undefined;
    return assign(scope, any(a), "builtin", `v${x}.append`, (m) =>
      m.py.functions.newBuiltin("append", () => {}, m.get(x)),
    );
  },
  (scope, [a, b, c]) => {
    const [x, y] = [any(b), any(c)];
    return assign(scope, any(a), "slice", `slice(v${x}, v${y})`, (m) => {
      const [start, stop] = [m.get(x), m.get(y)];
      const o = m.withArguments([start, stop], () =>
        m.py.fields.new("slice", { start, stop, step: m.py.singletons.none }),
      );
      m.called();
      return o;
    });
  },
  (scope, [a, b, c]) => {
    const x = scope.choose(b, REFERENCEABLE);
    if (x === undefined) return undefined;
    const isCalled = c % 2 === 1;
    return assign(scope, any(a), "proxy", `proxy(v${x}${isCalled ? ", callback" : ""})`, (m) => {
      const callback = isCalled ? m.callbacks[0] : undefined;
      const args = [m.get(x), ...(callback === undefined ? [] : [callback])];
      const o = m.withArgumentsUpTo(10, args, () => m.py.weakrefs.newProxy(m.get(x), callback));
      m.called();
      return o;
    });
  },
];
