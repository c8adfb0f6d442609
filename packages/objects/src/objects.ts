// The runtime: every kind of object, and the collector, over one linear memory.

import { formatAddress, type ObjectAddress, type Profile, profileFor } from "@obmalloc/abi";
import { type Domains as AllocatorDomains, createDomains, type Environment } from "@obmalloc/domains";
import type { LinearMemory } from "@obmalloc/raw-heap";
import { Core } from "./core/core.ts";
import type { DomainAllocator, Domains } from "./core/domains.ts";
import { type Ledger, type LedgerMark, RefcountError } from "./debug/ledger.ts";
import type { CollectionPhase } from "./gc/collector.ts";
import type { Gc } from "./gc/gc.ts";
import { makeGc } from "./gc/make-gc.ts";
import { checkObjects, type ObjectViolation } from "./look/check.ts";
import { type CollectionEvent, CollectionRecorder } from "./look/collection-events.ts";
import { inspectObject, type ObjectSnapshot } from "./look/inspect.ts";
import { type GraphSource, ObjectGraph } from "./look/object-graph.ts";
import { References } from "./look/references.ts";
import { Attributes } from "./objects/attributes.ts";
import { Bytes } from "./objects/bytes.ts";
import { Calls, type Unraisable } from "./objects/calls.ts";
import { Classes } from "./objects/classes.ts";
import { Codes } from "./objects/codes.ts";
import { Dicts } from "./objects/dicts.ts";
import { FieldObjects } from "./objects/field-objects.ts";
import { Floats } from "./objects/floats.ts";
import { Frames } from "./objects/frames.ts";
import { Functions } from "./objects/functions.ts";
import { Generators } from "./objects/generators.ts";
import { Hashes } from "./objects/hashes.ts";
import { Instances } from "./objects/instances.ts";
import { Ints } from "./objects/ints.ts";
import { Iterators } from "./objects/iterators.ts";
import { Lists } from "./objects/lists.ts";
import { Sets } from "./objects/sets.ts";
import { Singletons } from "./objects/singletons.ts";
import { Sizes } from "./objects/sizes.ts";
import { Strings } from "./objects/strings.ts";
import { Tuples } from "./objects/tuples.ts";
import { UserTypes } from "./objects/user-types.ts";
import { Weakrefs } from "./objects/weakrefs.ts";

/** Where objects live, and what they tell the outside. */
export interface ObjectsOptions {
  readonly profile: Profile;
  readonly memory: LinearMemory;
  readonly domains: Domains;
  /** Receives what the interpreter writes to stderr. */
  readonly stderr?: (text: string) => void;
  /** Receives exceptions that nobody can catch. */
  readonly onUnraisable?: (unraisable: Unraisable) => void;
  /**
   * Debug mode: a negative count or the use of a freed object is a {@link RefcountError} with the object's history, and
   * {@link Objects.expectNoLeaks} works. Slow.
   */
  readonly isDebugged?: boolean;
  /** Objects that the program holds: where an incremental collector starts to mark. @defaultValue none */
  readonly roots?: () => Iterable<ObjectAddress>;
  /** Seconds of some clock, for the collector's reports. @defaultValue it stands still */
  readonly clock?: () => number;
}

/**
 * CPython's objects in linear memory.
 *
 * Every object is named by its address, which is what `id(o)` is. Unless a function says otherwise, what it returns is a
 * new reference that the caller owns and gives back with {@link decref}, and what it stores gets a reference of its own.
 *
 * @example
 * const py = createObjects();
 * const list = py.lists.new();
 * py.lists.append(list, list);
 * py.decref(list);
 * py.gc.collect(); // 1
 */
export class Objects {
  readonly profile: Profile;
  readonly core: Core;
  readonly singletons: Singletons;
  readonly ints: Ints;
  readonly floats: Floats;
  readonly strings: Strings;
  readonly bytes: Bytes;
  readonly tuples: Tuples;
  readonly lists: Lists;
  readonly dicts: Dicts;
  readonly sets: Sets;
  readonly weakrefs: Weakrefs;
  readonly functions: Functions;
  readonly generators: Generators;
  readonly iterators: Iterators;
  readonly fields: FieldObjects;
  readonly classes: Classes;
  readonly instances: Instances;
  readonly codes: Codes;
  readonly frames: Frames;
  /** Types that a user defines. */
  readonly types: UserTypes;
  readonly calls: Calls;
  readonly hashes: Hashes;
  readonly sizes: Sizes;
  readonly gc: Gc;
  /** Names of references and objects. */
  readonly references: References;
  private readonly internTable: ObjectAddress;

