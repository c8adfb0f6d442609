// Finds the source map of a file that runs: the last line of the file names it.

import { type OriginalPosition, type RawSourceMap, SourceMap } from "./source-map.ts";

/** Gives the text of a file by its URL or path; undefined when there is none. */
export type ReadText = (url: string) => string | undefined;

const MAP_COMMENT = /^\/[/*][#@] *sourceMappingURL=(\S+?)(?: *\*\/)?\s*$/gm;
const DATA_URL = /^data:application\/json[^,]*?(;base64)?,(.*)$/s;

/** Source maps of the files that were asked for, each read once. */
export class SourceMaps {
  private readonly read: ReadText;
  private readonly maps = new Map<string, { readonly map: SourceMap; readonly url: string } | undefined>();

  constructor(read: ReadText) {
    this.read = read;
  }

  /** The written place of a running one; undefined where there is no map, or it does not say. Line and column from 1. */
  original(file: string, line: number, column: number): OriginalPosition | undefined {
    if (!this.maps.has(file)) this.maps.set(file, this.find(file));
    const found = this.maps.get(file);
    const original = found?.map.original(line, column);
    return original === undefined ? undefined : { ...original, source: resolve(original.source, found!.url) };
  }

  private find(file: string): { map: SourceMap; url: string } | undefined {
    const named = [...(this.read(file)?.matchAll(MAP_COMMENT) ?? [])].at(-1)?.[1];
    if (named === undefined) return undefined;
    const data = DATA_URL.exec(named);
    const url = data === null ? resolve(named, file) : file;
    const text = data === null ? this.read(url) : decodeData(data[2]!, data[1] !== undefined);
    if (text === undefined) return undefined;
    try {
      return { map: new SourceMap(JSON.parse(text) as RawSourceMap), url };
    } catch {
      return undefined; // a broken map is no reason to lose the trace: the running place is shown
    }
  }
}

/** What every host has, and the language's library does not declare. */
const { atob } = globalThis as unknown as { atob(base64: string): string };

function decodeData(content: string, isBase64: boolean): string {
  if (!isBase64) return decodeURIComponent(content);
  const escaped = Array.from(atob(content), (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return decodeURIComponent(escaped.join(""));
}

/** `reference` as it is seen from the file `base`, either of them a URL or a path. */
function resolve(reference: string, base: string): string {
  if (/^(?:[a-z][\w+.-]*:|\/)/i.test(reference)) return reference;
  const [, scheme = "", path = ""] = /^([a-z][\w+.-]*:\/\/[^/]*)?(.*)$/is.exec(base)!;
  const parts = path.split("/").slice(0, -1);
  for (const part of reference.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return scheme + parts.join("/");
}
