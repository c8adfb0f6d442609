// Statements that collect, and statements that emit a fact about an object or the collector.

import type { Machine } from "./machine.ts";
import { type Action, COLLECTED, type Kind } from "./scope.ts";

export const collections: readonly Action[] = [
  (_scope, [a]) => ({ python: `emit(gc.collect(${a % 3}))`, run: (m) => m.emitCollect(a % 3) }),
  () => ({ python: "emit(gc.collect())", run: (m) => m.emitCollect(2) }),
  (_scope, [a, b, c]) => {
    const [t0, t1, t2] = [a % 30, b % 4, c % 4];
    return {
      python: `gc.set_threshold(${t0}, ${t1}, ${t2})`,
      run: (m) => {
        m.withArguments([m.py.ints.new(t0), m.py.ints.new(t1), m.py.ints.new(t2)], () => {
          m.py.gc.setThreshold(t0, t1, t2);
        });
        m.called();
      },
    };
  },
  () => ({
    python: "gc.enable()",
    run: (m) => {
      m.py.gc.enable();
      m.called();
    },
  }),
  () => ({
    python: "gc.disable()",
    run: (m) => {
      m.py.gc.disable();
      m.called();
    },
  }),
  () => ({
    python: "gc.freeze()",
    run: (m) => {
      m.py.gc.freeze();
      m.called();
    },
  }),
];

/** `emit(f(v))` of a number or a truth about a variable. */
function emission(
  kinds: readonly Kind[],
  python: (v: string) => string,
  ask: (m: Machine, v: number) => unknown,
): Action {
  return (scope, [a]) => {
    const x = scope.choose(a, kinds);
    if (x === undefined) return undefined;
    return {
      python: `emit(${python(`v${x}`)})`,
      run: (m) => {
        const answer = ask(m, x);
        m.called();
        m.emit(answer);
      },
    };
  };
}

/** Everything that is found is kept in gc.garbage instead of being freed. */
const SAVEALL = 32;

const garbage: readonly Action[] = [SAVEALL, 0].map((flags) => () => ({
  python: `gc.set_debug(${flags})`,
  run: (m: Machine) => {
    m.py.gc.setDebug(flags);
    m.called();
  },
}));

export const questions: readonly Action[] = [
  ...garbage,
  () => ({
    python: "emit(len(gc.garbage))",
    run: (m) => {
      const length = m.py.lists.length(m.py.gc.garbage);
      m.called();
      m.emit(length);
    },
  }),
  () => ({
    python: "gc.garbage.clear()",
    run: (m) => {
      m.py.lists.clear(m.py.gc.garbage);
      m.called();
    },
  }),
  () => ({ python: "emit(gc.get_count())", run: (m) => m.emitCount() }),
  () => ({ python: "emit(gc.get_stats())", run: (m) => m.emitStatistics() }),
  () => ({ python: "emit(gc.get_freeze_count() - frozen)", run: (m) => m.emitFrozen() }),
  () => ({ python: "emit(len(kept))", run: (m) => m.emitKept() }),
  emission(
    COLLECTED,
    (v) => `gc.is_tracked(${v})`,
    (m, x) => m.py.gc.isTracked(m.get(x)),
  ),
  emission(
    COLLECTED,
    (v) => `sys.getrefcount(${v})`,
    (m, x) => m.py.refcount(m.get(x)) + 1,
  ),
  emission(
    COLLECTED,
    (v) => `sys.getsizeof(${v})`,
    (m, x) => m.getsizeof(m.get(x)),
  ),
  emission(
    ["atom", "bytearray"],
    (v) => `sys.getsizeof(${v})`,
    (m, x) => m.getsizeof(m.get(x)),
  ),
  emission(
    ["ref"],
    (v) => `${v}() is None`,
    (m, x) => m.py.weakrefs.get(m.get(x)) === 0,
  ),
  (scope, [a]) => {
    const x = scope.choose(a, COLLECTED);
    if (x === undefined) return undefined;
    return {
      python: `emit(len(gc.get_referents(v${x})))`,
      run: (m) => {
        const list = m.withArguments([m.get(x)], () => m.py.lists.new());
        m.emitLength(list, m.py.gc.getReferents(m.get(x)));
      },
    };
  },
  (scope, [a]) => {
    const x = scope.choose(a, COLLECTED);
    if (x === undefined) return undefined;
    return {
      python: `emit(len(gc.get_referrers(v${x})))`,
      run: (m) => {
        let found: ReturnType<Machine["get"]>[] = [];
        const list = m.withArguments([m.get(x)], (args) => {
          const result = m.py.lists.new();
          found = m.py.gc.getReferrers(m.get(x)).filter((o) => o !== args && o !== result);
          return result;
        });
        m.emitLength(list, found);
      },
    };
  },
  (scope, [a]) => {
    if (!scope.profile.objects.gc.objectsByGeneration) return undefined;
    const generation = a % 3;
    return {
      python: `emit(len(gc.get_objects(${generation})))`,
      run: (m) => {
        const list = m.py.lists.new();
        m.emitLength(
          list,
          m.py.gc.getObjects(generation).filter((o) => o !== list),
        );
      },
    };
  },
];