  constructor(options: ObjectsOptions) {
    const core = new Core(options);
    this.core = core;
    this.profile = options.profile;
    const singletons = new Singletons(core);
    this.singletons = singletons;
    this.ints = new Ints(core, singletons);
    this.floats = new Floats(core);
    this.strings = new Strings(core);
    this.bytes = new Bytes(core);
    this.tuples = new Tuples(core);
    this.lists = new Lists(core);
    this.hashes = new Hashes(core, this);
    this.dicts = new Dicts(core, this.hashes, this.tuples);
    this.calls = new Calls(core, singletons);
    this.weakrefs = new Weakrefs(core, this);
    const clearWeakrefs = (o: number) => this.weakrefs.clearAll(o);
    const mayBeTracked = (o: number) => this.tuples.mayBeTracked(o);
    this.sets = new Sets(core, { hashes: this.hashes, mayBeTracked, clearWeakrefs });
    this.fields = new FieldObjects(core, clearWeakrefs);
    this.codes = new Codes(core, this, clearWeakrefs);
    this.frames = new Frames(core, this);
    this.functions = new Functions(core, this);
    this.generators = new Generators(core, { ...this.callParts(), clearWeakrefs });
    this.iterators = new Iterators(core, this);
    const attributes = new Attributes(core, this);
    this.classes = new Classes(core, { ...this.classParts(), attributes });
    this.instances = new Instances(core, { ...this.instanceParts(), attributes });
    this.types = new UserTypes(core, this.calls, clearWeakrefs);
    this.sizes = new Sizes(core, this);
    this.references = new References(core, { ...this, attributes });
    this.gc = this.makeGc(options);
    this.calls.onEvalBreaker = () => this.gc.checkEvalBreaker();
    core.onFinalizeError = (object, error) =>
      this.calls.onUnraisable({ message: "Exception ignored in tp_finalize of", object, error });
    this.internTable = this.internStrings();
    if (options.onUnraisable !== undefined) this.calls.onUnraisable = options.onUnraisable;
  }

  /** `Py_INCREF`: one reference more. */
  incref(o: ObjectAddress): void {
    this.core.counts.incref(o);
  }

  /** `Py_DECREF`: one reference less; with the last one the object dies, and whatever only it held. */
  decref(o: ObjectAddress): void {
    this.core.counts.decref(o);
  }

  /** `Py_REFCNT`; `sys.getrefcount` shows one more, for its own argument. */
  refcount(o: ObjectAddress): number {
    this.core.types.checkObject("refcount", o);
    return this.core.counts.count(o);
  }

  /** `sys.getsizeof`: the object with the heads in front of it, and what it keeps elsewhere for itself alone. */
  getsizeof(o: ObjectAddress): number {
    return this.sizes.getsizeof(o);
  }

  /** The type of an object, borrowed. */
  typeOf(o: ObjectAddress): ObjectAddress {
    this.core.types.checkObject("type", o);
    return this.core.types.of(o);
  }

  /** The name of an object's type. */
  typeName(o: ObjectAddress): string {
    return this.core.types.nameOf(this.typeOf(o));
  }

  /** Whether a live object starts at `address`. */
  isObject(address: number): address is ObjectAddress {
    return this.core.ground.index.has(address);
  }

  /** A picture of all live objects and their references; with `roots`, only those are taken for roots. */
  graph(roots?: Iterable<ObjectAddress>): ObjectGraph {
    const { counts, ground } = this.core;
    const objects = Array.from(ground.index.objects()).filter((o) => o !== this.internTable);
    const source: GraphSource = {
      objects,
      references: (o) => this.references.of(o),
      describe: (o) => this.references.describe(o),
      typeName: (o) => this.typeName(o),
      sizeBytes: (o) => this.getsizeof(o),
      refcount: (o) => counts.count(o),
      isImmortal: (o) => counts.isImmortal(o),
    };
    return new ObjectGraph(source, roots);
  }

  /** An object as a debugger would show it. */
  inspect(o: ObjectAddress): ObjectSnapshot {
    this.core.types.checkObject("inspect", o);
    return inspectObject(this.core, this.references, o, this.getsizeof(o));
  }

  /** Everything that does not fit together, of all objects; empty when all is well. */
  check(): ObjectViolation[] {
    return checkObjects(this.core, this.internTable);
  }

  /** Runs a collection and returns what happened in it to the tracked objects, or to some of them. */
  recordCollection(
    generation = 2,
    objects: Iterable<ObjectAddress> = this.gc.getObjects(),
  ): CollectionEvent[] {
    const recorder = new CollectionRecorder(this.core, this.gc.region, objects);
    const events: CollectionEvent[] = [];
    let last: CollectionPhase = "merge";
    for (const step of this.gc.collectSteps(generation, "objects")) {
      last = step.phase;
      events.push(...recorder.after(step));
    }
    return [...events, ...recorder.changes(last)];
  }

