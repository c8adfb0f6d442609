// All allocators through the same streams, by `obmalloc bench`, on the Node of the workspace and on the one that started
// npm; then the same at growing numbers of live blocks. Keeps the result with the goals beside it.
//
//   npm run bench -- allocators [--rounds 9] [--scale-rounds 5] [--seed 1]
//
// MIMALLOC_SOURCE names a copy of mimalloc's sources, without which it is missing.

import { parseArgs } from "node:util";
import { keep, obmalloc, run, table, today } from "./shared.mjs";

/** What the tables show ratios of; goals name others too. */
const BASES = ["dlmalloc", "cpython-3.11"];
const PEERS = ["dlmalloc", "mimalloc", "tlsf", "thi.ng"];

/** Figures that are to be at most so much; of time per call, paired with another allocator's, or of bytes. */
const GOALS = [
  { stream: "W1", name: "raw-heap", base: "dlmalloc", most: 0.9 },
  { stream: "W3", name: "raw-heap", base: "dlmalloc", most: 0.9 },
  { stream: "W4", name: "raw-heap", footprint: true, most: 1.15 },
  { stream: "W4b", name: "raw-heap", footprint: true, most: 1.15 },
  { stream: "W1", name: "pymalloc", base: "cpython-3.11", most: 1 },
  { stream: "W2b", name: "pymalloc", base: "cpython-3.11", most: 1.2 },
  { stream: "W2", name: "pymalloc", base: "cpython-3.11", most: 1.5 },
  ...["W1", "W2b", "W3"].flatMap((stream) =>
    PEERS.map((base) => ({ stream, name: "pymalloc", base, most: 1 })),
  ),
];

/** What is measured against pymalloc alone, in a run of its own. */
const DOMAINS = ["pymalloc", "domains", "domains-debug", "domains-tracemalloc"];
const DOMAIN_STREAMS = ["W1", "W2", "W2b", "W3"];
const DOMAIN_GOALS = [
  ...DOMAIN_STREAMS.map((stream) => ({ stream, name: "domains", base: "pymalloc", most: 1.15 })),
  ...DOMAIN_STREAMS.map((stream) => ({ stream, name: "domains-debug", base: "pymalloc", most: 3 })),
  { stream: "W1", name: "domains-tracemalloc", base: "pymalloc", most: 4 },
];

/** The same work at more live blocks: time per call against the smallest count, and for ours against native's own growth. */
const SCALES = [
  { name: "raw-heap", stream: "W1", lives: [10_000, 100_000, 1_000_000], sizes: "1-512", most: 1.5 },
  {
    name: "pymalloc",
    stream: "W1",
    lives: [100_000, 1_000_000, 10_000_000],
    sizes: "1-96",
    most: 1.3,
    native: true,
  },
];

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    "scale-rounds": { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
  },
});

function bench(node, args) {
  process.stderr.write(`${node} obmalloc bench ${args.join(" ")}\n`);
  const whole = ["bench", "--json", "--seed", options.seed, ...args];
  return JSON.parse(run(node, [obmalloc, ...whole], { maxBuffer: 2 ** 28 }));
}

const figure = (ns) => (ns < 100 ? ns.toFixed(1) : Math.round(ns).toLocaleString("en"));
const ratio = (allocator, base) => allocator.ratios.find((one) => one.base === base)?.median;

function streamTable({ allocators, controls }) {
  const rows = allocators.map((one) => [
    one.name + (one.isCut ? " (fewer operations)" : ""),
    figure(one.nsPerOperation.median),
    figure(one.nsPerCall.median),
    ...BASES.map((base) => ratio(one, base)?.toFixed(2) ?? ""),
    one.footprintOverLiveAtEnd?.toFixed(2) ?? "",
    one.footprintOverLiveAtPeak?.toFixed(2) ?? "",
  ]);
  const head = [
    "allocator",
    "ns/op",
    "ns/call",
    ...BASES.map((base) => `of ${base}`),
    "held/live",
    "at peak",
  ];
  const twice = controls.map(({ name, ratio: { median, lower, upper } }) => {
    return `${name} ${median.toFixed(2)} (${lower.toFixed(2)} to ${upper.toFixed(2)})`;
  });
  return `${table(head, rows)}\nThe same twice: ${twice.join(", ")}.\n`;
}

