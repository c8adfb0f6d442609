// How smoothly `<obm-heap>` is scrubbed in Chromium, by its own tracing: tasks of the page's main thread, and frames.
//
//   npm run bench -- heap-map [--blocks 100000,1000000] [--frames 120] [--ratio 1]

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cacheFolder, keep, median, root, table, today } from "./shared.mjs";

const LONG_TASK_MS = 50;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

const { values: options } = parseArgs({
  options: {
    blocks: { type: "string", default: "100000,1000000" },
    frames: { type: "string", default: "120" },
    ratio: { type: "string", default: "1" },
  },
});
if (!existsSync(CHROMIUM)) {
  process.stderr.write("No Chromium: install Debian's chromium, or set CHROMIUM to one.\n");
  process.exit(2);
}
const { chromium } = createRequire(join(root, "apps/cli/package.json"))("playwright-core");

/** In the page: a heap of so many live blocks, in which as many again die and are born. */
function makeTape(blocks) {
  const geometry = {
    name: "CPython 3.13",
    arenaBytes: 1 << 20,
    poolBytes: 1 << 14,
    headerBytes: 48,
    alignmentBytes: 16,
    header: [],
  };
  const perPool = 255;
  const arenas = Math.ceil(blocks / perPool / 64);
  const count = blocks * 2;
  const lives = {
    place: new Uint32Array(count),
    sizeBytes: new Uint16Array(count),
    classes: new Uint8Array(count).fill(3),
    born: new Uint32Array(count),
    died: new Uint32Array(count).fill(0xffffffff),
    stack: new Uint32Array(count),
    deaths: new Uint32Array(blocks),
  };
  let event = 0;
  const enter = (life, slot) => {
    lives.place[life] = Math.floor(slot / perPool) * 1024 + 3 + (slot % perPool) * 4;
    lives.sizeBytes[life] = 49 + ((slot * 7) % 16);
    lives.stack[life] = 1 + ((Math.floor(slot / 90) * 13) % 12);
    lives.born[life] = event++;
  };
  for (let slot = 0; slot < blocks; slot++) enter(slot, slot);
  // Blocks die in an order that jumps through the heap, and others take their places.
  for (let index = 0; index < blocks; index++) {
    const slot = (index * 7919) % blocks;
    lives.died[slot] = event++;
    lives.deaths[index] = slot;
    enter(blocks + index, slot);
  }
  const rows = Array.from({ length: arenas }, (_, row) => row);
  return {
    geometry,
    firstEvent: 0,
    lastEvent: event,
    marks: [],
    arenas: {
      bases: Float64Array.from(rows, (row) => 0x7f0000000000 + row * (1 << 20)),
      row: Uint32Array.from(rows),
      mapped: new Uint32Array(arenas),
      unmapped: new Uint32Array(arenas).fill(0xffffffff),
    },
    lives,
    stacks: {
      parent: new Uint32Array(13),
      line: Uint32Array.from({ length: 13 }, (_, node) => Math.max(0, node - 1)),
      lines: Array.from({ length: 12 }, (_, line) => `app.py:${10 + line} work`),
    },
  };
}

/** In the page: milliseconds from when a heap is given until it is drawn. */
async function drawFirst() {
  const heap = document.querySelector("obm-heap");
  const start = performance.now();
  heap.data = { title: "bench", panes: [{ title: "", tape: globalThis.tape }] };
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  do await frame();
  while (heap.shadowRoot.querySelector("[aria-busy]") !== null);
  await frame();
  const shownMs = performance.now() - start;
  for (let more = 0; more < 30; more++) await frame(); // what is made ready after the picture
  return shownMs;
}

/** In the page: shows a moment at each frame; the times of the frames, and how long after a move its picture was there. */
async function scrub({ frames, moves, coloring, closeUp }) {
  const heap = document.querySelector("obm-heap");
  heap.show(coloring);
  const last = heap.data.panes[0].tape.lastEvent;
  const canvas = heap.shadowRoot.querySelector("canvas");
  canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "0", bubbles: true }));
  if (closeUp) heap.chooseAddress(0x7f0000000000 + 5 * (1 << 14) + 60);
  for (let press = 0; closeUp && press < 4; press++)
    canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "+", bubbles: true }));
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const times = [];
  const shownMs = [];
  let movedAt = -1;
  let seed = 1;
  for (let index = 0; index < frames; index++) {
    times.push(await frame());
    const isShown = heap.shadowRoot.querySelector("[aria-busy]") === null;
    if (movedAt >= 0 && isShown) shownMs.push(performance.now() - movedAt);
    if (isShown) movedAt = performance.now();
    seed = (seed * 48271) % 2147483647;
    const share = moves === "steps" ? 0.4 + (index / frames) * 0.2 : seed / 2147483647;
    heap.moveTo(Math.round(last * share));
  }
  return { times, shownMs };
}

