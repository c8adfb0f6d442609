// Calling what can be called: the JavaScript functions behind Python functions, built-in functions and bound methods.

import { type ObjectAddress, objectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import { PythonError } from "../core/errors.ts";
import type { Singletons } from "./singletons.ts";

/**
 * The body of a function.
 *
 * @param args the arguments, borrowed.
 * @returns a new reference to the result; whatever is no address stands for None. What it throws is the Python exception
 * that it raises.
 */
export type Body = (...args: ObjectAddress[]) => unknown;

/** What a generator's body can do with its frame. */
export interface GeneratorFrame {
  /** How often the generator has yielded so far: where its body goes on. */
  readonly yields: number;
  /** The local in that place, borrowed; NULL when it is not set. */
  local(index: number): ObjectAddress;
  /** Sets a local; takes a reference of its own. NULL deletes it. */
  setLocal(index: number, value: ObjectAddress): void;
}

/** The body of a generator function. */
export interface GeneratorBody {
  /**
   * Runs to the next `yield`.
   *
   * @returns a new reference to what is yielded; nothing when the function returns.
   */
  readonly resume?: (frame: GeneratorFrame) => ObjectAddress | undefined;
  /** What stands in a `finally` around the `yield`: runs when a started generator is closed or dies. */
  readonly close?: (frame: GeneratorFrame) => void;
}

/** An exception that nobody can catch: a callback or a finalizer raised it. */
export interface Unraisable {
  /** What CPython prints in front of the object, such as `Exception ignored in`. */
  readonly message: string;
  /** The object that it happened in; NULL for none. */
  readonly object: ObjectAddress;
  readonly error: unknown;
}

/** How one type's objects are called. */
export type CallFunction = (callable: ObjectAddress, args: readonly ObjectAddress[]) => ObjectAddress;

/** Dispatches calls, and collects the exceptions that have nowhere to go. */
export class Calls {
  /** Called where the interpreter looks for something more urgent: when a function of Python starts to run. */
  onEvalBreaker: () => void = () => {};
  /** Receives exceptions that nobody can catch (`sys.unraisablehook`). */
  onUnraisable: (unraisable: Unraisable) => void = () => {};
  private readonly core: Core;
  private readonly singletons: Singletons;
  private readonly byType = new Map<number, CallFunction>();

  constructor(core: Core, singletons: Singletons) {
    this.core = core;
    this.singletons = singletons;
  }

  /** Says how the objects of a type are called (`tp_call`). */
  register(type: number, call: CallFunction): void {
    this.byType.set(type, call);
  }

  /** Whether `o` can be called. */
  isCallable(o: ObjectAddress): boolean {
    return this.byType.has(this.core.types.of(o));
  }

  /**
   * Calls `callable`.
   *
   * @returns a new reference.
   * @throws what the body throws; {@link PythonError} TypeError for what cannot be called.
   */
  call(callable: ObjectAddress, args: readonly ObjectAddress[]): ObjectAddress {
    const call = this.byType.get(this.core.types.of(callable));
    if (call === undefined) {
      const name = this.core.types.nameOf(this.core.types.of(callable));
      throw new PythonError("TypeError", `'${name}' object is not callable`);
    }
    return call(callable, args);
  }

  /** Calls a function whose result and whose exceptions nobody waits for. */
  callIgnoring(callable: ObjectAddress, args: readonly ObjectAddress[], message: string): void {
    let result: ObjectAddress;
    try {
      result = this.call(callable, args);
    } catch (error) {
      this.onUnraisable({ message, object: callable, error });
      return;
    }
    this.core.counts.decref(result);
  }

  /** Runs a body: nothing stands for a reference to None. */
  run(body: Body, args: readonly ObjectAddress[]): ObjectAddress {
    const result = body(...args);
    if (typeof result === "number" && this.core.ground.index.has(result)) return objectAddress(result);
    this.core.counts.incref(this.singletons.none);
    return this.singletons.none;
  }
}