  /** This moment, for {@link expectNoLeaks}. Debug mode only. */
  mark(): LedgerMark {
    return this.debugLedger().mark();
  }

  /**
   * Refuses objects that were made after `since` and are still alive, after a full collection.
   *
   * @throws {RefcountError} that names the first of them that no other one refers to, and its history.
   */
  expectNoLeaks(since: LedgerMark): void {
    const ledger = this.debugLedger();
    this.gc.collect();
    const isName = (o: number) =>
      this.core.types.of(o) === this.core.types.builtin.str && this.strings.isInterned(o);
    const alive = ledger.livingSince(since).filter((o) => !isName(o)) as ObjectAddress[];
    if (alive.length === 0) return;
    const held = new Set(alive.flatMap((o) => this.references.of(o).map(({ to }) => to)));
    const first = alive.find((o) => !held.has(o)) ?? alive[0]!;
    const more = alive.length === 1 ? "" : `, and ${alive.length - 1} more objects are alive`;
    const count = this.core.counts.count(first);
    const what = `The ${this.typeName(first)} at ${formatAddress(first)} has leaked with a count of ${count}${more}.`;
    throw new RefcountError("leak", what, first, ledger.historyOf(first));
  }

  private debugLedger(): Ledger {
    const { ledger } = this.core;
    if (ledger === undefined)
      throw new RangeError("This needs debug mode: createObjects({ isDebugged: true }).");
    return ledger;
  }

  private callParts() {
    const { codes, frames, functions, calls, fields, tuples } = this;
    return { codes, frames, functions, calls, fields, tuples };
  }

  private classParts() {
    const { singletons, strings, ints, tuples, dicts, fields, functions, weakrefs } = this;
    return { singletons, strings, ints, tuples, dicts, fields, functions, weakrefs };
  }

  private instanceParts() {
    const { strings, dicts, sets, functions, weakrefs, classes, calls } = this;
    return { strings, dicts, sets, functions, weakrefs, classes, calls };
  }

  private makeGc(options: ObjectsOptions): Gc {
    return makeGc(this.core, {
      objects: this,
      stderr: options.stderr ?? (() => {}),
      clock: options.clock ?? (() => 0),
      clearFreeLists: () => this.clearFreeLists(),
      roots: options.roots ?? (() => []),
    });
  }

  private clearFreeLists(): void {
    this.frames.clearFreeList();
    this.tuples.clearFreeLists();
    this.floats.clearFreeList();
    this.lists.clearFreeList();
    this.dicts.clearFreeLists();
    this.fields.clearFreeLists();
    this.ints.clearFreeList();
  }

  /** The dict of interned strings, whose references are not counted. */
  private internStrings(): ObjectAddress {
    const table = this.dicts.new();
    this.strings.interned = {
      setDefault: (o) => this.dicts.setDefault(table, o, o),
      remove: (o) => this.dicts.deleteItem(table, o),
    };
    return table;
  }
}

/** Options of {@link createObjects}. */
export interface CreateObjectsOptions extends Partial<Omit<ObjectsOptions, "memory" | "domains">> {
  /** The most that all of it may occupy, in bytes. @defaultValue 4 GiB */
  readonly maxBytes?: number;
  /** Variables such as `PYTHONMALLOC`. @defaultValue none is set */
  readonly environment?: Environment;
}

/**
 * Objects with everything that they need: a memory and the allocator domains over it.
 *
 * @throws {OutOfMemoryError} when `maxBytes` is too small for the built-in types.
 * @throws {FatalStartError} in CPython's words, for a variable that it refuses.
 */
export function createObjects(options: CreateObjectsOptions = {}): Objects {
  const { maxBytes, environment = {}, profile = profileFor("3.13"), ...rest } = options;
  const limit = maxBytes === undefined ? {} : { maxBytes };
  return objectsOver(createDomains({ profile, environment, ...limit }), rest);
}

/** Objects over domains that are there: their allocators can be wrapped, traced and looked at meanwhile. */
export function objectsOver(
  { profile, linear, raw, mem, obj }: AllocatorDomains,
  options: Omit<CreateObjectsOptions, "profile" | "maxBytes" | "environment"> = {},
): Objects {
  const domains: Domains = { raw: asAllocator(raw.c), mem: asAllocator(mem.c), object: asAllocator(obj.c) };
  return new Objects({ profile, memory: linear, domains, ...options });
}

/** Objects do not tell kinds of addresses apart: what a domain hands out is theirs. */
function asAllocator(port: unknown): DomainAllocator {
  return port as DomainAllocator;
}
