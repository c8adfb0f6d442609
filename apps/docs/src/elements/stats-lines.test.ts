import { profiles } from "@obmalloc/abi";
import { createPyMalloc, formatDebugMallocStats } from "@obmalloc/pymalloc";
import { expect, it } from "vitest";
import { explainStats } from "./stats-lines.ts";

it.each(profiles.map((profile) => [`${profile.version} ${profile.model.name}`, profile] as const))(
  "every line of the report of %s is explained",
  (_, profile) => {
    const pymalloc = createPyMalloc({ profile, maxBytes: 16 << 20 });
    for (let size = 1; size <= 512; size += 3) pymalloc.malloc(size);
    const lines = explainStats(formatDebugMallocStats(profile, pymalloc.collectStats()));
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter(({ meaning }) => meaning.startsWith("Not a line"))).toEqual([]);
  },
);

it("counts what a row holds free", () => {
  const [row] = explainStats("    3     64           2             300            210");
  expect(row?.meaning).toContain("300 of 510 are in use (58.8 %)");
  expect(row?.meaning).toContain("13,440 bytes");
});

it("explains free lists, and says when it knows nothing", () => {
  const [list, other] = explainStats(
    "         5 free 3-sized PyTupleObjects * 48 bytes each =                  240\nhello",
  );
  expect(list?.meaning).toMatch(/^5 dead objects of the type 3-sized PyTupleObject,/);
  expect(other?.meaning).toMatch(/^Not a line/);
});
