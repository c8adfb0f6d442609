// Every link of the built site that leads into the site: its page is there, and so is the place on it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { siteFolder } from "../../build/site-server.ts";

const attributes = (html: string, name: string): string[] =>
  [...html.matchAll(new RegExp(`<[a-z][^>]*?\\s${name}="([^"]*)"`, "g"))].map(([, value]) =>
    value!.replaceAll("&amp;", "&").replaceAll("&#38;", "&"),
  );

/** The file below the site that a path stands for. */
export const fileOf = (path: string): string =>
  path === "" || path.endsWith("/") ? `${path}index.html` : path;

/** @param pages paths of all pages, the first one being "". */
export function brokenLinks(pages: readonly string[]): string[] {
  const htmlOf = (path: string) => readFileSync(join(siteFolder, fileOf(path)), "utf8");
  const ids = new Map(pages.map((path) => [path, new Set(attributes(htmlOf(path), "id"))]));
  const broken = new Map<string, string[]>();
  for (const from of pages) {
    const targets = [...attributes(htmlOf(from), "href"), ...attributes(htmlOf(from), "src")];
    for (const target of new Set(targets)) {
      const url = new URL(target, `http://site/${from}`);
      if (url.host !== "site") continue;
      const path = decodeURIComponent(url.pathname.slice(1));
      const anchor = decodeURIComponent(url.hash.slice(1));
      const isThere = existsSync(join(siteFolder, fileOf(path)));
      if (isThere && (anchor === "" || ids.get(path)?.has(anchor))) continue;
      const problem = `${url.pathname}${url.hash}: ${isThere ? "no such place there" : "leads nowhere"}`;
      broken.set(problem, [...(broken.get(problem) ?? []), from]);
    }
  }
  return [...broken].map(([problem, from]) => `${problem}, from ${from.length} pages, such as /${from[0]}`);
}
