import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { FileError, FileSource } from "./file-source.ts";

const folder = mkdtempSync(join(tmpdir(), "obmalloc-source-"));
afterAll(() => rmSync(folder, { recursive: true }));

const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7) ^ (i >> 8));
const path = join(folder, "bytes");
writeFileSync(path, bytes);

it("property: reads any range, in any order", () => {
  const ranges = fc.array(fc.tuple(fc.nat(bytes.length), fc.nat(9000)), { maxLength: 20 });
  fc.assert(
    fc.property(ranges, (list) => {
      const source = FileSource.open(path);
      expect(source.sizeBytes).toBe(bytes.length);
      for (const [offset, wanted] of list) {
        const length = Math.min(wanted, bytes.length - offset);
        expect(Buffer.from(source.read(offset, length)).equals(bytes.subarray(offset, offset + length))).toBe(
          true,
        );
      }
      source.close();
    }),
  );
});

it("says so when the file becomes shorter while it is read", () => {
  const shrinking = join(folder, "shrinking");
  writeFileSync(shrinking, bytes);
  const source = FileSource.open(shrinking);
  truncateSync(shrinking, 100);
  expect(() => source.read(10_000, 500)).toThrow(FileError);
  source.close();
});
