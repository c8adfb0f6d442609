// What differs between versions in objects and their collector, as types. The values are in object-profiles.ts.

import type { FieldType } from "../struct.ts";
import type * as containers from "./container-structs.ts";
import type * as frames from "./frame-structs.ts";
import type * as functions from "./function-structs.ts";
import type { GcStateKind } from "./gc-structs.ts";
import type * as heads from "./head-structs.ts";
import type { PlainTypeName, PlainTypes } from "./plain-types.ts";
import type { ReferencesByType } from "./references.ts";
import type { TypeFlags } from "./type-flags.ts";
import type * as types from "./type-structs.ts";
import type * as values from "./value-structs.ts";

/** A declaration that has at least the fields `Names`, in whatever order and with whatever else. */
type Body<Names extends PropertyKey> = Readonly<Record<Extract<Names, string>, FieldType>>;

/** Declarations of the structures that start with an object's head, without that head. */
export interface ObjectBodies {
  readonly long: Body<"ob_digit">;
  readonly float: Body<keyof typeof values.floatObject>;
  readonly complex: Body<keyof typeof values.complexObject>;
  readonly ascii: Body<keyof typeof values.shortAsciiObject>;
  readonly compactUnicode: Body<
    keyof typeof values.shortAsciiObject | keyof typeof values.shortCompactUnicode
  >;
  readonly bytes: Body<keyof typeof values.bytesObject>;
  readonly bytearray: Body<keyof typeof values.byteArrayObject37>;
  readonly tuple: Body<keyof typeof containers.tupleObject>;
  readonly list: Body<keyof typeof containers.listObject>;
  readonly dict: Body<keyof typeof containers.dictObject & keyof typeof containers.watchedDictObject>;
  readonly function: Body<keyof typeof functions.functionObject37>;
  readonly method: Body<keyof typeof functions.methodObject37>;
  readonly builtin: Body<keyof typeof functions.builtinObject37>;
  readonly cell: Body<keyof typeof functions.cellObject>;
  readonly code: Body<keyof typeof functions.codeObject37 & keyof typeof functions.codeObject312>;
  readonly frame: Body<keyof typeof frames.frameObject37 & keyof typeof frames.frameObject311>;
  readonly generator: Body<keyof typeof frames.generatorObject310 & keyof typeof frames.generatorObject312>;
  readonly coroutine: Body<keyof typeof frames.generatorObject310 & keyof typeof frames.generatorObject312>;
  readonly type: Body<Exclude<keyof typeof types.typeObject37, "tp_print">>;
  readonly heapType: Body<
    Exclude<keyof typeof types.typeObject37, "tp_print"> | keyof typeof types.heapTypeTail37
  >;
  readonly descriptor: Body<keyof typeof types.descriptorObject>;
  readonly weakref: Body<keyof typeof types.weakrefObject37>;
  readonly module: Body<keyof typeof types.moduleObject & keyof typeof types.moduleObject315>;
}

/** Declarations of structures that are no objects. */
export interface PlainBodies {
  readonly gcHead: Body<never>;
  readonly dictKeys: Body<keyof typeof containers.dictKeys & keyof typeof containers.logDictKeys>;
  readonly interpreterFrame: Body<
    keyof typeof frames.interpreterFrame311 & keyof typeof frames.interpreterFrame314
  >;
}

/** Counts from which on an object is immortal. */
export interface Immortality {
  /** The count that an object gets when it becomes immortal at run time. */
  readonly initialCount: number;
  /** The count of objects that are compiled into the interpreter. */
  readonly staticCount: number;
  /** From this count on, `Py_INCREF` does nothing. */
  readonly increfStops: number;
  /** From this count on, `Py_DECREF` does nothing, and the collector takes the object for immortal. */
  readonly decrefStops: number;
}

/**
 * What lies in front of an object whose class manages its dict or its weak references, and in front of the
 * collector's head. Places are words before the object; 0 stands for "in no such place".
 */
