// Packages that obmalloc does not bring along: beside it, or in the folder where it is run.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MissingPeerError } from "../errors.ts";

/** The URL of what a package exports. @throws {MissingPeerError} when the package is in neither place. */
export function packageUrl(name: string, subpath = ""): string {
  try {
    return import.meta.resolve(name + subpath);
  } catch {
    try {
      const here = createRequire(join(process.cwd(), "package.json"));
      return pathToFileURL(here.resolve(name + subpath)).href;
    } catch {
      throw new MissingPeerError(`needs the package ${name} (npm install ${name})`);
    }
  }
}
