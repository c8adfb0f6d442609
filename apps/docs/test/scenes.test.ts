import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { Frame } from "../src/scenes/scene.ts";
import { sceneFiles } from "../src/scenes/scenes.ts";
import { pageTexts } from "./pages.ts";

const files = await Promise.all(
  Object.entries(sceneFiles).map(async ([name, load]) => ({ name, file: await load() })),
);
const live = files.flatMap(({ name, file }) =>
  (["scenes", "questions", "experiments"] as const).flatMap((kind) =>
    Object.entries(file[kind] ?? {}).map(([key, value]) => ({ file: name, kind, key, value })),
  ),
);

it.each(live)("$key is named after its file, and stands on a page", ({ file, kind, key }) => {
  expect(key.startsWith(`${file}.`)).toBe(true);
  const element = { scenes: "heap-scene", questions: "engine-question", experiments: "engine-run" }[kind];
  expect(pageTexts().some(({ text }) => text.includes(`<${element} name="${key}">`))).toBe(true);
});

it("a page names only what there is", () => {
  const names = new Set(live.map(({ key }) => key));
  const named = pageTexts().flatMap(({ text }) =>
    [...text.matchAll(/<(?:heap-scene|engine-question|engine-run) name="([^"]+)"/g)].map(([, name]) => name),
  );
  expect(named.filter((name) => !names.has(name!))).toEqual([]);
  expect(named.length).toBeGreaterThan(10);
});

const scenes = files.flatMap(({ file }) => Object.entries(file.scenes ?? {}));

it.each(scenes)("%s: cells tile their region, states change, and a second run is the same", (_, scene) => {
  const frames = [...play(scene)];
  expect(frames.length).toBeGreaterThan(1);
  for (const { call, text, heap, regions = [], graph = [] } of frames) {
    expect(heap !== undefined || regions.length > 0 || graph.length > 0).toBe(true);
    const pools = new Set(heap?.arenas.flatMap((arena) => arena.pools.map(({ address }) => address)));
    expect((heap?.focus ?? []).filter((address) => !pools.has(address as never))).toEqual([]);
    expect(call.length).toBeGreaterThan(2);
    expect(text.length).toBeGreaterThan(2);
    for (const { cells, address } of regions) {
      let end = cells[0]?.address ?? address;
      for (const cell of cells) {
        expect(cell.address).toBe(end);
        expect(cell.sizeBytes).toBeGreaterThan(0);
        end += cell.sizeBytes;
      }
    }
    const ids = new Set(graph.map(({ id }) => id));
    for (const { refersTo } of graph) expect(refersTo.filter((id) => !ids.has(id))).toEqual([]);
  }
  expect([...play(scene)].map(withSums)).toEqual(frames.map(withSums));
});

/** Megabytes as a number: a comparison byte by byte would take seconds. */
function withSums(frame: Frame) {
  const contents = frame.heap?.contents?.map(({ address, data }) => ({
    address,
    sum: createHash("sha1").update(data).digest("hex"),
  }));
  return { ...frame, heap: { ...frame.heap, contents } };
}

function* play(scene: { run(): Iterator<Frame> }): Generator<Frame> {
  const run = scene.run();
  for (let next = run.next(); next.done !== true; next = run.next()) yield next.value;
}

const questions = files.flatMap(({ file }) => Object.entries(file.questions ?? {}));

it.each(questions)("%s: the engine answers with one of the options", (_, { text, options, answer }) => {
  const { right, said } = answer();
  expect(options[right]).toBeTypeOf("string");
  expect(text).toMatch(/\?$/);
  expect(said.length).toBeGreaterThan(10);
  expect(new Set(options).size).toBe(options.length);
});
