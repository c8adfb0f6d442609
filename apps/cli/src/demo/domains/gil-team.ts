// The Workers of `obmalloc demo gil`: what each is told, and what it says at the end.

import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { DomainsHandle, GilThread } from "@obmalloc/domains";
import { packageFolder } from "../../shared/package-folder.ts";

export type GilTask =
  /** Adds to a plain word, many times; with the lock or without it. */
  | { readonly kind: "count"; readonly address: number; readonly times: number; readonly locked: boolean }
  /** Allocates and frees. */
  | { readonly kind: "allocate"; readonly pairs: number }
  /** Calls the obj domain without the lock. */
  | { readonly kind: "forget" }
  /** Takes the lock, says so by `holding`, and never gives it back. */
  | { readonly kind: "hold" }
  /** Takes the lock and gives it back. */
  | { readonly kind: "take" };

export interface GilWork {
  readonly handle: DomainsHandle;
  readonly name: string;
  readonly task: GilTask;
  /** One word: how many Workers have still to come before all begin. */
  readonly missing: SharedArrayBuffer;
}

export type GilSaid =
  | { readonly kind: "holding" }
  | { readonly kind: "done"; readonly elapsedMs: number; readonly thread: GilThread }
  | { readonly kind: "threw"; readonly name: string; readonly message: string; readonly text: string };

export interface TeamMember {
  readonly worker: Worker;
  /** The next thing that it says. */
  says(): Promise<GilSaid>;
}

/** Starts a Worker for each name, all with one task; they begin together. */
export function startTeam(handle: DomainsHandle, names: readonly string[], task: GilTask): TeamMember[] {
  const missing = new SharedArrayBuffer(4);
  new Int32Array(missing)[0] = names.length;
  const file = join(packageFolder(), "dist", "demo", "domains", "gil-worker.js");
  return names.map((name) => {
    const workerData: GilWork = { handle, name, task, missing };
    const worker = new Worker(file, { workerData });
    const says = () =>
      new Promise<GilSaid>((resolve, reject) => {
        worker.once("message", resolve).once("error", reject);
      });
    return { worker, says };
  });
}

/** Waits for the work of a whole team. @throws {Error} when a member failed. */
export async function endOf(team: readonly TeamMember[]): Promise<Extract<GilSaid, { kind: "done" }>[]> {
  const said = await Promise.all(team.map((member) => member.says()));
  await Promise.all(team.map(({ worker }) => worker.terminate()));
  return said.map((one) => {
    if (one.kind === "done") return one;
    throw new Error(one.kind === "threw" ? one.message : "A Worker stopped with the lock.");
  });
}
