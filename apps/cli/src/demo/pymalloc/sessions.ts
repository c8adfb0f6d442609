// A program on our own objects: each session makes temporaries, and one in a hundred leaves a name behind.

import type { ObjectAddress, Profile } from "@obmalloc/abi";
import { createDomains, type Domains } from "@obmalloc/domains";
import { Objects, type ObjectsOptions } from "@obmalloc/objects";

/** All numbers have as many digits: strings fall into one size class. */
export const FIRST_NUMBER = 100_000;

/** One run of the program in a process of its own. */
export class Sessions {
  readonly domains: Domains;
  readonly py: Objects;
  private readonly temporaries: ObjectAddress;
  private readonly kept: ObjectAddress;

  constructor(profile: Profile) {
    this.domains = createDomains({ profile });
    const { raw, mem, obj, linear: memory } = this.domains;
    // Objects name all addresses alike: what a domain hands out is theirs.
    const domains = { raw: raw.c, mem: mem.c, object: obj.c } as unknown as ObjectsOptions["domains"];
    this.py = new Objects({ profile, memory, domains });
    this.temporaries = this.py.lists.new();
    this.kept = this.py.lists.new();
  }

  /** `temporaries.append((i, str(i) * 3, {"k": i}))`, and for each `keepEvery`th `kept.append("session-%d" % i)`. */
  work(count: number, keepEvery: number): void {
    const { py } = this;
    const key = py.strings.intern(py.strings.new("k"));
    for (let i = FIRST_NUMBER; i < FIRST_NUMBER + count; i++) {
      this.append(this.temporaries, this.temporary(i, key));
      if (i % keepEvery === 0) this.append(this.kept, py.strings.new(nameOf(i)));
    }
    py.decref(key);
  }

  /** The function returns: its list of temporaries dies, and everything in it. */
  finish(): void {
    this.py.decref(this.temporaries);
    this.py.gc.collect();
  }

  /** `kept = [(name + " ")[:-1] for name in kept]` */
  copySurvivors(): void {
    const { py } = this;
    const copies = this.survivors().map((name) => py.strings.create(py.strings.value(name)));
    py.lists.clear(this.kept);
    for (const copy of copies) this.append(this.kept, copy);
    py.gc.collect();
  }

  /** The names that are kept. */
  survivors(): ObjectAddress[] {
    return this.py.lists.values(this.kept);
  }

  /** Appends an object that nobody else keeps. */
  private append(list: ObjectAddress, o: ObjectAddress): void {
    this.py.lists.append(list, o);
    this.py.decref(o);
  }

  private temporary(i: number, key: ObjectAddress): ObjectAddress {
    const { py } = this;
    const value = py.ints.new(i);
    const text = py.strings.new(String(i).repeat(3));
    const dict = py.dicts.new();
    py.dicts.setItem(dict, key, value);
    const tuple = py.tuples.of([value, text, dict]);
    for (const part of [value, text, dict]) py.decref(part);
    return tuple;
  }
}

/** The name that session `i` leaves behind. */
export function nameOf(i: number): string {
  return `session-${i}`;
}