export interface PreHeader {
  /** Words in front of the collector's head. */
  readonly words: number;
  /** The pointer to the dict. */
  readonly dictWord: number;
  /** The pointer to separate values. */
  readonly valuesWord: number;
  /** Whether dict and values share one word, in which the lowest bit marks values (3.12). */
  readonly taggedValues: boolean;
  /** The head of the list of weak references. */
  readonly weaklistWord: number;
}

/**
 * Where an instance keeps the attributes that its class's shared keys name: in a dict, made at the first attribute
 * ("split-dict"); in a block of its own until somebody asks for the dict ("separate"); behind the object ("inline").
 */
export type InstanceValues = "split-dict" | "separate" | "inline";

/** The collector of a version. */
export interface GcProfile {
  /** Three generations, or a young generation and two old spaces that are collected in steps. */
  readonly collector: "generational" | "incremental";
  /** Heads with a word for the count of references, or with tagged links. */
  readonly heads: "counted" | "tagged";
  /** What generation 0 counts: allocations less frees, or the objects that are tracked. */
  readonly counts: "allocations" | "tracked";
  /** What stands in a new interpreter. */
  readonly thresholds: readonly number[];
  /** Whether a collection runs inside of the allocation that is one too many, or at the next check between bytecodes. */
  readonly trigger: "allocation" | "eval-breaker";
  /** What becomes of tracked objects that are immortal: nothing, the permanent generation, or they are forgotten. */
  readonly immortals: "kept" | "permanent" | "untracked";
  /** Whether one resurrected object saves all trash of its collection, or each object only what it leads to. */
  readonly resurrection: "all" | "each";
  /** When collections forget tuples: while they look for reachable ones, at the end of that, or before it too. */
  readonly tuplesUntracked: "while-moving" | "after";
  /** Whether full collections forget dicts. */
  readonly untracksDicts: boolean;
  /** Whether what a collection did not find is left out of the line that reports it. */
  readonly shortReport: boolean;
  /** Whether `gc.is_finalized` is there. */
  readonly hasIsFinalized: boolean;
  /** Whether `gc.get_objects` takes a generation. */
  readonly objectsByGeneration: boolean;
}

/** Numbers and strings of a version. */
export interface ValuesProfile {
  /** The ints that exist once, from `min` to `max`. */
  readonly smallInts: { readonly min: number; readonly max: number };
  /** Digits that an int has room for at least: up to 3.10 the int 0 has none. */
  readonly minDigits: 0 | 1;
  /** Rounds of SipHash in between and at the end, over strings and bytes. */
  readonly sipHashRounds: readonly [number, number];
  /** The hash of None, where it is not its address. */
  readonly noneHash: number | undefined;
  /** How tuples are hashed. */
  readonly tupleHash: "multiply" | "xxhash";
  /** Interned strings never die (3.12), or as long as somebody holds them. */
  readonly internedStrings: "mortal" | "immortal";
  /** Bit 7 of a string's state: "ready" up to 3.11, "statically allocated" later. */
  readonly stateBit7: "ready" | "static";
  /** Whether latin-1 strings of one character carry their UTF-8 form. */
  readonly latin1Utf8: boolean;
  /** The count of the small ints and other constants of the interpreter, where they are not immortal. */
  readonly constantCount: number;
  /** Whether the empty frozenset exists once. */
  readonly emptyFrozenset: boolean;
  /** Whether a frozenset of objects that are not tracked is not tracked either. */
  readonly untracksFrozensets: boolean;
  /** Whether a set puts a new key where another one was removed. */
  readonly setsReuseSlots: boolean;
}

