// The interpreters whose figures were captured, and objects like theirs.
import { readFileSync } from "node:fs";
import { ilp32, lp64, type Profile, profileFor } from "@obmalloc/abi";

/** What the compilers of the versions make of the functions in the captured script: facts that are not memory's. */
export interface Compiled {
  /** Bytes of the instructions of `def f(): pass`, and of `f3` with a closure. */
  readonly f: number;
  readonly f3: number;
  /** Places in the frames of a generator, a coroutine, and the script itself. */
  readonly gen: number;
  readonly co: number;
  readonly frame: number;
}

/** One captured value, by interpreter; a value of its own when all have the same. */
type Captured = unknown;

interface SizesFixture {
  readonly interpreters: readonly string[];
  readonly compiled: Readonly<Record<string, Compiled>>;
  readonly values: Readonly<Record<string, Captured>>;
}

interface GrowthFixture {
  readonly interpreters: readonly string[];
  readonly growth: Readonly<Record<string, { variants: readonly unknown[]; of: readonly number[] }>>;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8"));

const sizes: SizesFixture = read("getsizeof.json");
const growth: GrowthFixture = read("growth.json");

/** One interpreter with all that was captured from it. */
export interface Interpreter {
  readonly name: string;
  readonly profile: Profile;
  readonly compiled: Compiled;
  /** `getsizeof`, type layouts and immortality, by a path of names with bars between them. */
  readonly sizes: ReadonlyMap<string, unknown>;
  /** Lengths at which containers were resized, by what was done. */
  readonly growth: ReadonlyMap<string, unknown>;
}

/** The captured interpreters; `w` stands for wasm32 builds. */
export const interpreters: readonly Interpreter[] = sizes.interpreters.map((name, i) => {
  const profile = profileFor(name.replace(/^w/, ""), name.startsWith("w") ? ilp32 : lp64);
  const own = (value: Captured) =>
    Array.isArray(value) && value.length === sizes.interpreters.length ? value[i] : value;
  return {
    name,
    profile,
    compiled: sizes.compiled[profile.version]!,
    sizes: new Map(Object.entries(sizes.values).map(([key, value]) => [key, own(value)])),
    growth: new Map(Object.entries(growth.growth).map(([key, { variants, of }]) => [key, variants[of[i]!]])),
  };
});
