// The last words of an interpreter: `Fatal Python error`, the state of the runtime, the thread and its frames.

import type { Profile } from "@obmalloc/abi";
import type { FrameProvider } from "./frames.ts";

/** Frames that CPython prints of a thread before it gives up. */
const MAX_FRAMES = 100;
/** Characters that CPython prints of a file's or a function's name. */
const MAX_NAME = 500;

/** Who dies. */
export interface FatalThread {
  /** What stands for the `pthread_t`. */
  readonly id: number;
  readonly frames: FrameProvider;
  /** Modules that CPython would list as extension modules. */
  readonly extensionModules: readonly string[];
}

/**
 * What CPython writes to stderr for `Py_FatalError(message)` in the C function `cFunction`.
 *
 * @see CPython 3.13 Python/pylifecycle.c, fatal_error; Python/traceback.c, dump_traceback
 */
export function fatalText(profile: Profile, cFunction: string, message: string, thread: FatalThread): string {
  const { namesFunction, endsAtNul, runtimeState, noFrame, extensionModules } = profile.domains.fatalText;
  const digits = 2 * profile.model.pointerBytes;
  const said = endsAtNul ? message.split("\0", 1)[0]! : message;
  const lines = [`Fatal Python error: ${namesFunction ? `${cFunction}: ` : ""}${said}`];
  if (runtimeState) lines.push("Python runtime state: initialized");
  lines.push(
    "",
    `Current thread 0x${thread.id.toString(16).padStart(digits, "0")} (most recent call first):`,
  );
  const frames = frameLines(thread.frames);
  if (frames.length > 0) lines.push(...frames);
  else if (noFrame !== undefined) lines.push(noFrame);
  const modules = thread.extensionModules;
  if (extensionModules && modules.length > 0) {
    lines.push("", `Extension modules: ${modules.join(", ")} (total: ${modules.length})`);
  }
  return `${lines.join("\n")}\n`;
}

/** A fatal error while the runtime starts: no thread runs Python code yet. */
export function startErrorText(profile: Profile, cFunction: string, message: string, state: string): string {
  const { runtimeState } = profile.domains.fatalText;
  return `Fatal Python error: ${cFunction}: ${message}\n${runtimeState ? `Python runtime state: ${state}\n` : ""}\n`;
}

function frameLines(provider: FrameProvider): string[] {
  const { frames, totalFrames } = provider.capture(MAX_FRAMES);
  const lines = frames
    .slice(0, MAX_FRAMES)
    .map(
      ({ filename, lineno, name }) =>
        `  File "${asciiText(filename)}", line ${lineno} in ${name === undefined ? "???" : asciiText(name)}`,
    );
  if (totalFrames > MAX_FRAMES) lines.push("  ...");
  return lines;
}

/** A name as a dying interpreter prints it: ASCII, the rest escaped, cut after 500 characters (`_Py_DumpASCII`). */
export function asciiText(text: string): string {
  const characters = [...text];
  const shown = characters.slice(0, MAX_NAME).map((character) => {
    const code = character.codePointAt(0)!;
    if (code >= 0x20 && code < 0x7f) return character;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
    if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
    return `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return shown.join("") + (characters.length > MAX_NAME ? "..." : "");
}
