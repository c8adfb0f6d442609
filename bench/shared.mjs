// What the benches share: interleaved rounds of whole commands, paired ratios, a table.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pythons } from "../test-support/index.ts";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const obmalloc = join(root, "apps/cli/bin/obmalloc.js");

/** A folder for what a bench needs and the repository does not: environments, recordings. */
export function cacheFolder(name) {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "obmalloc", name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs a command to its end; throws with what it printed when it fails. */
export function run(command, args, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${signal ?? status}\n${stdout}${stderr}`);
  return stdout;
}

function seconds(action) {
  const start = performance.now();
  action();
  return (performance.now() - start) / 1000;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length % 2 === 1
    ? sorted[(sorted.length - 1) / 2]
    : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
}

/**
 * Times each of `variants` in turn, `rounds` times over after one round that does not count, so that a machine that
 * changes its speed changes it for all. The first is the base, and runs a second time in each round as a control.
 *
 * @param {{ name: string, action: () => void }[]} variants
 * @returns {{ name: string, wallSeconds: number, ratio: number, lowest: number, highest: number }[]} medians; ratios are
 * paired within a round, and those of all rounds lie from the lowest to the highest.
 */
export function interleave(variants, rounds) {
  const all = [...variants, { name: `${variants[0].name} (again)`, action: variants[0].action }];
  const times = all.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { action }] of all.entries()) {
      const time = seconds(action);
      if (round > 0) times[i].push(time);
    }
    process.stderr.write(`  round ${round} of ${rounds}\n`);
  }
  return all.map(({ name }, i) => {
    const ratios = times[i].map((time, round) => time / times[0][round]);
    return {
      name,
      wallSeconds: median(times[i]),
      ratio: median(ratios),
      lowest: Math.min(...ratios),
      highest: Math.max(...ratios),
    };
  });
}

/** A Markdown table of rows of cells. */
export function table(head, rows) {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

/** Keeps a result under `results/` as text, and prints it. */
export function keep(name, text) {
  const file = join(dirname(fileURLToPath(import.meta.url)), "results", name);
  writeFileSync(file, text);
  process.stdout.write(text);
}

/** pyenv's CPython of this version, such as 3.11; without one the bench ends. */
export function pythonToMeasure(version) {
  const python = pythons().find((one) => one.version.startsWith(version) && one.origin === "pyenv");
  if (python !== undefined) return python;
  process.stderr.write(`No CPython ${version} under pyenv: nothing to measure.\n`);
  process.exit(2);
}

export const today = () => new Date().toISOString().slice(0, 10);