/** The tasks of the main thread of the page: how long, and how much of that the processor worked for it. */
function tasksOf(trace) {
  const events = JSON.parse(trace).traceEvents;
  const main = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return events
    .filter(({ name, pid, tid, dur }) => name === "RunTask" && dur !== undefined && main.has(`${pid} ${tid}`))
    .map(({ dur, tdur }) => ({ wallMs: dur / 1000, cpuMs: (tdur ?? dur) / 1000 }));
}

/** Does something in the page under Chromium's tracing: what came of it, and the tasks of the main thread meanwhile. */
async function traced(tab, act) {
  await browser.startTracing(tab, {
    categories: ["disabled-by-default-devtools.timeline", "devtools.timeline"],
  });
  const result = await act();
  return { result, tasks: tasksOf(await browser.stopTracing()) };
}

function rowOf(blocks, what, tasks, frames, { gaps, shownMs }) {
  const cpu = tasks.map(({ cpuMs }) => cpuMs);
  const long = (all) => String(all.filter((one) => one > LONG_TASK_MS).length);
  const row = [
    blocks.toLocaleString("en"),
    what,
    gaps === undefined ? "" : (1000 / median(gaps)).toFixed(0),
    gaps === undefined ? "" : [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length * 0.95)].toFixed(1),
    shownMs.toFixed(0),
    (cpu.reduce((sum, one) => sum + one, 0) / frames).toFixed(1),
    Math.max(...cpu).toFixed(1),
    long(cpu),
    long(tasks.map(({ wallMs }) => wallMs)),
  ];
  process.stderr.write(`${row.join("  ")}\n`);
  return row;
}

const folder = cacheFolder("bench");
const page = join(folder, "heap-map.html");
const elements = readFileSync(join(root, "packages/heap-map/dist/define.js"), "utf8");
writeFileSync(
  page,
  `<!doctype html><meta charset="utf-8"><body><obm-heap></obm-heap><script type="module">${elements.replaceAll("</script", "<\\/script")}</script>`,
);

const lines = [];
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const version = browser.version();
for (const blocks of options.blocks.split(",").map(Number)) {
  const context = await browser.newContext({
    viewport: { width: 1200, height: 800 },
    deviceScaleFactor: Number(options.ratio),
  });
  const tab = await context.newPage();
  await tab.goto(`file://${page}`);
  await tab.evaluate(`globalThis.makeTape = ${makeTape}`);
  await tab.evaluate((count) => {
    globalThis.tape = globalThis.makeTape(count);
  }, blocks);
  const first = await traced(tab, () => tab.evaluate(drawFirst));
  lines.push(rowOf(blocks, "drawn for the first time", first.tasks, 1, { shownMs: first.result }));
  for (const [moves, coloring, closeUp] of [
    ["steps", "occupancy", false],
    ["steps", "line", false],
    ["steps", "occupancy", true],
    ["jumps", "occupancy", false],
    ["jumps", "pins", false],
  ]) {
    const frames = Number(options.frames);
    await tab.evaluate(scrub, { frames: 10, moves, coloring, closeUp });
    const { result, tasks } = await traced(tab, () =>
      tab.evaluate(scrub, { frames, moves, coloring, closeUp }),
    );
    const gaps = result.times.slice(1).map((time, index) => time - result.times[index]);
    const what = `${moves}, ${coloring}${closeUp ? ", close up" : ""}`;
    lines.push(rowOf(blocks, what, tasks, frames, { gaps, shownMs: median(result.shownMs) }));
  }
  await context.close();
}
await browser.close();

const head = [
  "live blocks",
  "scrubbing",
  "frames/s",
  "95 % of frames, ms",
  "shown after, ms",
  "CPU, ms/frame",
  "longest task, CPU ms",
  "tasks > 50 ms of CPU",
  "tasks > 50 ms of time",
];
keep(
  "heap-map.md",
  `# How smoothly a heap is scrubbed

${today()}, Chromium ${version} without a graphics processor, ${availableParallelism()} cores shared with other work, a canvas of 1184 pixels
width, ${options.ratio} device pixel for each of the page's. Tasks of the page's main thread by Chromium's own tracing: CPU is what the processor worked for
them, time also counts what it did for others meanwhile. *Steps* move on by a
thousandth of all events at each frame, *jumps* go anywhere. Moves that come while one is worked on give way to the last of them; a picture is *shown* the median time after its
move. Each block of the heap dies and is born again once.

${table(head, lines)}
Written by \`npm run bench -- heap-map\`.
`,
);
