// Sub-interpreters: some allocate from the main interpreter's heap, from 3.12 on others own one; addresses of destroyed
// ones are used again.
import type { Python } from "@obmalloc/test-support";
import { describe, it } from "vitest";
import { expectSound, recordable, recordPython } from "./harness.ts";

const able = recordable.filter(({ minor }) => minor >= 8);

/** The module of each version, and what it takes to share a heap or to own one. */
function program(minor: number): string {
  const module = minor >= 13 ? "_interpreters" : "_xxsubinterpreters";
  const kinds = minor >= 13 ? `("legacy",), ("isolated",)` : "(), ()";
  const isolation = minor >= 10 && minor < 13 ? ", isolated=kind" : "";
  return `
import ${module} as module
for n in range(6):
    numbers = [module.create(*options${isolation}) for kind, options in enumerate([${kinds}])]
    for number in numbers:
        module.run_string(number, "kept = [str(i) for i in range(%d)]" % (n * 300))
    for number in numbers:
        module.destroy(number)
`;
}

describe.skipIf(able.length === 0).each(able)("CPython $version", (python: Python) => {
  it("sub-interpreters that share a heap, and such that own one, made again and again", async () => {
    expectSound(await recordPython(python, program(python.minor)));
  });
});
