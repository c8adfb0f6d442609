import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A function that makes new empty folders, all of which are removed after the tests of the file. */
export function temporaryFolders(prefix: string): () => string {
  const top = mkdtempSync(join(tmpdir(), prefix));
  afterAll(() => rmSync(top, { recursive: true, force: true }));
  let folders = 0;
  return () => {
    const folder = join(top, String(++folders));
    mkdirSync(folder);
    return folder;
  };
}
