// The path of the compiled library, found without reading its sources when nothing has changed since the last time.

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { nativeFolder, sourcesStamp } from "./native-sources.ts";

/** Where the compiler and the cache are looked for. */
export interface LibraryOptions {
  /** Read: CC, XDG_CACHE_HOME, HOME. @defaultValue process.env */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Absolute path of the library to preload; compiles it on first use (about a second).
 *
 * @throws {NoCompilerError} {@link CompileFailedError}
 */
export async function preloadLibrary({ env = process.env }: LibraryOptions = {}): Promise<string> {
  const folder = cacheFolder(env);
  const stamp = `${process.arch}\n${env.CC ?? ""}\n${sourcesStamp()}\n`;
  const stampFile = join(folder, `stamp-${shortHash(nativeFolder)}`);
  const known = readStamp(stampFile, stamp);
  if (known !== undefined) return known;
  const { buildLibrary } = await import("./build-library.ts");
  const library = await buildLibrary(folder, env);
  const unfinished = `${stampFile}.${process.pid}`;
  writeFileSync(unfinished, stamp + library);
  renameSync(unfinished, stampFile);
  return library;
}

/** The library that `stampFile` names, when it was built from what `stamp` describes and is still there. */
function readStamp(stampFile: string, stamp: string): string | undefined {
  try {
    const text = readFileSync(stampFile, "utf8");
    const library = text.slice(stamp.length);
    return text.startsWith(stamp) && existsSync(library) ? library : undefined;
  } catch {
    return undefined; // none yet
  }
}

/** FNV-1a, 32 bits: a file name for a path. What the file says is compared in full. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16);
}
