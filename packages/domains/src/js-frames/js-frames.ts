// The JavaScript that allocates, as frames: `Error.stack`, with source maps followed.

import type { CapturedStack, FrameProvider, StackFrame } from "../frames.ts";
import { type CodePosition, parseStack } from "./parse-stack.ts";
import { type ReadText, SourceMaps } from "./source-maps.ts";

/** Which JavaScript frames are kept, and how they are named. */
export interface JavaScriptFramesOptions {
  /**
   * Gives the text of a file by its URL or path, for source maps: in Node
   * `(url) => readFileSync(url.startsWith("file:") ? new URL(url) : url, "utf8")`. It may throw where there is none.
   * @defaultValue source maps are not followed
   */
  readonly readText?: ReadText;
  /**
   * Frames that belong to the allocator and not to its caller; the topmost of them are left out, with hooks around the allocator above.
   * @defaultValue those of this package's own files
   */
  readonly isAllocator?: (position: CodePosition) => boolean;
}

/** Frames that are looked at, wanted or not, to count them and to find those of the package itself among them. */
const COUNTED_FRAMES = 200;

/** `stackText` and `capture` themselves. */
const PROVIDER_FRAMES = 2;

/** This package's folder when it runs from source or from `dist`, its bundle's file otherwise. */
const ownFiles = withoutScheme((import.meta as { readonly url?: string }).url ?? "").replace(
  /^(.*\/(?:src|dist)\/).*$/,
  "$1",
);

/**
 * Frames of the JavaScript that runs.
 *
 * File names are as the host gives them: URLs of modules in Node, without `file://`. Deeper stacks than 200 calls are counted
 * as that.
 * Each different stack is worked out once; after that, a capture costs what `new Error().stack` costs.
 * @example createDomains({ frames: javaScriptFrames({ readText: (url) => readFileSync(url, "utf8") }) })
 */
export function javaScriptFrames(options: JavaScriptFramesOptions = {}): FrameProvider {
  const { readText } = options;
  const maps = readText === undefined ? undefined : new SourceMaps((url) => tryRead(readText, url));
  const isAllocator = options.isAllocator ?? (({ file }) => withoutScheme(file).startsWith(ownFiles));
  const known = new Map<string, CapturedStack>();
  return {
    capture(limit) {
      const text = stackText(Math.max(2 * limit, COUNTED_FRAMES));
      let stack = known.get(text);
      if (stack === undefined) {
        stack = framesOf(text, isAllocator, maps);
        known.set(text, stack);
      }
      return stack.frames.length <= limit ? stack : { ...stack, frames: stack.frames.slice(0, limit) };
    },
  };
}

function stackText(limit: number): string {
  const host = Error as unknown as { stackTraceLimit?: number | undefined }; // of V8; elsewhere it is a field like any other
  const before = host.stackTraceLimit;
  host.stackTraceLimit = limit;
  const text = new Error().stack ?? "";
  host.stackTraceLimit = before;
  return text;
}

function framesOf(
  text: string,
  isAllocator: (position: CodePosition) => boolean,
  maps: SourceMaps | undefined,
): CapturedStack {
  const positions = parseStack(text).slice(PROVIDER_FRAMES);
  // A hook that somebody put around the allocator, such as a recorder's, lies above the allocator's own frames.
  const inner = Math.max(
    0,
    positions.findIndex((position) => isAllocator(position)),
  );
  const first = positions.findIndex((position, index) => index >= inner && !isAllocator(position));
  // A bundle of program and allocator in one file has no frame of the program's own: all are shown then.
  const shown = positions.slice(Math.max(first, 0));
  const frames = shown.map((position) => Object.freeze(frameOf(position, maps)));
  return Object.freeze({ frames: Object.freeze(frames), totalFrames: frames.length });
}

function frameOf({ file, line, column, name }: CodePosition, maps: SourceMaps | undefined): StackFrame {
  const original = maps?.original(file, line, column);
  return {
    filename: withoutScheme(original?.source ?? file),
    lineno: original?.line ?? line,
    name: name ?? "<module>",
  };
}

function tryRead(read: ReadText, url: string): string | undefined {
  try {
    return read(url);
  } catch {
    return undefined; // Node's own modules, `eval`, pages that are gone
  }
}

/** Hosts name the same module by its URL here and by its path there. */
function withoutScheme(file: string): string {
  return file.replace(/^file:\/\//, "");
}
