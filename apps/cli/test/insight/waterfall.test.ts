// The waterfall against what the kernel said: not at one moment only, but wherever the recorder looked at the process.
import { fileURLToPath } from "node:url";
import { explain } from "@obmalloc/insight";
import { momentOf } from "@obmalloc/trace";
import { describe, expect, it } from "vitest";
import { recordable, recorded } from "./recordings.ts";

const PROGRAMS = ["leak", "cache", "hoard", "mapped_file", "buffers", "rounds"];
const LOOKS_MAX = 8;

const pathOf = (name: string) => fileURLToPath(new URL(`programs/${name}.py`, import.meta.url));
const versions = [...new Set([recordable[0], recordable.at(-3), recordable.at(-1)])].filter(
  (one) => one !== undefined,
);

describe.skipIf(versions.length === 0).each(versions)("the waterfall on CPython $version", (python) => {
  it.each(PROGRAMS)("%s: adds up at every marker and account", async (name) => {
    const trace = await recorded(python, [pathOf(name)]);
    const { accounts } = trace.tables.notes;
    const step = Math.ceil(accounts.length / LOOKS_MAX);
    const marks = new Set(trace.tables.marks.map(({ event }) => event));
    const looked = accounts.filter(({ event, rss }, i) => rss > 0 && (i % step === 0 || marks.has(event)));
    expect(looked.length).toBeGreaterThan(1);
    // What the process held at each marker is known.
    for (const event of marks) expect(accounts.some((one) => one.event === event)).toBe(true);
    for (const { event, rss } of looked) {
      const { waterfall } = explain(trace, momentOf(trace, String(event)), { remedies: "none" });
      const { parts, rssBytes, remainderShare } = waterfall;
      expect(rssBytes).toBe(accounts.findLast((one) => one.event === event)!.rss);
      expect(rss).toBeGreaterThan(0);
      expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(rssBytes);
      for (const { key, bytes } of parts) if (key !== "remainder") expect(bytes, key).toBeGreaterThan(0);
      expect(remainderShare).toBeLessThan(0.05);
    }
  });
});
