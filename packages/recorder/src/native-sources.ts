// The C sources that come with this package, and the options they are compiled with.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** `native/` lies beside both `src/` and `dist/`, in the repository as in an installed package. */
export const nativeFolder = fileURLToPath(new URL("../native/", import.meta.url));

export const COMPILER_FLAGS: readonly string[] = [
  "-std=gnu11",
  "-O2",
  "-shared",
  "-fPIC",
  "-fvisibility=hidden",
];
export const LINKED_LIBRARIES: readonly string[] = ["-ldl", "-lpthread"];

/** Names of the source files, sorted. */
export function sourceNames(): string[] {
  return readdirSync(nativeFolder)
    .filter((name) => /\.[ch]$/.test(name))
    .sort();
}

/** The sources' texts one after another, each with its name. */
export function sourceTexts(): string {
  return sourceNames()
    .map((name) => `${name}\0${readFileSync(nativeFolder + name, "utf8")}\0`)
    .join("");
}

/**
 * Changes whenever a source may have changed, and costs no reading. The change time is part of it, because npm gives
 * every file of a package the same modification time.
 */
export function sourcesStamp(): string {
  const stamps = sourceNames().map((name) => {
    const { size, ctimeMs, ino } = statSync(nativeFolder + name);
    return `${name} ${size} ${ctimeMs} ${ino}`;
  });
  return [nativeFolder, ...COMPILER_FLAGS, ...stamps].join("\n");
}
