// Allocators of a module that the user names.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Candidate, heapEntrant } from "../entrant.ts";
import { BenchError } from "../errors.ts";
import type { HeapSource } from "../heap.ts";

/**
 * What a module exports as `allocators`, a list of heap sources.
 *
 * @throws {BenchError} when it cannot be loaded, or exports no such list.
 */
export async function givenCandidates(path: string): Promise<Candidate[]> {
  const module = await import(pathToFileURL(resolve(path)).href).catch((error: Error) => {
    throw new BenchError(`${path} cannot be loaded: ${error.message}`, { cause: error });
  });
  const sources: unknown = module.allocators;
  if (!Array.isArray(sources) || !sources.every(isSource)) {
    throw new BenchError(`${path} does not export allocators, an array of { name, create() }.`);
  }
  return sources.map((source) => ({
    name: source.name,
    title: `${source.name} of ${path}`,
    origin: "given",
    prepare: async () => heapEntrant(source),
  }));
}

function isSource(value: unknown): value is HeapSource {
  const { name, create } = (value ?? {}) as Partial<HeapSource>;
  return typeof name === "string" && typeof create === "function";
}
