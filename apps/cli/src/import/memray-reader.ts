// Reading a capture through memray itself: a Python that has it runs python/read_memray.py, and prints what it reads.

import { spawn, spawnSync } from "node:child_process";
import { accessSync, closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Capture, CaptureError, CaptureReader } from "./memray-capture.ts";

/** `python/` lies beside both `src/` and `dist/`. */
const HELPER = new URL("../python/read_memray.py", import.meta.url);
const HELPER_FROM_SRC = new URL("../../python/read_memray.py", import.meta.url);
const NO_MEMRAY = 3;

/** A Python that can read captures. */
export interface MemrayPython {
  readonly path: string;
  /** memray's version. */
  readonly memray: string;
}

/** @throws {CaptureError} when no Python with memray is found; the message says where it was looked for. */
export function findMemray(asked: string | undefined, env: NodeJS.ProcessEnv = process.env): MemrayPython {
  const tried: string[] = [];
  for (const path of asked === undefined ? candidates(env) : [asked]) {
    const { status, stdout, stderr, error } = spawnSync(path, ["-I", helperPath()], {
      encoding: "utf8",
      env,
    });
    if (status === 0) return { path, memray: stdout.trim() };
    const why =
      error !== undefined ? "cannot be started" : status === NO_MEMRAY ? "has no memray" : firstLine(stderr);
    tried.push(`${path}: ${why}`);
  }
  throw new CaptureError("A capture is read through memray, and no Python with memray was found.", {
    details: [
      ...(tried.length > 0 ? tried : ["There is no python3 in PATH."]),
      "Install it (python3 -m pip install memray), or name one that has it: --python PATH",
    ],
  });
}

/** The virtual environment's, then those of PATH, then the one that runs the command memray. */
function candidates(env: NodeJS.ProcessEnv): string[] {
  const venv = env.VIRTUAL_ENV;
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const inPath = (name: string) => folders.map((folder) => join(folder, name)).find(isExecutable);
  const script = inPath("memray");
  const shebang = script === undefined ? undefined : /^#!\s*(\S+)/.exec(readFileSync(script, "latin1"))?.[1];
  const found = [
    venv === undefined ? undefined : join(venv, "bin/python"),
    inPath("python3"),
    inPath("python"),
    shebang,
  ];
  return [...new Set(found.filter((path) => path !== undefined))].filter(isExecutable);
}

/** @throws {CaptureError} when memray does not take the file, or it holds no single operations. */
export async function readCapture(
  python: MemrayPython,
  file: string,
  onProgress: (operations: number) => void = () => {},
): Promise<Capture> {
  checkReadable(file);
  const child = spawn(python.path, ["-I", helperPath(), file], { stdio: ["ignore", "pipe", "pipe"] });
  const reader = new CaptureReader();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((fulfil) => child.once("close", fulfil));
  for await (const text of child.stdout.setEncoding("utf8")) {
    reader.push(text as string);
    onProgress(reader.operationCount);
  }
  const code = await ended;
  if (code !== 0)
    throw new CaptureError(`memray ${python.memray} cannot read ${file}: ${firstLine(stderr)}`, {
      details: adviceFor(stderr),
    });
  return reader.finish();
}

/** Before Python is started. @throws {CaptureError} */
function checkReadable(file: string): void {
  try {
    const descriptor = openSync(file, constants.O_RDONLY);
    try {
      if (readSync(descriptor, new Uint8Array(1)) === 0) throw new CaptureError(`${file} is empty.`);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    if (cause instanceof CaptureError) throw cause;
    throw new CaptureError(`${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

function adviceFor(stderr: string): string[] {
  if (stderr.includes("incompatible"))
    return ["Its format is another version's: read it with the memray that captured it (--python PATH)."];
  return ["A capture is what memray run -o FILE writes, one file for each process."];
}

function helperPath(): string {
  for (const url of [HELPER, HELPER_FROM_SRC]) {
    const path = fileURLToPath(url);
    if (isReadable(path)) return path;
  }
  throw new CaptureError("python/read_memray.py is missing from this installation.");
}

const may = (path: string, mode: number) => {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
};
const isExecutable = (path: string) => may(path, constants.X_OK);
const isReadable = (path: string) => may(path, constants.R_OK);
const firstLine = (text: string) => text.trim().split("\n").at(-1) || "it says nothing";
