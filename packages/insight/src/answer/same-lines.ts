// Which lines of two recordings are the same line. Up to 3.8 a script's own frames carry the path as it was typed, later ones the
// absolute path; and from 3.11 on functions carry the names of what they are defined in.

import type { Frame } from "@obmalloc/trace";

/** Keys that are equal for lines of two recordings that are the same. */
export class SameLines {
  /** Relative paths, to the one absolute path that ends like them. */
  private readonly absolute: ReadonlyMap<string, string>;

  /** @param frames of both recordings. */
  constructor(frames: Iterable<Frame | undefined>) {
    const files = new Set<string>();
    for (const frame of frames) if (frame !== undefined) files.add(frame.file);
    const known = [...files];
    const pairs = known.filter(isRelative).flatMap((file) => {
      const whole = known.filter((one) => one.startsWith("/") && one.endsWith(`/${plain(file)}`));
      return whole.length === 1 ? [[file, whole[0]!] as const] : [];
    });
    this.absolute = new Map(pairs);
  }

  keyOf(frame: Frame | undefined): string {
    if (frame === undefined) return "";
    const { file, line, function: name } = frame;
    return `${this.absolute.get(file) ?? file}\0${line}\0${name.slice(name.lastIndexOf(".") + 1)}`;
  }
}

/** `<frozen os>` and the like are no paths. */
const isRelative = (file: string): boolean => !file.startsWith("/") && !file.startsWith("<") && file !== "";

const plain = (file: string): string => file.replace(/^(\.\/)+/, "");
