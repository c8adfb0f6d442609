import { profileFor } from "@obmalloc/abi";
import { LinearMemory, PageMapper } from "@obmalloc/raw-heap";
import { describe, expect, it } from "vitest";
import { Tables } from "../format/tables.ts";
import { type PendingArenas, RecordedArenas } from "./recorded-arenas.ts";

const { pymalloc } = profileFor("3.13");
const mapping = (base: number) => ({ base, sizeBytes: pymalloc.arenaBytes, mappedAt: 0 });
const pending = (): PendingArenas => ({ offered: [], returned: [] });

/** Two arenas, which the tables know from the beginning. */
function open(): RecordedArenas {
  const tables = new Tables();
  tables.arenas.push(mapping(0x7f00_0010_0000), mapping(0x7f00_0050_0000));
  return new RecordedArenas(PageMapper.create(new LinearMemory()), pymalloc, tables);
}

describe("RecordedArenas", () => {
  it("keeps the arenas of engines apart whose requests overlap", () => {
    const arenas = open();
    const [one, other] = [pending(), pending()];
    expect(arenas.map(1, mapping(0x7f00_0010_0000), one)).toBeUndefined();
    expect(arenas.map(2, mapping(0x7f00_0050_0000), other)).toBeUndefined();
    const takeFor = (who: PendingArenas) => {
      const { alloc, ctx } = arenas.allocator(who);
      return arenas.toRecorded(alloc(ctx, pymalloc.arenaBytes));
    };
    expect(takeFor(other)).toBe(0x7f00_0050_0000);
    expect(takeFor(one)).toBe(0x7f00_0010_0000);
  });

  it("lets one engine give an arena back while another takes one", () => {
    const arenas = open();
    const [one, other] = [pending(), pending()];
    arenas.map(1, mapping(0x7f00_0010_0000), one);
    const { alloc, free, ctx } = arenas.allocator(one);
    free(ctx, alloc(ctx, pymalloc.arenaBytes), pymalloc.arenaBytes);
    expect(arenas.map(2, mapping(0x7f00_0050_0000), other)).toBeUndefined();
    expect(arenas.unmap(1, one)).toBeUndefined();
  });

  it("says what one engine and the recording disagree about", () => {
    const arenas = open();
    const one = pending();
    arenas.map(1, mapping(0x7f00_0010_0000), one);
    expect(arenas.map(2, mapping(0x7f00_0050_0000), one)).toBe(
      "an arena was mapped that the replay did not need",
    );
    const { alloc, free, ctx } = arenas.allocator(one);
    const base = alloc(ctx, pymalloc.arenaBytes);
    expect(arenas.unmap(1, one)).toBe("an arena was unmapped that the replay keeps");
    free(ctx, base, pymalloc.arenaBytes);
    expect(arenas.map(2, mapping(0x7f00_0050_0000), one)).toBe("the replay gave back an arena that was kept");
  });
});
