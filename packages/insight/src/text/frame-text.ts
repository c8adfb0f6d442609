// A frame as people know it from tracebacks.

import type { Frame } from "@obmalloc/trace";

/** `file:line function`. */
export function frameText({ file, line, function: name }: Frame): string {
  return `${file}:${line} ${name}`;
}

/** The same with the file's name only. */
export function shortFrameText({ file, line, function: name }: Frame): string {
  return `${file.slice(Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1)}:${line} ${name}`;
}
