// What a demo is: steps, each with a sentence or two and what the real state looks like then.

import type { Profile } from "@obmalloc/abi";
import type { Look } from "../shared/terminal.ts";

export interface DemoStep {
  readonly title: string;
  /** What is to be seen; wrapped to the terminal. */
  readonly text: string;
  /** Drawn as they are. */
  readonly lines: readonly string[];
}

/** What a demo may know of where it runs. */
export interface DemoContext {
  /** CPython's version and data model. */
  readonly profile: Profile;
  readonly look: Look;
}

export interface Demo {
  readonly name: string;
  /** One line for the list. */
  readonly description: string;
  /** Its code is loaded when it runs. The steps do their work when they are asked for, on the real engine. */
  load(): Promise<(context: DemoContext) => Iterable<DemoStep> | AsyncIterable<DemoStep>>;
}
