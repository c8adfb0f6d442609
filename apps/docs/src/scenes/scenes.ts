// All that is live on the pages, by name. Each file of scenes is loaded when a page asks for one of its names.

import type { Experiment, Question, Scene } from "./scene.ts";

/** What a file of scenes exports. */
export interface SceneFile {
  readonly scenes?: Readonly<Record<string, Scene>>;
  readonly questions?: Readonly<Record<string, Question>>;
  readonly experiments?: Readonly<Record<string, Experiment>>;
}

/** The first part of a name, before the slash of its file. */
export const sceneFiles: Readonly<Record<string, () => Promise<SceneFile>>> = {
  toys: () => import("./toys.ts"),
  heap: () => import("./raw-heap.ts"),
  pools: () => import("./pools.ts"),
  pins: () => import("./pins.ts"),
  realloc: () => import("./realloc.ts"),
  domains: () => import("./domains.ts"),
  objects: () => import("./objects.ts"),
  hooks: () => import("./hooks.ts"),
  gil: () => import("./gil.ts"),
  growth: () => import("./growth.ts"),
  records: () => import("./records.ts"),
  versions: () => import("./versions.ts"),
  stats: () => import("./stats.ts"),
  breaks: () => import("./breaks.ts"),
};

async function find<T>(kind: keyof SceneFile, name: string): Promise<T> {
  const file = await sceneFiles[name.split(".")[0]!]?.();
  const found = file?.[kind]?.[name];
  if (found === undefined) throw new Error(`There are no ${kind} named ${name}.`);
  return found as T;
}

export const sceneNamed = (name: string): Promise<Scene> => find("scenes", name);
export const questionNamed = (name: string): Promise<Question> => find("questions", name);
export const experimentNamed = (name: string): Promise<Experiment> => find("experiments", name);
