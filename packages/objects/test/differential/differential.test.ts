// Random object programs, run by every interpreter that is found and by the objects here: what they emit must be equal.
import { profileFor } from "@obmalloc/abi";
import { noteComparison, pythons } from "@obmalloc/test-support";
import { describe, expect, it } from "vitest";
import { comparePrograms, STATEMENTS } from "./compare.ts";

/** Programs over all versions together; the long run has 2,000. */
const PROGRAMS = Number(process.env.OBMALLOC_OBJECT_PROGRAMS ?? 200);
const SEED = Number(process.env.OBMALLOC_OBJECT_SEED ?? 1);

const found = pythons();

describe.skipIf(found.length === 0)("programs over objects", () => {
  it.for(found)(
    "emit the same here as in CPython $version",
    { timeout: 240_000 + 1_000 * PROGRAMS },
    (python, { task }) => {
      const programs = Math.ceil(PROGRAMS / found.length);
      expect(profileFor(python.version).version).toBe(python.version.split(".").slice(0, 2).join("."));
      expect(comparePrograms(python, { programs, statements: STATEMENTS, seed: SEED })).toBeUndefined();
      noteComparison(task.meta, { python: python.version, counts: { "object programs": programs } });
    },
  );
});
