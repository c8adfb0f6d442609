// Files that are not what they should be: cut, damaged, foreign, missing; and recordings that do not replay.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TraceInfo, TraceWriter } from "@obmalloc/trace";
import { describe, expect, it } from "vitest";
import { chunkOffsets } from "./chunk-offsets.ts";
import { CASE, newFolder, obmalloc } from "./harness.ts";
import { violations } from "./schema.ts";

const sound = readFileSync(CASE);
const chunks = chunkOffsets(sound);
const eventsChunks = chunks.filter((at) => sound[at + 4] === 3);

function file(bytes: Uint8Array): string {
  const path = join(newFolder(), "run.obm");
  writeFileSync(path, bytes);
  return path;
}

function flipped(at: number): string {
  const bytes = Buffer.from(sound);
  bytes[at]! ^= 0x10;
  return file(bytes);
}

async function verify(path: string) {
  const { code, stdout } = await obmalloc(["verify", path, "--json"]);
  const answer = JSON.parse(stdout) as object;
  expect(violations("verify", answer)).toEqual([]);
  return { code, ...answer };
}

describe.concurrent("a trace that is cut", () => {
  it("between chunks, as a killed process leaves it: exact as far as it goes, with a note", async () => {
    const path = file(sound.subarray(0, eventsChunks.at(-1)!));
    expect(await verify(path)).toMatchObject({
      code: 0,
      exact: true,
      complete: false,
      damage: null,
      end: null,
    });
    const { stdout } = await obmalloc(["verify", path]);
    expect(stdout).toMatch(/^exact: as far as the recording goes/);
    expect(stdout).toContain("not recorded: the process was killed or crashed");
  });

  it("in the middle of a chunk, as a process leaves it that was killed while it wrote", async () => {
    const last = eventsChunks.at(-1)!;
    const path = file(sound.subarray(0, last + 1000));
    const answer = await verify(path);
    expect(answer).toMatchObject({ code: 0, exact: true, complete: false, damage: { byteOffset: last } });
    expect((await obmalloc(["verify", path])).stdout).toContain(`(at byte ${last})`);
  });

  it("answers questions about what is there", async () => {
    const path = file(sound.subarray(0, eventsChunks.at(-1)! + 1000));
    expect((await obmalloc(["pins", path])).code).toBe(0);
    expect((await obmalloc(["stats", path, "--at", "end"])).code).toBe(0);
  });

  it("before its first chunk: there is nothing to verify", async () => {
    for (const length of [16, 30, 60]) {
      const { code, stderr } = await obmalloc(["verify", file(sound.subarray(0, length))]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^obmalloc: The trace is .*\(at byte 16\)\n$/);
    }
  });
});

describe.concurrent("a damaged trace", () => {
  it("in its events: what lies before is verified, and the place is named", async () => {
    const [first, second] = eventsChunks;
    const path = flipped(second! + 500);
    const answer = await verify(path);
    expect(answer).toMatchObject({
      code: 1,
      exact: false,
      mismatches: 0,
      eventsReplayed: sound.readUInt32LE(first! + 16),
      damage: { byteOffset: second },
    });
    expect((await obmalloc(["verify", path])).stdout).toMatch(/^DAMAGED: .*\(at byte \d+\)\n/);
  });

  it("is told from a cut one where its end is there", async () => {
    const lengthField = eventsChunks[0]! + 10; // a length that points beyond the end of the file
    expect(await verify(flipped(lengthField))).toMatchObject({ code: 1, exact: false });
  });

  it("is never called exact, whichever chunk's bytes are flipped", async () => {
    for (const at of chunks)
      expect((await obmalloc(["verify", flipped(at + 40)])).code, `byte ${at + 40}`).toBe(1);
  });

  it("answers questions about moments before the damage, and no others", async () => {
    const path = flipped(eventsChunks.at(-1)! + 500);
    expect((await obmalloc(["stats", path, "--at", "1000"])).code).toBe(0);
    const { code, stderr } = await obmalloc(["stats", path, "--at", "end"]);
    expect(code).toBe(1);
    expect(stderr).toContain("The checksum of this chunk does not match its bytes.".slice(4));
  });
});

describe.concurrent("a file that is no trace", () => {
  it.each([
    ["nothing", "", "The file is empty."],
    ["text", "print('hello')\n".repeat(10), "This is not an obmalloc trace."],
  ])("%s", async (_, text, message) => {
    for (const command of ["verify", "pins", "blocks", "stats", "arenas"]) {
      const { code, stdout, stderr } = await obmalloc([command, file(Buffer.from(text))]);
      expect(code).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toContain(`obmalloc: ${message} (at byte 0)\n  Record one with: obmalloc record`);
    }
  });

  it("a later version of the format", async () => {
    const bytes = Buffer.from(sound);
    bytes[8] = 9;
    const { code, stderr } = await obmalloc(["verify", file(bytes)]);
    expect(code).toBe(2);
    expect(stderr).toContain("This trace has format version 9");
  });

  it("a folder, or nothing at all", async () => {
    expect(await obmalloc(["verify", newFolder()])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/it is a folder\.\n$/),
    });
    expect(await obmalloc(["verify", "/nonexistent/run.obm"])).toEqual({
      code: 2,
      signal: null,
      stdout: "",
      stderr: "obmalloc: /nonexistent/run.obm cannot be read: there is no such file.\n",
    });
  });
});