function goalTable(result, goals) {
  const rows = goals.flatMap(({ stream, name, base, footprint, most }) => {
    const { allocators = [] } = result.streams.find((one) => one.name === stream) ?? {};
    const allocator = allocators.find((one) => one.name === name);
    const value = footprint ? allocator?.footprintOverLiveAtEnd : allocator && ratio(allocator, base);
    if (value === undefined) return [];
    const what = footprint ? "held/live" : `time of ${base}`;
    return [[stream, name, what, `at most ${most}`, value.toFixed(2), value <= most ? "met" : "missed"]];
  });
  return table(["stream", "allocator", "what", "goal", "measured", ""], rows);
}

function scaleText(node, { name, stream, lives, sizes, most, native }) {
  const names = [name, native ? "cpython-3.11" : "dlmalloc"];
  const counts = ["--live", lives.join(), "--sizes", sizes, "--rounds", options["scale-rounds"]];
  const selection = ["--streams", stream, "--allocators", names.join(), "--base", names.join()];
  const { streams } = bench(node, [...selection, ...counts]);
  const perCall = names.map((of) =>
    streams.map(({ allocators }) => allocators.find((one) => one.name === of)?.nsPerCall.median),
  );
  const growth = perCall.map((times) => times.at(-1) / times[0]);
  const value = native ? growth[0] / growth[1] : growth[0];
  const rows = names.map((of, i) => [of, ...perCall[i].map(figure), growth[i].toFixed(2)]);
  const goal = native ? "growth over that of the native one" : "growth";
  return `${table(["ns/call", ...lives.map((live) => live.toLocaleString("en")), "growth"], rows)}
${stream}, blocks of ${sizes} bytes. ${goal} of ${name}: ${value.toFixed(2)}, goal at most ${most}: ${value <= most ? "met" : "missed"}.\n`;
}

function nodeText(node) {
  const bases = [...new Set([...BASES, ...PEERS])];
  const result = bench(node, ["--rounds", options.rounds, "--base", bases.join()]);
  const { machine, streams, missing } = result;
  const parts = [`## Node ${machine.node}\n`];
  parts.push(goalTable(result, GOALS));
  for (const stream of streams) {
    parts.push(`### ${stream.name}: ${stream.title}\n\n${streamTable(stream)}`);
  }
  if (missing.length > 0) {
    parts.push(`Missing: ${missing.map(({ name, reason }) => `${name} (${reason})`).join("; ")}.\n`);
  }
  const domains = ["--allocators", DOMAINS.join(), "--base", "pymalloc", "--streams", DOMAIN_STREAMS.join()];
  parts.push("### Domains in front of pymalloc\n");
  parts.push(goalTable(bench(node, ["--rounds", options.rounds, ...domains]), DOMAIN_GOALS));
  parts.push("### More live blocks\n");
  const present = new Set(streams.flatMap(({ allocators }) => allocators.map((one) => one.name)));
  for (const scale of SCALES) if (present.has(scale.name)) parts.push(scaleText(node, scale));
  return { machine, text: parts.join("\n") };
}

const nodes = [...new Set([process.execPath, process.env.WORKSPACE_USER_NODE ?? process.execPath])];
const results = nodes.map(nodeText);
keep(
  "allocators.md",
  `# Allocators against each other

${today()}, ${results[0].machine.cpu}, two cores, seed ${options.seed}; \`obmalloc bench\`, medians of ${options.rounds} rounds of CPU time. A call is one
malloc, free or realloc; an op is what the stream counts (W1: a replacement, free and malloc; W2 and W2b: malloc and free; W3: a
realloc or a replacement; W4: a call). Ratios are of the time per call, paired within a round. held/live: bytes held from the host
over bytes asked for.

${results.map(({ text }) => text).join("\n")}`,
);
