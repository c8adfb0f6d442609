// The statements that programs are made of: each as Python text, and as what it does here.

import { generators } from "./generators.ts";
import { moreKinds } from "./more-kinds.ts";
import { collections, questions } from "./questions.ts";
import { type Action, any, assign, HASHABLE, REFERENCEABLE, WITH_ATTRIBUTES } from "./scope.ts";
import { updates } from "./updates.ts";

const NAMES = ["x", "y"];
const LENGTHS = [3, 10, 40];

const newContainers: readonly Action[] = [
  (scope, [a]) => assign(scope, any(a), "list", "[]", (m) => m.py.lists.new()),
  (scope, [a, b, c]) => {
    const [x, y] = [any(b), any(c)];
    return assign(scope, any(a), "list", `[v${x}, v${y}]`, (m) => m.py.lists.of([m.get(x), m.get(y)]));
  },
  (scope, [a, b, c]) => {
    const [x, y] = [any(b), any(c)];
    return assign(scope, any(a), "tuple", `(v${x}, v${y})`, (m) => m.py.tuples.of([m.get(x), m.get(y)]));
  },
  (scope, [a]) => assign(scope, any(a), "dict", "{}", (m) => m.py.dicts.new()),
  (scope, [a, b]) => {
    const x = any(b);
    return assign(scope, any(a), "dict", `{'k': v${x}}`, (m) => {
      const dict = m.py.dicts.newPresized(1, true);
      const key = m.py.strings.name("k");
      m.py.dicts.setItem(dict, key, m.get(x));
      m.py.decref(key);
      return dict;
    });
  },
  (scope, [a, b]) => {
    const x = scope.choose(b, HASHABLE);
    if (x === undefined) return undefined;
    return assign(scope, any(a), "set", `{v${x}}`, (m) => m.py.sets.new([m.get(x)]));
  },
];

const newInstances: readonly Action[] = (["C", "D", "R", "G", "S", "L"] as const).map(
  (name) =>
    (scope, [a, b]) => {
      const target = any(a);
      const n = b % 200;
      scope.kinds[target] = name;
      const isNumbered = name === "D" || name === "R";
      return {
        python: `v${target} = ${name}()${isNumbered ? `; v${target}.n = ${n}` : ""}`,
        run: (m) => {
          const o = m.py.instances.new(m.classes[name]);
          m.called();
          m.set(target, o);
          if (isNumbered) m.py.instances.setAttribute(m.get(target), "n", m.py.ints.new(n));
        },
      };
    },
);

const newOthers: readonly Action[] = [
  (scope, [a, b]) => {
    const x = scope.choose(b, REFERENCEABLE);
    if (x === undefined) return undefined;
    return assign(scope, any(a), "ref", `ref(v${x})`, (m) => {
      const o = m.newReference(m.get(x));
      m.called();
      return o;
    });
  },
  (scope, [a, b, c]) => {
    const x = scope.choose(b, REFERENCEABLE);
    if (x === undefined) return undefined;
    const callback = c % 2;
    return assign(scope, any(a), "ref", `ref(v${x}, ${["callback", "collector"][callback]})`, (m) => {
      const o = m.newReference(m.get(x), m.callbacks[callback]);
      m.called();
      return o;
    });
  },
  (scope, [a, b]) => {
    const x = any(b);
    return assign(scope, any(a), "func", `lambda a=v${x}: 0`, (m) => m.newFunction(m.get(x)));
  },
  (scope, [a, b]) => {
    const x = scope.choose(b, ["C"]);
    if (x === undefined) return undefined;
    return assign(scope, any(a), "method", `v${x}.method`, (m) =>
      m.py.instances.getAttribute(m.get(x), "method"),
    );
  },
];

const changes: readonly Action[] = [
  (scope, [a, b]) => {
    const [target, x] = [any(a), any(b)];
    scope.kinds[target] = scope.kinds[x]!;
    return {
      python: `v${target} = v${x}`,
      run: (m) => {
        m.py.incref(m.get(x));
        m.set(target, m.get(x));
      },
    };
  },
  (scope, [a]) => assign(scope, any(a), "none", "None", (m) => m.none()),
  (scope, [a, b, c]) => {
    const target = scope.choose(a, WITH_ATTRIBUTES);
    if (target === undefined) return undefined;
    const [x, name] = [any(b), NAMES[c % 2]!];
    return {
      python: `v${target}.${name} = v${x}`,
      run: (m) => m.py.instances.setAttribute(m.get(target), name, m.get(x)),
    };
  },
  (scope, [a, b]) => {
    const target = scope.choose(a, ["list"]);
    if (target === undefined) return undefined;
    const x = any(b);
    return {
      python: `v${target}.append(v${x})`,
      run: (m) => {
        m.py.lists.append(m.get(target), m.get(x));
        m.called();
      },
    };
  },
  (scope, [a, b]) => {
    const target = scope.choose(a, ["dict"]);
    if (target === undefined) return undefined;
    const x = any(b);
    return {
      python: `v${target}['k'] = v${x}`,
      run: (m) => {
        const key = m.py.strings.name("k");
        m.py.dicts.setItem(m.get(target), key, m.get(x));
        m.py.decref(key);
      },
    };
  },
  (scope, [a]) => {
    const target = scope.choose(a, ["list", "dict", "set"]);
    if (target === undefined) return undefined;
    return {
      python: `v${target}.clear()`,
      run: (m) => {
        const o = m.get(target);
        const kind = m.py.typeName(o) as "list" | "dict" | "set";
        m.py[`${kind}s`].clear(o);
        m.called();
      },
    };
  },
  () => ({
    python: "kept.clear()",
    run: (m) => {
      m.dropKept();
      m.called();
    },
  }),
  (scope, [a, b]) => {
    const target = scope.choose(a, ["list"]);
    if (target === undefined) return undefined;
    const count = LENGTHS[b % LENGTHS.length]!;
    return {
      python: `for _ in r${count}: v${target}.append([])`,
      run: (m) => {
        for (let i = 0; i < count; i++) {
          const item = m.py.lists.new();
          m.py.lists.append(m.get(target), item);
          m.py.decref(item);
          m.called();
        }
      },
    };
  },
  (scope, [a, b]) => {
    const target = any(a);
    const count = LENGTHS[b % LENGTHS.length]!;
    scope.kinds[target] = "list";
    return {
      python: `for _ in r${count}: v${target} = []`,
      run: (m) => {
        for (let i = 0; i < count; i++) {
          m.set(target, m.py.lists.new());
          m.called();
        }
      },
    };
  },
  (scope, [a, b]) => {
    const target = scope.choose(a, ["dict"]);
    if (target === undefined) return undefined;
    const count = LENGTHS[b % LENGTHS.length]!;
    return {
      python: `for i in r${count}: v${target}[i] = i`,
      run: (m) => {
        for (let i = 0; i < count; i++) m.py.dicts.setItem(m.get(target), m.py.ints.new(i), m.py.ints.new(i));
        m.called();
      },
    };
  },
];

/** All actions; those that make objects and links more than once, so that programs have something to collect. */
export const actions: readonly Action[] = [
  ...newContainers,
  ...newInstances,
  ...newOthers,
  ...generators,
  ...moreKinds,
  ...changes,
  ...updates,
  ...changes.slice(0, 5),
  ...changes.slice(1, 3),
  ...collections,
  ...questions,
];
