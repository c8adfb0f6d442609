// What `npm start` shows: recorded here, and where nothing can be recorded.
import { describe, expect, it } from "vitest";
import { newFolder, recordable, run, START } from "./harness.ts";

/** The page, and that it is one. */
function expectPage(text: string): void {
  const lines = text.trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(64);
  expect(text).toContain("2  The replay is exact\n");
  expect(text).toMatch(/are kept alive by [\d.]+ KiB\s+of blocks\s+from\s+pinned\.py:31\s+work/);
  expect(text).toMatch(/> +31 +late\.append\(.*# KEEP\n/);
  expect(text).toContain("bin/obmalloc explain ");
  expect(lines.at(-1)).toContain("report.html");
}

describe("npm start", () => {
  it.skipIf(recordable.length === 0)("tells of a program that it has just recorded", async () => {
    const { code, stdout, stderr } = await run(process.execPath, [START]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/Recorded just now, in \d\.\d s: CPython 3\.\d+\.\d+/);
    expect(stdout).toMatch(/Measured just now: [\d.]+ MiB\s+resident\./);
    expectPage(stdout);
  });

  it.each([
    ["no Python", { PATH: "/nonexistent" }, "There is no program python3 in PATH"],
    ["no compiler", { CC: "/nonexistent/cc", XDG_CACHE_HOME: newFolder() }, "There is no C compiler"],
  ])("takes the recording that comes along where there is %s", async (_, env, why) => {
    const { code, stdout, stderr } = await run(process.execPath, [START], {
      env: { ...process.env, ...env },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.replace(/\s+/g, " ")).toContain(`Nothing could be recorded here (${why}`);
    expectPage(stdout);
  });
});
