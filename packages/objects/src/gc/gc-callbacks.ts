// gc.callbacks: Python functions that are told before and after each collection.

import type { ObjectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { Calls } from "../objects/calls.ts";
import type { Dicts } from "../objects/dicts.ts";
import type { Floats } from "../objects/floats.ts";
import type { Ints } from "../objects/ints.ts";
import type { Lists } from "../objects/lists.ts";
import type { Strings } from "../objects/strings.ts";
import type { CollectionResult } from "./gc-state.ts";
import { stateObject } from "./generational.ts";

/** What the calls are made with. */
export interface CallbackParts {
  readonly calls: Calls;
  readonly dicts: Dicts;
  readonly floats: Floats;
  readonly ints: Ints;
  readonly lists: Lists;
  readonly strings: Strings;
}

/** Calls the functions in `gc.callbacks` with the phase and a dict, which is the same for all of them. */
export class GcCallbacks {
  private readonly core: Core;
  private readonly parts: CallbackParts;

  constructor(core: Core, parts: CallbackParts) {
    this.core = core;
    this.parts = parts;
  }

  invoke(phase: "start" | "stop", generation: number, result: CollectionResult): void {
    const { lists, strings, calls } = this.parts;
    const { counts } = this.core;
    const callbacks = stateObject(this.core, "callbacks");
    if (lists.sizeOf(callbacks) === 0) return;
    const info = this.infoOf(generation, result);
    const name = strings.new(phase);
    for (let i = 0; i < lists.sizeOf(callbacks); i++) {
      const callback = lists.getItem(callbacks, i);
      counts.incref(callback);
      calls.callIgnoring(callback, [name, info], "Exception ignored in");
      counts.decref(callback);
    }
    counts.decref(name);
    counts.decref(info);
  }

  private infoOf(generation: number, result: CollectionResult): ObjectAddress {
    const { dicts, floats, ints } = this.parts;
    const info = dicts.new();
    this.put(info, "generation", ints.new(generation));
    this.put(info, "collected", ints.new(result.collected));
    this.put(info, "uncollectable", ints.new(result.uncollectable));
    if (this.core.ground.layouts.gc.statsRings !== undefined) {
      this.put(info, "candidates", ints.new(result.candidates));
      this.put(info, "duration", floats.new(result.durationSeconds));
    }
    return info;
  }

  /** Sets an item whose value's reference is handed over. */
  private put(dict: ObjectAddress, name: string, value: ObjectAddress): void {
    const key = this.parts.strings.new(name);
    this.parts.dicts.setItem(dict, key, value);
    this.core.counts.decref(key);
    this.core.counts.decref(value);
  }
}
