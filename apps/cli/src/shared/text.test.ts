// The small pieces that texts are made of.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arenaRows, legend } from "./arena-picture.ts";
import { bar } from "./bar.ts";
import { diffLines } from "./line-diff.ts";
import { sparkline } from "./sparkline.ts";
import { fitEnd, tableLines } from "./table.ts";
import { type Look, lookOf } from "./terminal.ts";
import { counted, formatBytes, formatCount, formatPercent } from "./units.ts";
import { wrapText } from "./wrap-text.ts";

const plain: Look = lookOf({ isTTY: false } as NodeJS.WriteStream, {});
const drawn: Look = { ...plain, unicode: true, width: 80 };

describe("units", () => {
  it("names bytes as people do", () => {
    expect([0, 1, 1023, 1024, 249_856, 1 << 20, 147_849_216, 2 ** 40].map(formatBytes)).toEqual([
      "0 bytes",
      "1 byte",
      "1023 bytes",
      "1.0 KiB",
      "244.0 KiB",
      "1.0 MiB",
      "141.0 MiB",
      "1.0 TiB",
    ]);
    expect(formatBytes(1024 ** 2 - 1)).toBe("1.0 MiB"); // never 1024.0 KiB
  });

  it("counts", () => {
    expect([0, 999, 1000, 1_234_567].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([counted(1, "arena"), counted(2, "arena"), counted(2, "mismatch", "mismatches")]).toEqual([
      "1 arena",
      "2 arenas",
      "2 mismatches",
    ]);
    expect([0, 0.001, 0.5, 1].map(formatPercent)).toEqual(["0 %", "<1 %", "50 %", "100 %"]);
  });
});

describe("bars", () => {
  it("are as long as the share, and show whatever is not nothing", () => {
    expect([0, 0.001, 0.5, 1].map((share) => bar(share, 4, true))).toEqual(["", "▏", "██", "████"]);
    expect([0, 0.001, 0.5, 1].map((share) => bar(share, 4, false))).toEqual(["", "#", "##", "####"]);
  });

  it("stand beside each other as a sparkline", () => {
    expect(sparkline([0, 1, 2, 3, 4], 5)).toBe("▁▃▅▇█");
    expect(sparkline([1, 8, 1, 1], 2)).toBe("█▂");
    expect(sparkline([], 10)).toBe("");
  });
});

describe("wrapText", () => {
  it("property: keeps every word in order, and lines as short as words allow", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 });
    fc.assert(
      fc.property(words, fc.integer({ min: 14, max: 60 }), (list, width) => {
        const lines = wrapText(list.join(" "), width, "  ");
        expect(lines.flatMap((line) => line.trim().split(" "))).toEqual(list);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe("diffLines", () => {
  it("shows what changed with a line around it", () => {
    const before = ["a", "b", "c", "d", "e"];
    expect(diffLines(before, ["a", "b", "x", "d", "e"]).map(({ sign, line }) => sign + line)).toEqual([
      " b",
      "-c",
      "+x",
      " d",
    ]);
    expect(diffLines(before, before)).toEqual([]);
  });

  it("property: the signs lead from one text to the other", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const changes = diffLines(before, after);
        const taken = changes.filter(({ sign }) => sign === "-").length;
        const put = changes.filter(({ sign }) => sign === "+").length;
        expect(before.length - taken + put).toBe(after.length);
      }),
    );
  });
});

describe("tables", () => {
  it("align columns and leave nothing at the end of a line", () => {
    const columns = [{ heading: "bytes", align: "right" }, { heading: "line" }] as const;
    expect(
      tableLines(
        columns,
        [
          ["1", "a"],
          ["1000000", ""],
        ],
        plain.colors,
      ),
    ).toEqual(["  bytes  line", "      1  a", "1000000"]);
  });

  it("keep the end of a path that is too wide, also of wide characters", () => {
    expect(fitEnd("/home/app.py:3 work", 12, "…")).toBe("…p.py:3 work");
    expect(fitEnd("short", 12, "…")).toBe("short");
    expect(fitEnd("漢字漢字漢字", 7, "…")).toBe("…字漢字");
  });
});

describe("the picture of an arena", () => {
  const pool = (count: number, state: "used" | "full" | "free" | "uncarved") => ({
    address: 0,
    state,
    szidx: 1,
    blockBytes: 32,
    count,
    capacity: 100,
  });
  const arena = {
    base: 0x7f0000000000,
    slot: 0,
    heap: 0,
    pools: [
      pool(100, "full"),
      pool(99, "used"),
      pool(50, "used"),
      pool(1, "used"),
      pool(0, "free"),
      pool(0, "uncarved"),
    ],
    freePools: 2,
    totalPools: 6,
    blocks: 250,
    liveBytes: 8000,
    blockBytes: 8000,
  };
  const row = (look: Look) => [...arenaRows([arena], { first: 1, last: 0 }, look)];

  it("has a level for each pool; only a full pool has the last one", () => {
    expect(row(drawn)).toEqual(["0x7f0000000000 █▇▄▁·"]);
    expect(row({ ...plain, width: 80 })).toEqual(["0x7f0000000000 #951."]);
    expect(legend(drawn)).toBe("▁▂▃▄▅▆▇█ used pool, by fill   · free pool   blank: never used");
  });

  it("puts several pools into a cell where the terminal is narrow", () => {
    expect(row({ ...drawn, width: 50 })).toEqual(["0x7f0000000000 ▇▂·"]);
  });

  it("adds figures where the terminal is wide", () => {
    expect(row({ ...drawn, width: 120 })[0]).toMatch(
      /^0x7f0000000000 █▇▄▁· +7\.8 KiB live, {2}2\/6 pools free$/,
    );
  });

  it("leaves out the arenas between the first and the last", () => {
    const rows = [
      ...arenaRows(
        Array.from({ length: 9 }, () => arena),
        { first: 2, last: 1 },
        drawn,
      ),
    ];
    expect(rows).toHaveLength(4);
    expect(rows[2]).toBe(`${" ".repeat(15)}6 arenas between them (arenas --all)`);
  });
});

describe("lookOf", () => {
  const terminal = { isTTY: true, columns: 120 } as NodeJS.WriteStream;
  const utf8 = { LANG: "C.UTF-8" };

  it("draws with block elements and colours on a terminal that has them", () => {
    const look = lookOf(terminal, utf8);
    expect(look).toMatchObject({ isTerminal: true, unicode: true, width: 120 });
    expect(look.colors.isColorSupported).toBe(true);
  });

  it.each([
    ["not a terminal", { isTTY: false } as NodeJS.WriteStream, utf8],
    ["NO_COLOR", terminal, { ...utf8, NO_COLOR: "1" }],
    ["a dumb terminal", terminal, { ...utf8, TERM: "dumb" }],
  ])("is plain: %s", (_, stream, env) => {
    const look = lookOf(stream, env);
    expect(look.unicode).toBe(false);
    expect(look.colors.isColorSupported).toBe(false);
  });

  it("keeps colours, but draws in ASCII where the locale is not UTF-8", () => {
    const look = lookOf(terminal, { LANG: "C" });
    expect(look.unicode).toBe(false);
    expect(look.colors.isColorSupported).toBe(true);
  });
});
