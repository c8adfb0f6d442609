// The JavaScript that called the heap, as lines of text.

const host = Error as unknown as { stackTraceLimit?: number | undefined }; // V8's; elsewhere a field like any other

/** Calls of a heap that allocate, as V8 shows them (`at GuardedHeap.malloc (…`), and as other engines do (`malloc@…`). */
const allocating =
  /^(?:at \S+\.)?(?:malloc|calloc|realloc|alignedAlloc|allocate|resize|free)(?:@| \(| \[as )/;

/** Frames of the guards in front of the heap's call, and those of calls that are made of others (`allocate` of `malloc`). */
const OWN_FRAMES_MAX = 6;

/** Each different stack once: programs allocate at few places, many times. */
const known = new Map<string, readonly string[]>();

/** Up to `frames` callers of the heap, the innermost one first; none for 0, or where the host tells none. */
export function callStack(frames: number): readonly string[] {
  if (frames === 0) return [];
  const limit = host.stackTraceLimit;
  host.stackTraceLimit = frames + OWN_FRAMES_MAX;
  const text = new Error().stack ?? "";
  host.stackTraceLimit = limit;
  let stack = known.get(text);
  if (stack === undefined) {
    stack = Object.freeze(callersIn(text).slice(0, frames));
    known.set(text, stack);
  }
  return stack;
}

/** The frames behind the heap's own. */
export function callersIn(text: string): string[] {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at ") || line.includes("@"));
  let first = lines.slice(0, OWN_FRAMES_MAX).findIndex((line) => allocating.test(line));
  if (first < 0) return lines;
  while (first < OWN_FRAMES_MAX && allocating.test(lines[first] ?? "")) first++;
  return lines.slice(first).map((line) => line.replace(/^at /, ""));
}
