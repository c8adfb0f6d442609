// What the statements of a program do here: the same allocations in the same order as in the interpreter, those that no
// program sees (tuples of arguments, bound built-in methods) included.

import type { ObjectAddress, Profile } from "@obmalloc/abi";
import { createObjects, type Objects } from "../../src/index.ts";
import { type GeneratorHost, makeGeneratorFunctions } from "./generator-sources.ts";

/** Variables of a program. */
export const VARIABLES = 8;

/** A program's state. */
export class Machine implements GeneratorHost {
  readonly py: Objects;
  /** What the program has emitted. */
  readonly emitted: unknown[] = [];
  readonly classes: Readonly<Record<"C" | "D" | "R" | "G" | "S" | "L", ObjectAddress>>;
  readonly callbacks: readonly ObjectAddress[];
  readonly generatorFunctions: readonly ObjectAddress[];
  private readonly variables: ObjectAddress[];
  /** Objects that the emitted values are, which stay alive. */
  private readonly out: ObjectAddress;
  private readonly kept: ObjectAddress;
  /** Dicts and a name that functions of the program's module refer to. */
  private readonly globals: ObjectAddress;
  private readonly builtins: ObjectAddress;
  private readonly module: ObjectAddress;
  private readonly lambda: ObjectAddress;
  private readonly inner: ObjectAddress;
  /** `def closing(a)`, whose inner function refers to `a`. */
  readonly closing: ObjectAddress;
  private readonly frozen: number;
  private readonly statistics: readonly Readonly<Record<string, number>>[];

  constructor(profile: Profile) {
    const py = createObjects({ profile });
    this.py = py;
    py.gc.disable();
    this.out = py.lists.new();
    this.kept = py.lists.new();
    this.classes = this.makeClasses();
    this.callbacks = [
      py.functions.new({ name: "callback", localCount: 1, body: () => this.emit(-1) }),
      py.functions.new({ name: "collector", localCount: 1, body: () => this.emitCollect(2) }),
    ];
    this.generatorFunctions = makeGeneratorFunctions(this);
    this.globals = py.dicts.new();
    this.builtins = py.dicts.new();
    this.module = py.strings.name("__main__");
    this.lambda = py.codes.new({ name: "<lambda>", localCount: 1 });
    this.inner = py.codes.new({ name: "inner" });
    this.closing = py.functions.new({
      name: "closing",
      localCount: 1,
      cellCount: 1,
      stackSize: 3,
      body: (a) => this.newClosure(a),
    });
    this.variables = Array.from({ length: VARIABLES }, () => this.none());
    py.decref(py.fields.new("slice", {})); // an interpreter that has started has used slices
    py.gc.collect();
    this.statistics = py.gc.getStats() as unknown as Record<string, number>[];
    py.gc.freeze();
    this.frozen = py.gc.getFreezeCount();
    py.gc.collect();
  }

  /** The second number of the version. */
  private get minor(): number {
    return Number(this.py.profile.version.split(".")[1]);
  }

  /** What stands in a variable, borrowed. */
  get(variable: number): ObjectAddress {
    return this.variables[variable]!;
  }

  /** Puts a value, whose reference is handed over, into a variable. */
  set(variable: number, value: ObjectAddress): void {
    const previous = this.variables[variable]!;
    this.variables[variable] = value;
    this.py.decref(previous);
  }

  none(): ObjectAddress {
    const { none } = this.py.singletons;
    this.py.incref(none);
    return none;
  }

  /** The end of a call: since 3.12 a collection can run there. */
  called(): void {
    this.py.gc.checkEvalBreaker();
  }

  /** `emit(x)` of something that the collector does not know. */
  emit(value: unknown): void {
    this.emitted.push(value);
    this.called();
  }

  /** `emit(x)` of an object, whose reference is handed over, shown as `value`. */
  emitObject(o: ObjectAddress, value: unknown): void {
    this.py.lists.append(this.out, o);
    this.emitted.push(value);
    this.py.decref(o);
    this.called();
  }

  emitCollect(generation: number): void {
    const found = this.py.gc.collect(generation);
    this.called();
    this.emit(found);
  }

  emitCount(): void {
    const { py } = this;
    const count = py.gc.getCount();
    const tuple = py.tuples.new(count.length);
    count.forEach((n, i) => {
      py.tuples.setItem(tuple, i, py.ints.new(n));
    });
    this.called();
    this.emitObject(tuple, count);
  }