const INFO: TraceInfo = {
  implementation: "CPython",
  version: "3.12.1",
  versionText: "3.12.1",
  build: null,
  compiler: null,
  platform: "linux",
  model: "lp64",
  executable: "/usr/bin/python3",
  commandLine: ["python3", "app.py"],
  pid: 1,
  pageSizeBytes: 4096,
  pageShift: 14,
  startedAtUnixMs: 0,
  pythonmalloc: null,
  allocator: "pymalloc",
  stacks: "full",
  stacksNote: null,
};
const ARENA = 0x7f0000000000;
/** The first block of a pool: behind its header. */
const BLOCK = ARENA + 48;

/** A recording of one arena and of `addresses` that mallocs of 32 bytes gave, made by app.py:3. */
function recordingOf(
  addresses: readonly number[],
  { evidence = "", info = {} as Partial<TraceInfo> } = {},
): string {
  const pieces: Uint8Array[] = [];
  const writer = new TraceWriter((bytes) => pieces.push(Buffer.from(bytes)), { ...INFO, ...info });
  const { tables } = writer;
  const code = tables.code({
    file: "app.py",
    name: "work",
    firstLine: 3,
    lineTableKind: 0,
    lineTable: new Uint8Array(0),
  });
  const stack = tables.stack(0, code, 0);
  writer.context(tables.context({ threadId: 1, heap: 0 }));
  writer.arenaMapped(tables.arena({ base: ARENA, sizeBytes: 1 << 20, mappedAt: 0 }));
  for (const address of addresses) writer.add({ op: 0, domain: 2, address, old: 0, sizeBytes: 32, stack });
  if (evidence !== "") {
    tables.mark({ event: addresses.length, kind: 1, label: "here", elapsedNs: 0, rssPages: 1, evidence });
  }
  writer.finish({ reason: "exit", detail: "", shutdown: false, elapsedNs: 0 });
  return file(Buffer.concat(pieces));
}

describe.concurrent("a recording that does not replay", () => {
  it("is exact as long as the addresses are pymalloc's", async () => {
    expect(await verify(recordingOf([BLOCK, BLOCK + 32, BLOCK + 64]))).toMatchObject({
      code: 0,
      exact: true,
      addressesCompared: 3,
    });
  });

  it("explains the first address that is another", async ({ expect }) => {
    const path = recordingOf([BLOCK, BLOCK + 32, BLOCK + 96]);
    expect(await verify(path)).toMatchObject({
      code: 1,
      exact: false,
      mismatches: 1,
      eventsReplayed: 2,
      mismatch: {
        event: 2,
        operation: "malloc",
        domain: "obj",
        sizeBytes: 32,
        recorded: "0x7f0000000090",
        replayed: "0x7f0000000070",
        frame: { file: "app.py", line: 3, function: "work" },
        pool: { address: "0x7f0000000000", arena: "0x7f0000000000", szidx: 1, blockBytes: 32 },
      },
    });
    expect((await obmalloc(["verify", path])).stdout).toMatchSnapshot();
  });

  it("answers no question about a moment behind the mismatch", async () => {
    const { code, stderr } = await obmalloc(["blocks", recordingOf([BLOCK, BLOCK + 96]), "--at", "end"]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "The replay parts from the recording at event 1, before end.\n  What happened there: obmalloc verify ",
    );
  });

  it("shows where the process's own account differs, line by line", async () => {
    const exact = recordingOf([BLOCK]);
    const { stdout: text } = await obmalloc(["stats", exact]);
    const path = recordingOf([BLOCK], { evidence: text.replace(/^( *1 +32 +)1/m, "$12") });
    expect(await verify(path)).toMatchObject({
      code: 1,
      exact: false,
      mismatches: 0,
      evidence: [{ label: "here", equal: false }],
    });
    const { stdout } = await obmalloc(["verify", path]);
    expect(stdout).toMatch(/^NOT EXACT: 1 text of sys\._debugmallocstats\(\) with another content/);
    expect(stdout).toMatch(/^ {2}- *1 +32 +2 /m);
    expect(stdout).toMatch(/^ {2}\+ *1 +32 +1 /m);
  });

  it("has no verdict without pools", async () => {
    const path = recordingOf([], { info: { allocator: "malloc", pythonmalloc: "malloc" } });
    expect(await verify(path)).toMatchObject({ code: 2, exact: false, hasPools: false });
    for (const command of ["pins", "arenas", "stats"]) {
      const { code, stderr } = await obmalloc([command, path]);
      expect(code).toBe(2);
      expect(stderr).toContain("This program ran with the allocator malloc: it has no arenas and pools.");
    }
    expect((await obmalloc(["blocks", path])).code).toBe(0);
  });

  it("names no line without stacks", async () => {
    const path = recordingOf([BLOCK], { info: { stacks: "none" } });
    const { code, stderr } = await obmalloc(["pins", path]);
    expect(code).toBe(2);
    expect(stderr).toContain("This trace has no stacks, so that no line can be named.");
  });

  it("cannot be replayed for a version that is not known", async () => {
    const { code, stderr } = await obmalloc([
      "verify",
      recordingOf([BLOCK], { info: { version: "3.99.0" } }),
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("This trace was recorded with CPython 3.99.0, which cannot be replayed.");
  });
});
