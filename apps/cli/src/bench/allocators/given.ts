// Allocators of a module that the user names.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Candidate, heapEntrant } from "../entrant.ts";
import { BenchError } from "../errors.ts";
import type { HeapSource } from "../heap.ts";
import { importCopy } from "../module-copy.ts";

/**
 * What a module exports as `allocators`, a list of heap sources. Each is taken from a copy of the module when it runs.
 *
 * @throws {BenchError} when it cannot be loaded, or exports no such list.
 */
export async function givenCandidates(path: string): Promise<Candidate[]> {
  const sources = await sourcesOf(path);
  return sources.map(({ name }, index) => ({
    name,
    title: `${name} of ${path}`,
    origin: "given",
    prepare: async () => heapEntrant(async () => (await sourcesOf(path))[index]!),
  }));
}

async function sourcesOf(path: string): Promise<HeapSource[]> {
  const url = pathToFileURL(resolve(path)).href;
  const module = await importCopy<{ readonly allocators: unknown }>(url).catch((error: Error) => {
    throw new BenchError(`${path} cannot be loaded: ${error.message}`, { cause: error });
  });
  const sources = module.allocators;
  if (Array.isArray(sources) && sources.every(isSource)) return sources;
  throw new BenchError(`${path} does not export allocators, an array of { name, create() }.`);
}

function isSource(value: unknown): value is HeapSource {
  const { name, create } = (value ?? {}) as Partial<HeapSource>;
  return typeof name === "string" && typeof create === "function";
}
