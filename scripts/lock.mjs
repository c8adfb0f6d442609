// One writer at a time: `npm start` and `npm test` may run together in one folder.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./run.mjs";

const folder = join(root, ".cache", "setup.lock");
const ownerFile = join(folder, "pid");
const WAIT_LIMIT_MS = 15 * 60_000;

function owner() {
  try {
    return Number(readFileSync(ownerFile, "utf8"));
  } catch {
    return 0; // just made, its owner has not signed yet
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** True when this process now owns the lock: making a folder either succeeds for one process or fails. */
function tryToTake() {
  mkdirSync(join(root, ".cache"), { recursive: true });
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
  writeFileSync(ownerFile, String(process.pid));
  return true;
}

const release = () => rmSync(folder, { recursive: true, force: true });

async function take() {
  const giveUpAt = Date.now() + WAIT_LIMIT_MS;
  let told = false;
  while (!tryToTake()) {
    const before = owner();
    await sleep(200 + Math.random() * 200);
    // The same dead (or never signed) owner twice: left behind by a run that was killed.
    if (owner() === before && !(before !== 0 && isAlive(before))) {
      release();
      continue;
    }
    if (Date.now() > giveUpAt) throw new Error(`${folder} is still held by process ${before}`);
    if (!told && before !== 0)
      console.error(`obmalloc: waiting for process ${before}, which works in this folder too`);
    told = true;
  }
}

/** Runs `work` while no other process of this workspace installs, builds or checks. */
export async function withLock(work) {
  await take();
  const onSignal = (signal) => {
    release();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work();
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    release();
  }
}