  emitStatistics(): void {
    const { py } = this;
    const statistics = py.gc.getStats() as unknown as Record<string, number>[];
    const list = py.lists.new();
    const shown = statistics.map((of, generation) => {
      const dict = py.dicts.new();
      for (const name of Object.keys(of)) {
        const key = py.strings.name(name);
        py.dicts.setItem(dict, key, key);
        py.decref(key);
      }
      py.lists.append(list, dict);
      py.decref(dict);
      const before = this.statistics[generation]!;
      return ["collections", "collected", "uncollectable"].map((name) => of[name]! - before[name]!);
    });
    this.called();
    this.emitObject(list, shown);
  }

  /** `emit(len(f()))`, where `list` is what `f` returned and `items` is what would be in it. */
  emitLength(list: ObjectAddress, items: readonly ObjectAddress[]): void {
    this.called();
    this.py.decref(list);
    this.called();
    this.emit(items.length);
  }

  emitFrozen(): void {
    const count = this.py.gc.getFreezeCount() - this.frozen;
    this.called();
    this.emit(count);
  }

  emitKept(): void {
    this.called();
    this.emit(this.py.lists.length(this.kept));
  }

  dropKept(): void {
    this.py.lists.clear(this.kept);
  }

  /** A tuple of the arguments of a call, for as long as `call` runs. */
  withArguments<T>(args: readonly ObjectAddress[], call: (tuple: ObjectAddress) => T): T {
    const tuple = this.py.tuples.of(args);
    try {
      return call(tuple);
    } finally {
      this.py.decref(tuple);
    }
  }

  /** The same up to some version; later the call needs no tuple. */
  withArgumentsUpTo<T>(minor: number, args: readonly ObjectAddress[], call: () => T): T {
    return this.minor <= minor ? this.withArguments(args, call) : call();
  }

  /** `sys.getsizeof(x)`: the arguments in a tuple, and a bound method `__sizeof__`. */
  getsizeof(o: ObjectAddress): number {
    const { py } = this;
    return this.withArguments([o], () => {
      const method = py.functions.newBuiltin("__sizeof__", () => {}, o);
      py.decref(method);
      return py.getsizeof(o);
    });
  }

  /** Up to 3.8 `dict.update` asks each argument for its `keys`, which is a bound method then. */
  lookUpKeys(o: ObjectAddress): void {
    if (this.minor <= 8) this.py.decref(this.py.functions.newBuiltin("keys", () => {}, o));
  }

  newReference(o: ObjectAddress, callback?: ObjectAddress): ObjectAddress {
    const args = callback === undefined ? [o] : [o, callback];
    return this.withArguments(args, () => this.py.weakrefs.new(o, callback));
  }

  /** `lambda a=x: 0` */
  newFunction(defaultValue: ObjectAddress): ObjectAddress {
    const { py } = this;
    const defaults = py.tuples.of([defaultValue]);
    const { globals, builtins, module } = this;
    const o = py.functions.of(this.lambda, { defaults, globals, builtins, module });
    py.decref(defaults);
    return o;
  }

  /** The inner function of `closing`. */
  private newClosure(a: ObjectAddress | undefined): ObjectAddress {
    const { py, globals, builtins, module } = this;
    const cell = py.functions.newCell(a);
    const closure = py.tuples.of([cell]);
    py.decref(cell);
    const o = py.functions.of(this.inner, { closure, globals, builtins, module });
    py.decref(closure);
    return o;
  }

  private makeClasses() {
    const { py } = this;
    const named = (o: ObjectAddress) => {
      const n = py.instances.getAttribute(o, "n");
      this.emit(Number(py.ints.value(n)));
      py.decref(n);
    };
    const keep = (o: ObjectAddress) => {
      py.lists.append(this.kept, o);
      this.called();
    };
    return {
      C: py.classes.new({ name: "C", methods: { method: (_self: ObjectAddress) => {} } }),
      D: py.classes.new({ name: "D", methods: { __del__: named } }),
      R: py.classes.new({
        name: "R",
        methods: {
          __del__: (self: ObjectAddress) => {
            named(self);
            keep(self);
          },
        },
      }),
      G: py.classes.new({ name: "G", methods: { __del__: (_self: ObjectAddress) => this.emitCollect(0) } }),
      S: py.classes.new({ name: "S", slots: ["x", "y", "__weakref__"] }),
      L: py.classes.new({ name: "L", bases: [py.core.types.builtin.list] }),
    };
  }
}
