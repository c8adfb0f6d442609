// Packages that obmalloc does not bring along: beside it, or in the folder where it is run.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MissingPeerError } from "../errors.ts";

/** @throws {MissingPeerError} when the package is in neither place. */
export async function importPackage<Exports>(name: string, subpath = ""): Promise<Exports> {
  try {
    return await import(name + subpath);
  } catch {
    const here = createRequire(join(process.cwd(), "package.json"));
    try {
      return await import(pathToFileURL(here.resolve(name + subpath)).href);
    } catch {
      throw new MissingPeerError(`needs the package ${name} (npm install ${name})`);
    }
  }
}
