// A memray capture in memory, from the lines that python/read_memray.py prints: operations as columns, stacks as a tree.

import { ObmallocError } from "@obmalloc/abi";

/** The capture cannot be imported; the message says why, and what to do. */
export class CaptureError extends ObmallocError {
  override readonly name = "CaptureError";
}

/** What memray says of a capture. */
export interface CaptureFacts {
  readonly memray: string;
  /** Of the Python that read the capture, such as `3.11`. */
  readonly python: string;
  readonly commandLine: string;
  readonly pid: number;
  readonly startedAtUnixMs: number;
  readonly endedAtUnixMs: number;
  readonly pythonAllocator: string;
  readonly hasNativeTraces: boolean;
  readonly format: string;
  /** Names of {@link Operations.allocators}. */
  readonly allocators: Readonly<Record<string, string>>;
  /** Whether the file lacks its end, as far as can be seen. */
  readonly isCut: boolean;
}

/** The resident set as memray saw it, and its own count of live bytes then, which tells where among the operations that was. */
export interface ResidentSample {
  readonly unixMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

export interface CapturedCall {
  /** Index of the caller's call; 0: outermost. */
  readonly caller: number;
  readonly line: number;
  readonly function: string;
  readonly file: string;
}

/** One entry for each operation. */
interface Operations {
  readonly count: number;
  readonly allocators: Uint8Array;
  readonly threads: Uint32Array;
  readonly addresses: Float64Array;
  readonly sizes: Float64Array;
  /** Index into the calls; 0: no Python code. */
  readonly stacks: Uint32Array;
}

export interface Capture {
  readonly facts: CaptureFacts;
  readonly samples: readonly ResidentSample[];
  /** By id, from 1. */
  readonly calls: readonly CapturedCall[];
  /** memray's numbers of threads, by the index that {@link Operations.threads} has. */
  readonly threads: readonly number[];
  readonly operations: Operations;
  /** What went wrong while memray read the file; the operations before are sound. */
  readonly problem: string | undefined;
}

const FIRST_ROOM = 1 << 16;
const ROOT: CapturedCall = { caller: 0, line: 0, function: "", file: "" };

/** Takes the helper's output in pieces of any length. */
export class CaptureReader {
  private facts: CaptureFacts | undefined;
  private readonly samples: ResidentSample[] = [];
  private readonly calls: CapturedCall[] = [ROOT];
  private readonly threads: number[] = [];
  private readonly threadIndex = new Map<string, number>();
  private ending: { readonly operations: number; readonly problem: string | null } | undefined;
  private rest = "";

  private count = 0;
  private allocators = new Uint8Array(FIRST_ROOM);
  private threadOf = new Uint32Array(FIRST_ROOM);
  private addresses = new Float64Array(FIRST_ROOM);
  private sizes = new Float64Array(FIRST_ROOM);
  private stacks = new Uint32Array(FIRST_ROOM);

  get operationCount(): number {
    return this.count;
  }

  push(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop()!;
    for (const line of lines) this.line(line);
  }

  /** @throws {CaptureError} when the lines are not whole, or the capture is of a kind that has no single operations. */
  finish(): Capture {
    const { facts, ending, count } = this;
    if (facts === undefined) throw new CaptureError("This is no capture: it does not begin with its facts.");
    if (facts.format !== "ALL_ALLOCATIONS")
      throw new CaptureError("This capture holds sums (memray run --aggregate), and no single allocations.", {
        details: ["Capture it again without --aggregate, with --trace-python-allocators."],
      });
    const isWhole = ending !== undefined && ending.operations === count;
    const problem = ending?.problem ?? (isWhole ? undefined : "the records end in the middle");
    if (count === 0)
      throw new CaptureError(`This capture holds no allocations${problem ? `: ${problem}` : ""}.`);
    const operations = {
      count,
      allocators: this.allocators,
      threads: this.threadOf,
      addresses: this.addresses,
      sizes: this.sizes,
      stacks: this.stacks,
    };
    return { facts, samples: this.samples, calls: this.calls, threads: this.threads, operations, problem };
  }

  private line(line: string): void {
    const fields = line.split("\t");
    if (fields[0] === "A") this.operation(fields);
    else if (fields[0] === "F") {
      const [, , caller, number, name, file] = fields;
      this.calls.push({
        caller: Number(caller),
        line: Number(number),
        function: JSON.parse(name!) as string,
        file: JSON.parse(file!) as string,
      });
    } else if (fields[0] === "R") {
      const [unixMs, rssBytes, heapBytes] = fields.slice(1).map(Number);
      this.samples.push({ unixMs: unixMs!, rssBytes: rssBytes!, heapBytes: heapBytes! });
    } else if (fields[0] === "I") this.facts = JSON.parse(fields[1]!) as CaptureFacts;
    else if (fields[0] === "E") this.ending = JSON.parse(fields[1]!) as typeof this.ending;
  }

  private operation(fields: readonly string[]): void {
    const at = this.count++;
    if (at === this.allocators.length) this.grow();
    this.allocators[at] = Number(fields[1]);
    let thread = this.threadIndex.get(fields[2]!);
    if (thread === undefined) {
      thread = this.threads.push(Number(fields[2])) - 1;
      this.threadIndex.set(fields[2]!, thread);
    }
    this.threadOf[at] = thread;
    this.addresses[at] = Number.parseInt(fields[3]!, 16);
    this.sizes[at] = Number(fields[4]);
    this.stacks[at] = Number(fields[5]);
  }

  private grow(): void {
    const grown = <Column extends { length: number; set(from: Column): void }>(
      column: Column,
      make: (length: number) => Column,
    ) => {
      const larger = make(column.length * 2);
      larger.set(column);
      return larger;
    };
    this.allocators = grown(this.allocators, (length) => new Uint8Array(length));
    this.threadOf = grown(this.threadOf, (length) => new Uint32Array(length));
    this.addresses = grown(this.addresses, (length) => new Float64Array(length));
    this.sizes = grown(this.sizes, (length) => new Float64Array(length));
    this.stacks = grown(this.stacks, (length) => new Uint32Array(length));
  }
}