/** How lists grow. */
export interface ListsProfile {
  /** Room beyond the new size: an eighth and 3 or 6 more; or an eighth and 6, cut to a multiple of 4. */
  readonly growth: "eighth" | "eighth-by-four";
  /**
   * Who gives an empty list exactly the room that it will need: nobody; `list(x)` when x has a length; `extend` too, and
   * then an even number of items.
   */
  readonly exactRoom: "never" | "list-call" | "extend";
  /** Room for an iterator that does not say how long it is. */
  readonly unknownLength: number;
  /** Whether a display of three or more constants extends an empty list. */
  readonly displaysExtend: boolean;
  /** Whether `pop` gives the room back when the list becomes empty. */
  readonly popFreesRoom: boolean;
}

/** How dicts are made and grow. */
export interface DictsProfile {
  /** Whether `{}` has a table of its own from the start. */
  readonly emptyTable: boolean;
  /** Whether `dict()` and instances of subclasses have. */
  readonly callTable: boolean;
  /** Whether dicts are tracked from the start, and for good. */
  readonly alwaysTracked: boolean;
  /**
   * How many slots a table for a number of slots gets: the next power of two; or, with a slip in C that shows for few and for
   * some other numbers, that of the number with bit 3 set.
   */
  readonly tableSize: "power-of-two" | "with-bit-3";
  /** The domain of the keys. */
  readonly keysDomain: "object" | "mem";
  /** How much the version tag grows with each change; 0 where there is none. */
  readonly versionStep: number;
  /** Whether an update of an empty dict copies the other one's table as it is. */
  readonly mergeClones: boolean;
}

/** How weak references are cleared. */
export interface WeakrefsProfile {
  /** What reports call the types of references, proxies and callable proxies. */
  readonly typeNames: { readonly ref: string; readonly proxy: string; readonly callableProxy: string };
  /** Whether a single callback, too, is called over a tuple of weak references and callbacks. */
  readonly tupleForOne: boolean;
  /**
   * When a collection clears the weak references to its trash: all of them before finalizers run ("before"); or those with
   * callbacks before, and the others after finalizers and the look for resurrected objects ("callbacks-before"); or all
   * before, and those that finalizers have made since without calling their callbacks ("before-and-after").
   */
  readonly cleared: "before" | "callbacks-before" | "before-and-after";
}

/** The values of a generator's `gi_frame_state`, up to 3.10 of its frame's `f_state`. */
export interface FrameStates {
  readonly created: number;
  readonly suspended: number;
  readonly running: number;
  readonly cleared: number;
  /** Closing a generator that has not started leaves it its frame, in this state (3.12, 3.13). */
  readonly completed?: number;
  /** Whether a generator without a frame still visits its code object (3.14 on). */
  readonly clearedVisitsCode?: boolean;
  /**
   * Whether a generator that runs hides its locals from the collector: the top of its stack is in a register of C then
   * (3.11 to 3.13).
   */
  readonly hidesRunningLocals?: boolean;
}

/** What it takes to close a generator. */
export interface ClosingProfile {
  /** One that has not started gets GeneratorExit thrown into it all the same (up to 3.11), or is marked as ended. */
  readonly unstarted: "thrown" | "marked";
  /** The same for one that waits at a `yield` without a `try` around it (up to 3.12). */
  readonly unguarded: "thrown" | "marked";
  /** Whether the exception is an object at once, or only when somebody catches it. */
  readonly exceptionMade: "when-caught" | "at-once";
}

/** What a class statement makes. */
export interface ClassesProfile {
  /** Whether all instances can be in cycles, or only those that have places for references. */
  readonly everyInstanceCollected: boolean;
  /** Whether each class has descriptors of its own for `__dict__` and `__weakref__`. */
  readonly ownDescriptors: boolean;
  /** Slots of the keys that instances share, as a power of two, and how many of them they may use. */
  readonly sharedKeys: { readonly logSize: number; readonly room: number };
  /** Whether each new instance takes one place of the shared keys' room away, down to the last one. */
  readonly roomShrinks: boolean;
  /** Whether `tp_clear` of a class gives up the keys that its instances share. */
  readonly clearDropsKeys: boolean;
  /** Whether `int.__sizeof__` of an instance counts what its class adds. */
  readonly sizedByClass: boolean;
  /** Whether `sys.getsizeof` counts a collector's head for types that are compiled in, which have none. */
  readonly headsOfStaticTypes: boolean;
}

