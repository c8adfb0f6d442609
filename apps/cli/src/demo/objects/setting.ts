// What the demos about objects start from: domains with objects over them, and short ways to show things.

import type { ObjectAddress, Profile } from "@obmalloc/abi";
import { createDomains, type Domains } from "@obmalloc/domains";
import { type Objects, type ObjectsOptions, objectsOver } from "@obmalloc/objects";

const MAX_BYTES = 1024 * 1024 * 1024;

/** Objects, and the memory that they are in. */
export interface Setting {
  readonly py: Objects;
  readonly memory: Domains;
}

/** A new interpreter's worth of objects; nothing is collected by itself. */
export function setUp(profile: Profile, options: Partial<ObjectsOptions> = {}): Setting {
  const memory = createDomains({ profile, maxBytes: MAX_BYTES });
  const py = objectsOver(memory, { clock: () => performance.now() / 1000, ...options });
  py.gc.disable();
  py.gc.collect();
  return { py, memory };
}

/** Sets an attribute to a new reference, which it takes over. */
export function give(py: Objects, o: ObjectAddress, name: string, value: ObjectAddress): void {
  py.instances.setAttribute(o, name, value);
  py.decref(value);
}

/** Appends a new reference to a list, which takes it over. */
export function giveItem(py: Objects, list: ObjectAddress, item: ObjectAddress): void {
  py.lists.append(list, item);
  py.decref(item);
}

/** Bytes that live blocks of all domains were asked for while `make` ran and what it made is alive. */
export function bytesOf<T>(
  { memory }: Setting,
  make: () => T,
): { readonly made: T; readonly bytes: number; readonly peak: number } {
  memory.tracemalloc.start();
  const [before] = currentAndPeak(memory);
  memory.tracemalloc.resetPeak();
  const made = make();
  const [after, peak] = currentAndPeak(memory);
  memory.tracemalloc.stop();
  return { made, bytes: after - before, peak: peak - before };
}

function currentAndPeak(memory: Domains): [current: number, peak: number] {
  const { current, peak } = memory.tracemalloc.getTracedMemory();
  return [current, peak];
}
