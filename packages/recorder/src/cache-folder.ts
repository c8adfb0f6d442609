// Where compiled libraries are kept: the user's cache folder, else a folder of the user's own below the temporary one.

import { accessSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** LD_PRELOAD separates its entries by spaces and colons and knows no escape. */
const UNFIT_FOR_PRELOAD = /[\s:]/;

/**
 * A folder that exists, can be written and belongs to this user alone; what lies in it is run inside the user's
 * programs.
 */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const temporary = UNFIT_FOR_PRELOAD.test(tmpdir()) ? "/tmp" : tmpdir();
  const user = process.getuid?.() ?? 0;
  const candidates = [join(userCache(env), "obmalloc"), join(temporary, `obmalloc-${user}`)];
  return candidates.find((folder) => isUsable(folder, user)) ?? mkdtempSync(join(temporary, "obmalloc-"));
}

function userCache(env: NodeJS.ProcessEnv): string {
  const chosen = env.XDG_CACHE_HOME;
  return chosen?.startsWith("/") ? chosen : join(env.HOME || homedir(), ".cache");
}

/** With its parents. Node's own way never returns where a file system knows no folders to be made, as /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  if (!existsSync(dirname(folder))) makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // somebody else was faster
  }
}

function isUsable(folder: string, user: number): boolean {
  if (UNFIT_FOR_PRELOAD.test(folder)) return false;
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    const { uid, mode } = lstatSync(folder);
    return uid === user && (mode & 0o022) === 0;
  } catch {
    return false;
  }
}