/** How tuples meet the collector. */
export interface TuplesProfile {
  /** Whether a tuple of objects that are not tracked is not tracked either, from the start. */
  readonly untrackedAtBirth: boolean;
}

/** A free list: how many dead objects it keeps, and whether in an array or chained through the objects themselves. */
export interface FreeListProfile {
  readonly limit: number;
  readonly storage: "array" | "chain";
  /** Whether full collections leave it as it is; the others they empty. */
  readonly survivesCollections?: boolean;
}

/** The free lists of a version; absent where it has none. */
export interface FreeListsProfile {
  readonly float: FreeListProfile;
  /** Ints of one digit. */
  readonly int?: FreeListProfile;
  readonly list: FreeListProfile;
  readonly dict: FreeListProfile;
  /** Keys of 8 slots. */
  readonly dictKeys: FreeListProfile;
  /** For each size from 1 to `maxSize`. */
  readonly tuple: FreeListProfile & { readonly maxSize: number };
  readonly slice: FreeListProfile;
  /** Frames that are objects, beside the one that each code object keeps. */
  readonly frame?: FreeListProfile;
  readonly builtin?: FreeListProfile;
  readonly method?: FreeListProfile;
  readonly listIterator?: FreeListProfile;
  readonly tupleIterator?: FreeListProfile;
  readonly range?: FreeListProfile;
  readonly rangeIterator?: FreeListProfile;
}

/** Types whose deallocators pass through the trashcan, as {@link TrashcanProfile.types} names them. */
export type TrashcanType =
  | "tuple"
  | "list"
  | "dict"
  | "set"
  | "subtype"
  | "frame"
  | "builtin"
  | PlainTypeName;

/** How nested deallocations are kept from overflowing C's stack. */
export type TrashcanProfile = {
  /** Who takes part: named types, or every type with a collector's head. */
  readonly types: readonly TrashcanType[] | "collected";
} & (
  | {
      /** Nested deallocations are counted, and wait from `limit` on until all of them have ended. */
      readonly kind: "nesting";
      readonly limit: number;
    }
  | {
      /** Deallocations wait when no more than `headroom` of `calls` are left, until there is twice that. */
      readonly kind: "headroom";
      readonly calls: number;
      readonly headroom: number;
    }
);

/** Micro versions, by their last number: 0 to 4 of 3.14 are 3.14.0 to 3.14.4. */
export interface MicroVersions {
  readonly first: number;
  readonly last: number;
}

/** Objects and their collector in one version and one data model. */
export interface ObjectProfile {
  /** The head of every object. */
  readonly head: typeof heads.objectHead | typeof heads.splitObjectHead;
  readonly bodies: ObjectBodies;
  readonly plainBodies: PlainBodies;
  readonly plainTypes: PlainTypes;
  /** Where the references of types with fixed fields are. */
  readonly references: ReferencesByType;
  readonly typeFlags: TypeFlags;
  readonly gcState: GcStateKind;
  /** Absent where no object is immortal. */
  readonly immortality: Immortality | undefined;
  readonly gc: GcProfile;
  readonly values: ValuesProfile;
  readonly lists: ListsProfile;
  readonly tuples: TuplesProfile;
  readonly dicts: DictsProfile;
  readonly weakrefs: WeakrefsProfile;
  readonly classes: ClassesProfile;
  readonly frameStates: FrameStates;
  readonly closing: ClosingProfile;
  readonly trashcan: TrashcanProfile;
  readonly freeLists: FreeListsProfile;
  readonly preHeader: PreHeader;
  readonly instanceValues: InstanceValues;
}
