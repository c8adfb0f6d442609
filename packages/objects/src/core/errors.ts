// What is thrown at whoever uses the objects in a way that C would answer with a crash, and what Python itself raises.

import { formatAddress, MemoryError, ObmallocError, type ObmallocErrorOptions } from "@obmalloc/abi";

/** Names of the built-in exceptions that the runtime raises. */
export type PythonErrorName =
  | "AttributeError"
  | "IndexError"
  | "KeyError"
  | "MemoryError"
  | "OverflowError"
  | "ReferenceError"
  | "RuntimeError"
  | "StopIteration"
  | "SystemError"
  | "TypeError"
  | "ValueError";

/** A Python exception, with CPython's message. Also what callbacks throw to raise one of their own. */
export class PythonError extends ObmallocError {
  override readonly name: string = "PythonError";
  /** The exception's type, such as `ValueError`. */
  readonly type: string;

  constructor(type: PythonErrorName | (string & {}), message: string, options: ObmallocErrorOptions = {}) {
    super(message, options);
    this.type = type;
  }
}

/** An address was given that is not an object, or no longer one. */
export class NotAnObjectError extends MemoryError {
  override readonly name: string = "NotAnObjectError";

  constructor(operation: string, address: number, options: ObmallocErrorOptions = {}) {
    super(`${operation}: ${formatAddress(address)} is not a live object.`, address, options);
  }
}

/** An object of another type was expected. C would have read its bytes as something else. */
export class WrongTypeError extends MemoryError {
  override readonly name: string = "WrongTypeError";

  constructor(operation: string, address: number, found: string, wanted: string) {
    super(`${operation}: the object at ${formatAddress(address)} is a ${found}, not a ${wanted}.`, address);
  }
}

/** A type of a user's own breaks the collector's rules. */
export class BrokenTypeError extends MemoryError {
  override readonly name: string = "BrokenTypeError";
}
