// Statements that change containers and attributes in the ways in which programs do.

import type { ObjectAddress } from "@obmalloc/abi";
import type { Machine } from "./machine.ts";
import { type Action, any, type Kind, WITH_ATTRIBUTES } from "./scope.ts";

/** A call of a method of some variable, or of what it is guarded by. */
function update(
  kinds: readonly Kind[],
  python: (v: string, x: string) => string,
  run: (m: Machine, v: ObjectAddress, x: ObjectAddress) => void,
): Action {
  return (scope, [a, b]) => {
    const v = scope.choose(a, kinds);
    if (v === undefined) return undefined;
    const x = any(b);
    return { python: python(`v${v}`, `v${x}`), run: (m) => run(m, m.get(v), m.get(x)) };
  };
}

/** The same with another container of the same kind. */
function combine(
  kind: Kind,
  method: string,
  run: (m: Machine, v: ObjectAddress, x: ObjectAddress) => void,
): Action {
  return (scope, [a, b]) => {
    const v = scope.choose(a, [kind]);
    const x = scope.choose(b, [kind]);
    if (v === undefined || x === undefined) return undefined;
    return {
      python: `v${v}.${method}(v${x})`,
      run: (m) => {
        const more = m.get(x);
        m.withArguments([more], () => run(m, m.get(v), more));
        m.called();
      },
    };
  };
}

function times(m: Machine, count: number, step: (i: number) => void): void {
  for (let i = 0; i < count; i++) {
    step(i);
    m.called();
  }
}

export const updates: readonly Action[] = [
  update(
    ["list"],
    (v) => `if ${v}: ${v}.pop()`,
    (m, v) => {
      if (m.py.lists.length(v) === 0) return;
      const item = m.py.lists.pop(v);
      m.called();
      m.py.decref(item);
    },
  ),
  update(
    ["list"],
    (v, x) => `${v}.insert(0, ${x})`,
    (m, v, x) => {
      m.py.lists.insert(v, 0, x);
      m.called();
    },
  ),
  (scope, [a, b]) => {
    const v = scope.choose(a, ["list"]);
    const x = scope.choose(b, ["list"]);
    if (v === undefined || x === undefined) return undefined;
    return {
      python: `if len(v${v}) < 200 and len(v${x}) < 200: v${v}.extend(v${x})`,
      run: (m) => {
        const { lists } = m.py;
        m.called();
        if (lists.length(m.get(v)) >= 200) return;
        m.called();
        if (lists.length(m.get(x)) >= 200) return;
        lists.extend(m.get(v), { kind: "sequence", items: lists.values(m.get(x)) });
        m.called();
      },
    };
  },
  combine("dict", "update", (m, v, x) => {
    m.lookUpKeys(x);
    m.py.dicts.update(v, x);
  }),
  combine("set", "update", (m, v, x) => m.py.sets.update(v, x)),
  update(
    ["set"],
    (v) => `for i in r40: ${v}.add(i)`,
    (m, v) => times(m, 40, (i) => m.py.sets.add(v, m.py.ints.new(i))),
  ),
  update(
    ["set"],
    (v) => `for i in r10: ${v}.discard(i)`,
    (m, v) => times(m, 10, (i) => void m.py.sets.discard(v, m.py.ints.new(i))),
  ),
  update(
    ["dict"],
    (v) => `for i in r10: ${v}.pop(i, None)`,
    (m, v) =>
      times(m, 10, (i) => {
        const key = m.py.ints.new(i);
        m.withArgumentsUpTo(7, [key, m.py.singletons.none], () => {
          if (m.py.dicts.contains(v, key)) m.py.decref(m.py.dicts.pop(v, key));
        });
      }),
  ),
  update(
    ["bytearray"],
    (v) => `for i in r40: ${v}.append(i)`,
    (m, v) => times(m, 40, (i) => m.py.bytes.append(v, i)),
  ),
  update(
    ["bytearray"],
    (v) => `if ${v}: ${v}.pop()`,
    (m, v) => {
      if (m.py.bytes.arrayLength(v) === 0) return;
      m.py.bytes.pop(v);
      m.called();
    },
  ),
  update(
    WITH_ATTRIBUTES,
    (v) => `if hasattr(${v}, 'x'): del ${v}.x`,
    (m, v) => {
      const has = m.py.instances.hasAttribute(v, "x");
      m.called();
      if (has) m.py.instances.deleteAttribute(v, "x");
    },
  ),
  update(
    ["C"],
    (v) => `emit(len(${v}.__dict__))`,
    (m, v) => {
      const length = m.py.dicts.length(m.py.instances.dict(v));
      m.called();
      m.emit(length);
    },
  ),
];
